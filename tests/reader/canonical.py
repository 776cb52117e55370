"""Section 10: the canonical form of the index, laid out from the end to the front.

Positions are distances from the end of the buffer, for only these are known while it grows."""

import struct

from columns import INDEX_FIELDS, TEXTS_FIELDS, Columns, Element, Texts
from index_buffer import IDENTIFIER


class BackwardBuffer:
    def __init__(self):
        self.parts: list[bytes] = []  # in the order of prepending
        self.nbytes = 0
        self.vtables: dict[bytes, int] = {}

    def prepend(self, data: bytes) -> int:
        self.parts.append(data)
        self.nbytes += len(data)
        return self.nbytes

    def pad_for(self, nbytes: int, alignment: int) -> None:
        self.prepend(bytes(-(self.nbytes + nbytes) % alignment))

    def offset(self, target: int) -> int:
        """An u32 offset from itself to its target."""
        self.pad_for(4, 4)
        return self.prepend(struct.pack("<I", self.nbytes + 4 - target))

    def vector(self, element: Element, rows) -> int:
        data = element.encode(rows)
        self.pad_for(len(data), max(4, element.alignment))
        self.prepend(data)
        return self.prepend(struct.pack("<I", len(rows)))

    def table(self, targets: list[int]) -> int:
        """Returns the position of the table. Offsets within it: the vtable's first, then fields by id."""
        for target in reversed(targets):
            self.offset(target)
        slots = [4 + 4 * number for number in range(len(targets))]
        vtable = struct.pack(f"<{2 + len(slots)}H", 4 + 2 * len(slots), 4 + 4 * len(slots), *slots)
        table = self.nbytes + 4
        placed = self.vtables.get(vtable)
        # Positive where the vtable stands in front of the table, negative where it is an earlier one, behind.
        self.prepend(struct.pack("<i", (placed or table + len(vtable)) - table))
        if placed is None:
            self.vtables[vtable] = self.prepend(vtable)
        return table

    def texts(self, texts: Texts) -> int:
        placed = {
            name: self.vector(element, getattr(texts, name)) for name, element in reversed(TEXTS_FIELDS)
        }
        return self.table([placed[name] for name, _ in TEXTS_FIELDS])

    def finish(self, root: int) -> bytes:
        self.pad_for(8, 8)
        self.prepend(IDENTIFIER)
        self.offset(root)
        return b"".join(reversed(self.parts))


def encode_index(columns: Columns) -> bytes:
    buffer = BackwardBuffer()
    placed = {}
    for name, element in reversed(INDEX_FIELDS):
        column = getattr(columns, name)
        placed[name] = buffer.vector(element, column) if element else buffer.texts(column)
    return buffer.finish(buffer.table([placed[name] for name, _ in INDEX_FIELDS]))
