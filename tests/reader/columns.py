"""Section 6: the stored tables of the index as dataclasses, one per struct, and their layout."""

import struct
from dataclasses import dataclass, field

from conventions import NO_POSITION


@dataclass
class StringTable:
    """StringTable in one pool: text i is bytes[ends[i-1] .. ends[i])."""

    ends: list[int] = field(default_factory=list)
    bytes: "bytes" = b""  # quoted: the field hides the type within this class

    @classmethod
    def of(cls, texts: list[str]) -> "StringTable":
        made = cls()
        for text in texts:
            made.bytes += text.encode("utf-8")
            made.ends.append(len(made.bytes))
        return made

    def __len__(self) -> int:
        return len(self.ends)

    def raw(self, i: int) -> "bytes":
        begin = self.ends[i - 1] if i else 0
        return self.bytes[begin : self.ends[i]]

    def text(self, i: int) -> str:
        return self.raw(i).decode("utf-8")


@dataclass
class Model:
    entry_count: int


@dataclass
class Optimizer:
    group_count: int
    state_count: int
    state_extra_count: int
    extra_count: int


@dataclass
class Group:
    hyperparameter_count: int
    param_count: int
    params_position: int
    param_names_position: int

    @property
    def has_names(self) -> bool:
        return self.param_names_position != NO_POSITION


@dataclass
class State:
    index: int
    entry_count: int
    reserved: int = 0


@dataclass
class Value:
    kind: int
    subtype: int


@dataclass
class Dtype:
    code: int
    reserved: int
    bits: int


@dataclass
class Layout:
    dtype: int
    rank: int
    flags: int
    reserved: int = 0


@dataclass
class Codec:
    code: int
    parameter: int = 0


@dataclass(frozen=True)
class Element:
    """How one element of a vector is stored. row: its dataclass; None for a plain number or a digest."""

    layout: struct.Struct
    alignment: int
    row: type | None = None

    def decode(self, data: bytes) -> "list | bytes":
        if self is U8:
            return data
        rows = self.layout.iter_unpack(data)
        return [self.row(*each) for each in rows] if self.row else [each[0] for each in rows]

    def encode(self, rows: "list | bytes") -> bytes:
        if self is U8:
            return bytes(rows)
        fields = (tuple(vars(row).values()) if self.row else (row,) for row in rows)
        return b"".join(self.layout.pack(*each) for each in fields)


def element(layout: str, alignment: int, row: type | None = None) -> Element:
    return Element(struct.Struct("<" + layout), alignment, row)


U8 = element("B", 1)
U32 = element("I", 4)
U64 = element("Q", 8)
DIGEST = element("16s", 1)

# The fields of the table Index by id; None is a table StringTable.
INDEX_FIELDS: list[tuple[str, Element | None]] = [
    ("model_names", None),
    ("optimizer_names", None),
    ("algorithms", None),
    ("entry_names", None),
    ("param_names", None),
    ("dtype_names", None),
    ("models", element("I", 4, Model)),
    ("optimizers", element("IIII", 4, Optimizer)),
    ("groups", element("IIII", 4, Group)),
    ("params", U64),
    ("states", element("QII", 8, State)),
    ("entry_order", U32),
    ("top_order", U32),
    ("values", element("BB", 1, Value)),
    ("value_sizes", U32),
    ("value_bytes", U8),
    ("dtypes", element("BBH", 2, Dtype)),
    ("layouts", element("BBBB", 1, Layout)),
    ("dims", U64),
    ("tensor_layouts", U32),
    ("tensor_storages", U32),
    ("tensor_offsets", U64),
    ("storage_nbytes", U64),
    ("storage_codecs", element("BB", 1, Codec)),
    ("stored_checksums", DIGEST),
    ("stored_nbytes", U32),
    ("raw_checksums", DIGEST),
    ("param_key_counts", U32),
    ("param_keys", None),
    ("param_key_order", U32),
]
OPTIONAL_FIELDS = frozenset({"param_key_counts", "param_keys", "param_key_order"})  # absent where they are empty
STRING_TABLE_FIELDS: list[tuple[str, Element]] = [("ends", U32), ("bytes", U8)]


@dataclass
class Columns:
    """The table Index, decoded."""

    model_names: StringTable = field(default_factory=StringTable)
    optimizer_names: StringTable = field(default_factory=StringTable)
    algorithms: StringTable = field(default_factory=StringTable)
    entry_names: StringTable = field(default_factory=StringTable)
    param_names: StringTable = field(default_factory=StringTable)
    dtype_names: StringTable = field(default_factory=StringTable)
    models: list[Model] = field(default_factory=list)
    optimizers: list[Optimizer] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    params: list[int] = field(default_factory=list)
    states: list[State] = field(default_factory=list)
    entry_order: list[int] = field(default_factory=list)
    top_order: list[int] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    value_sizes: list[int] = field(default_factory=list)
    value_bytes: bytes = b""
    dtypes: list[Dtype] = field(default_factory=list)
    layouts: list[Layout] = field(default_factory=list)
    dims: list[int] = field(default_factory=list)
    tensor_layouts: list[int] = field(default_factory=list)
    tensor_storages: list[int] = field(default_factory=list)
    tensor_offsets: list[int] = field(default_factory=list)
    storage_nbytes: list[int] = field(default_factory=list)
    storage_codecs: list[Codec] = field(default_factory=list)
    stored_checksums: list[bytes] = field(default_factory=list)
    stored_nbytes: list[int] = field(default_factory=list)
    raw_checksums: list[bytes] = field(default_factory=list)
    param_key_counts: list[int] = field(default_factory=list)
    param_keys: StringTable = field(default_factory=StringTable)
    param_key_order: list[int] = field(default_factory=list)


# Section 6.3: code, name, bits.
KNOWN_DTYPES: dict[int, tuple[str, int]] = {
    1: ("bool", 8),
    2: ("i8", 8),
    3: ("i16", 16),
    4: ("i32", 32),
    5: ("i64", 64),
    6: ("u8", 8),
    7: ("u16", 16),
    8: ("u32", 32),
    9: ("u64", 64),
    10: ("f16", 16),
    11: ("bf16", 16),
    12: ("f32", 32),
    13: ("f64", 64),
    14: ("c64", 64),
    15: ("c128", 128),
    16: ("f8_e4m3fn", 8),
    17: ("f8_e5m2", 8),
    18: ("f8_e4m3fnuz", 8),
    19: ("f8_e5m2fnuz", 8),
    20: ("f8_e8m0fnu", 8),
    21: ("f8_e3m4", 8),
    22: ("f8_e4m3", 8),
    23: ("f8_e4m3b11fnuz", 8),
    24: ("f6_e2m3fn", 6),
    25: ("f6_e3m2fn", 6),
    26: ("f4_e2m1fn", 4),
}
