"""Section 10: the canonical form of the index: its columns; its buffer, laid out from the end to the front.

Positions are distances from the end of the buffer, for only these are known while it grows."""

import struct

from columns import INDEX_FIELDS, OPTIONAL_FIELDS, STRING_TABLE_FIELDS, Codec, Columns, Element, StringTable
from conventions import CODEC_RAW
from index_buffer import IDENTIFIER
from walk import Walk


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

    def table(self, targets: list[int | None]) -> int:
        """Returns the position of the table. Offsets within it: the vtable's first, then fields by id. None: absent."""
        while targets and targets[-1] is None:
            targets = targets[:-1]
        for target in reversed(targets):
            if target is not None:
                self.offset(target)
        slots, nbytes = [], 4
        for target in targets:
            slots.append(0 if target is None else nbytes)
            nbytes += 0 if target is None else 4
        vtable = struct.pack(f"<{2 + len(slots)}H", 4 + 2 * len(slots), nbytes, *slots)
        table = self.nbytes + 4
        placed = self.vtables.get(vtable)
        # Positive if the vtable is in front of the table; negative if it was placed before, after the table.
        self.prepend(struct.pack("<i", (placed or table + len(vtable)) - table))
        if placed is None:
            self.vtables[vtable] = self.prepend(vtable)
        return table

    def texts(self, texts: StringTable) -> int:
        placed = {
            name: self.vector(element, getattr(texts, name)) for name, element in reversed(STRING_TABLE_FIELDS)
        }
        return self.table([placed[name] for name, _ in STRING_TABLE_FIELDS])

    def finish(self, root: int) -> bytes:
        self.pad_for(8, 8)
        self.prepend(IDENTIFIER)
        self.offset(root)
        return b"".join(reversed(self.parts))


def is_empty(column) -> bool:
    return not column.ends and not column.bytes if isinstance(column, StringTable) else not column


def encode_index(columns: Columns) -> bytes:
    buffer = BackwardBuffer()
    placed: dict[str, int | None] = {}
    for name, element in reversed(INDEX_FIELDS):
        column = getattr(columns, name)
        if name in OPTIONAL_FIELDS and is_empty(column):
            placed[name] = None
            continue
        placed[name] = buffer.vector(element, column) if element else buffer.texts(column)
    return buffer.finish(buffer.table([placed[name] for name, _ in INDEX_FIELDS]))


# The columns. Rules 23 to 30 hold; each check says how the columns depart from the canonical form, or gives None.


def column_departure(walk: Walk) -> str | None:
    return next(filter(None, (check(walk) for check in COLUMN_CHECKS)), None)


def layout_order(walk: Walk) -> str | None:
    """Numbered by the first tensor that has them: so none is left that no tensor has."""
    known = 0
    for i, number in enumerate(walk.columns.tensor_layouts):
        if number > known:
            return f"tensor_layouts[{i}]: expected at most {known}, the next in order of first use, found {number}"
        known = max(known, number + 1)
    count = len(walk.columns.layouts)
    return None if known == count else f"layouts: expected {known}, those that tensors have, found {count}"


def different_layouts(walk: Walk) -> str | None:
    seen: dict[tuple, int] = {}
    for i, layout in enumerate(walk.layouts):
        strides = None if layout.strides is None else tuple(layout.strides)
        first = seen.setdefault((layout.dtype, tuple(layout.dims), strides), i)
        if first != i:
            return f"layouts[{i}]: expected one that differs from all before, found that of layouts[{first}]"
    return None


def empty_tensor_storages(walk: Walk) -> str | None:
    numbers = walk.columns.tensor_storages
    own = numbers == list(range(walk.storage_count))
    return f"tensor_storages: expected none, found 0 to {len(numbers) - 1}" if numbers and own else None


def empty_tensor_offsets(walk: Walk) -> str | None:
    offsets = walk.columns.tensor_offsets
    return None if any(offsets) or not offsets else f"tensor_offsets: expected none, found {len(offsets)} of 0"


def empty_storage_nbytes(walk: Walk) -> str | None:
    c = walk.columns
    needed = c.tensor_storages or c.tensor_offsets or c.storage_nbytes != [view.extent for view in walk.views]
    if needed or not c.storage_nbytes:
        return None
    return f"storage_nbytes: expected none, found {len(c.storage_nbytes)} that are the extents of tensors"


def empty_storage_codecs(walk: Walk) -> str | None:
    codecs = walk.columns.storage_codecs
    raw = all(codec == Codec(CODEC_RAW) for codec in codecs)
    return f"storage_codecs: expected none, found {len(codecs)} of raw" if codecs and raw else None


def empty_param_key_counts(walk: Walk) -> str | None:
    counts = walk.columns.param_key_counts
    return None if any(counts) or not counts else f"param_key_counts: expected none, found {len(counts)} of 0"


COLUMN_CHECKS = [
    layout_order,
    different_layouts,
    empty_tensor_storages,
    empty_tensor_offsets,
    empty_storage_nbytes,
    empty_storage_codecs,
    empty_param_key_counts,
]
