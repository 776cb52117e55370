"""A small checkpoint as text, part by part and column by column: the second example of docs/format.md.

Reads the index itself, by section 6.6 of the specification; the columns and their elements come from the schema, so that
nothing is listed twice. The file is one of our own and sound."""

import re
import struct

BYTES_PER_LINE = 16
HEADER = [("magic", 8), ("format_version", 4), ("alignment", 4), ("required_flags", 8), ("optional_flags", 8),
          ("reserved", 16), ("checksum", 16)]  # fmt: skip
FOOTER = [("magic", 8), ("file_size", 8), ("index_offset", 8), ("index_nbytes", 4), ("reserved", 4),
          ("index_checksum", 16), ("header_checksum", 8), ("checksum", 8)]  # fmt: skip
SCALARS = {"uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q"}


class Schema:
    """The structs and tables of schema/checkpoint.fbs."""

    def __init__(self, text: str):
        text = re.sub(r"//.*", "", text)
        self.structs, self.tables = {}, {}
        for what, name, body in re.findall(r"(struct|table) (\w+) \{(.*?)\}", text, re.DOTALL):
            fields = re.findall(r"(\w+):\s*(\[?[\w:]+\]?)", body)
            fields = [(field, kind) for field, kind in fields if field != "id"]
            (self.structs if what == "struct" else self.tables)[name] = fields

    def layout(self, element: str) -> str:
        """How one element of a vector is packed."""
        if element in SCALARS:
            return SCALARS[element]
        array = re.fullmatch(r"\[uint8:(\d+)\]", element)
        return f"{array[1]}s" if array else "".join(self.layout(kind) for _, kind in self.structs[element])


class Dump:
    def __init__(self, data: bytes, schema: Schema):
        self.data, self.schema = data, schema
        self.parts: dict[int, tuple[int, str]] = {}  # where each part begins: its size and what it is

    def u16(self, at: int) -> int:
        return struct.unpack_from("<H", self.data, at)[0]

    def u32(self, at: int) -> int:
        return struct.unpack_from("<I", self.data, at)[0]

    def add(self, at: int, nbytes: int, what: str) -> None:
        self.parts[at] = (nbytes, what)

    def fields(self, at: int, fields: list[tuple[str, int]], what: str) -> None:
        for name, nbytes in fields:
            number = struct.unpack_from({4: "<I", 8: "<Q"}.get(nbytes, "<B"), self.data, at)[0]
            shown = f" = {number}" if "checksum" not in name and name not in ("magic", "reserved") else ""
            self.add(at, nbytes, f"{what}: {name}{shown}")
            at += nbytes

    def table(self, at: int, name: str, what: str) -> None:
        vtable = at - struct.unpack_from("<i", self.data, at)[0]
        if vtable not in self.parts:
            self.add(vtable, self.u16(vtable), f"vtable of {name}: sizes of vtable and table, then fields")
        self.add(at, self.u16(vtable + 2), f"table {what}: distance to its vtable, then offsets")
        for number, (field, kind) in enumerate(self.schema.tables[name]):
            if 4 + 2 * number >= self.u16(vtable) or self.u16(vtable + 4 + 2 * number) == 0:
                continue  # an optional field that is absent
            place = at + self.u16(vtable + 4 + 2 * number)
            target, path = place + self.u32(place), field if what == name else f"{what}.{field}"
            if kind.startswith("["):
                self.vector(target, kind[1:-1], path)
            else:
                self.table(target, kind, path)

    def vector(self, at: int, element: str, what: str) -> None:
        layout, count, start = struct.Struct("<" + self.schema.layout(element)), self.u32(at), at + 4
        self.add(at, 4, f"{what}: count {count}")
        for i in range(0 if element == "uint8" else count):
            self.element(start + i * layout.size, element, f"{what}[{i}]")
        if element == "uint8" and count:
            text = self.data[start : start + count]
            printable = all(0x20 <= byte < 0x7F for byte in text)
            self.add(start, count, f'{what} = "{text.decode()}"' if printable else what)

    def element(self, at: int, element: str, what: str) -> None:
        """One element of a vector; a struct of more than 4 bytes takes a line for each field."""
        layout = struct.Struct("<" + self.schema.layout(element))
        numbers, fields = layout.unpack_from(self.data, at), self.schema.structs.get(element)
        if fields is None or element == "Digest":
            self.add(at, layout.size, what if element == "Digest" else f"{what} = {numbers[0]}")
        elif layout.size <= 4:
            shown = ", ".join(f"{name} {number}" for (name, _), number in zip(fields, numbers))
            self.add(at, layout.size, f"{what}: {shown}")
        else:
            for (name, kind), number in zip(fields, numbers):
                nbytes = struct.calcsize("<" + SCALARS[kind])
                self.add(at, nbytes, f"{what}.{name} = {number}")
                at += nbytes

    def lines(self, begin: int, end: int, rest: str) -> list[str]:
        """The parts from `begin` on; bytes of none are padding."""
        made, at = [], begin
        while at < end:
            following = min([each for each in self.parts if each > at] + [end])
            nbytes, what = self.parts.get(at, (following - at, rest))
            for line in range(0, nbytes, BYTES_PER_LINE):
                row = self.data[at + line : at + min(nbytes, line + BYTES_PER_LINE)]
                made.append(f"{at + line:08x}  {row.hex(' '):<47}  {'' if line else what}".rstrip())
            at += nbytes
        return made


def annotated(data: bytes, schema_text: str) -> str:
    """Header, storages, index copy A and footer A; what follows is told in one line."""
    dump = Dump(data, Schema(schema_text))
    footer_b = len(data) - 64
    index_offset, index_nbytes = struct.unpack_from("<QI", data, footer_b + 16)
    footer_a = index_offset + (index_nbytes + 63) // 64 * 64
    dump.fields(0, HEADER, "header")
    dump.add(index_offset, 4, f"root: the table Index is {dump.u32(index_offset)} bytes from here")
    dump.add(index_offset + 4, 4, 'identifier "MLPI"')
    dump.table(index_offset + dump.u32(index_offset), "Index", "Index")
    dump.fields(footer_a, FOOTER, "footer A")
    lines = dump.lines(0, 64, "") + dump.lines(64, index_offset, "storages, each followed by padding")
    lines += dump.lines(index_offset, footer_a, "padding") + dump.lines(footer_a, footer_a + 64, "")
    lines.append(f"{footer_a + 64:08x}  the gap: 4096 zeros")
    lines.append(f"{footer_a + 64 + 4096:08x}  index copy B and footer B, as above")
    return "\n".join([*lines, f"{len(data):08x}"])
