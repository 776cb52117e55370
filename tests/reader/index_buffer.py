"""Section 7, step 6: the index as a FlatBuffers buffer, read by hand, every offset checked first."""

import struct

from columns import INDEX_FIELDS, OPTIONAL_FIELDS, STRING_TABLE_FIELDS, Columns, Element, StringTable
from conventions import refuse, u32

IDENTIFIER = b"MLPI"
SCHEMA, ALIGNMENT = "corrupt/index_schema", "corrupt/index_alignment"


class IndexBuffer:
    def __init__(self, buffer: bytes):
        self.buffer = buffer
        self.misaligned: list[str] = []  # index_alignment is judged only when the whole schema is sound

    def inside(self, at: int, nbytes: int, what: str) -> None:
        if at < 0 or at + nbytes > len(self.buffer):
            refuse(
                SCHEMA,
                f"index, {what}: expected bytes {at} to {at + nbytes} inside the buffer, "
                f"found a buffer of {len(self.buffer)} bytes",
            )

    def aligned(self, at: int, alignment: int, what: str) -> None:
        if at % alignment != 0:
            refuse(SCHEMA, f"index, {what}: expected an offset that is a multiple of {alignment}, found {at}")

    def target(self, at: int, what: str) -> int:
        """Follows the u32 offset at `at`, to a count or a vtable offset: both have 4 bytes."""
        self.inside(at, 4, f"offset of {what}")
        distance = u32(self.buffer, at)
        if distance == 0:
            refuse(SCHEMA, f"index, offset of {what} at {at}: expected an offset forward, found 0")
        self.aligned(at + distance, 4, what)
        self.inside(at + distance, 4, what)
        return at + distance

    def root(self) -> int:
        self.inside(0, 8, "root offset and identifier")
        if self.buffer[4:8] != IDENTIFIER:
            refuse(SCHEMA, f"index, identifier at 4: expected {IDENTIFIER!r}, found {self.buffer[4:8]!r}")
        return self.target(0, "table Index")

    def vtable(self, table: int, what: str) -> tuple[int, int]:
        """The position and size of a table's vtable, which is inside. The table's size that it states is not checked."""
        at = table - struct.unpack_from("<i", self.buffer, table)[0]
        self.aligned(at, 2, f"vtable of {what}")
        self.inside(at, 4, f"vtable of {what}")
        nbytes = struct.unpack_from("<H", self.buffer, at)[0]
        self.inside(at, nbytes, f"vtable of {what}")
        if nbytes < 4 or nbytes % 2:
            refuse(SCHEMA, f"index, vtable of {what} at {at}: expected an even size of at least 4, found {nbytes}")
        return at, nbytes

    def fields(self, table: int, names: list[str], what: str, optional: frozenset = frozenset()) -> list[int | None]:
        """The position in the buffer of each field's offset; None for one that is optional and absent."""
        vtable, nbytes = self.vtable(table, what)
        found: list[int | None] = []
        for number, name in enumerate(names):
            slot = 4 + 2 * number
            within = struct.unpack_from("<H", self.buffer, vtable + slot)[0] if slot + 2 <= nbytes else 0
            if within == 0 and name in optional:
                found.append(None)
                continue
            if within == 0:
                refuse(SCHEMA, f"index, {what}, field {number} {name}: expected a required field, found none")
            self.aligned(table + within, 4, f"{what}, field {number} {name}")
            found.append(table + within)
        return found

    def vector(self, field: int, element: Element, what: str) -> "list | bytes":
        at = self.target(field, what)
        count, start = u32(self.buffer, at), at + 4
        self.inside(start, count * element.layout.size, what)
        if element.alignment == 8 and start % 8 != 0:
            self.misaligned.append(
                f"index, {what}: expected its elements at a multiple of 8, found them at {start}"
            )
        return element.decode(self.buffer[start : start + count * element.layout.size])

    def texts(self, field: int, what: str) -> StringTable:
        table = self.target(field, what)
        places = self.fields(table, [name for name, _ in STRING_TABLE_FIELDS], what)
        columns = [
            self.vector(place, element, f"{what}.{name}")
            for place, (name, element) in zip(places, STRING_TABLE_FIELDS)
        ]
        return StringTable(*columns)

    def index(self) -> Columns:
        places = self.fields(self.root(), [name for name, _ in INDEX_FIELDS], "Index", OPTIONAL_FIELDS)
        read = {}
        for place, (name, element) in zip(places, INDEX_FIELDS):
            if place is None:
                continue  # empty, as Columns has it
            read[name] = self.vector(place, element, name) if element else self.texts(place, name)
        return Columns(**read)


def read_index(buffer: bytes) -> Columns:
    reader = IndexBuffer(buffer)
    columns = reader.index()
    for message in reader.misaligned:
        refuse(ALIGNMENT, message)
    return columns
