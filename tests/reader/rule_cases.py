"""For the rules of section 6.5: files whose checksums are right and whose index breaks one rule."""

from dataclasses import dataclass
from typing import Callable

import columns as stored
from columns import Texts
from content import (
    Bytes,
    Content,
    Dict,
    DtypeOf,
    Float,
    Group,
    Int,
    List,
    Model,
    Null,
    Optimizer,
    Set,
    State,
    Storage,
    String,
    Tensor,
    Tuple,
    dtype,
)
from conventions import DEFAULT_LIMITS, Limits
from milepost_writer import Writer
from samples import F32, FLOATS, sample, with_value

BIG = 1 << 63


@dataclass
class Case:
    """`content`, its columns changed by `change`, breaks `rule` and is refused with `violation`."""

    rule: int
    violation: str
    what: str
    content: Content
    change: Callable[[Writer], object] | None = None
    limits: Limits = DEFAULT_LIMITS

    def data(self) -> bytes:
        writer = Writer(self.content)
        if self.change:
            self.change(writer)
        return writer.assemble()


CASES: list[Case] = []


def case(rule: int, violation: str, what: str, content: Content | None = None, change=None, **limits) -> None:
    CASES.append(Case(rule, violation, what, content or sample(), change, Limits(**limits)))


def setting(column: str, row: int, name: str, value):
    """A change of one field of one row."""
    return lambda writer: setattr(getattr(writer.columns, column)[row], name, value)


def replacing(column: str, value):
    return lambda writer: setattr(writer.columns, column, value)


def appending(column: str, row):
    return lambda writer: getattr(writer.columns, column).append(row)


def number_setting(column: str, at: int, value: int):
    return lambda writer: getattr(writer.columns, column).__setitem__(at, value)


def tensor_content(tensor: Tensor, data: bytes = FLOATS) -> Content:
    return with_value(tensor, [Storage(data)])


def raw_texts(*texts: bytes) -> Texts:
    ends = [sum(len(text) for text in texts[: i + 1]) for i in range(len(texts))]
    return Texts(ends, b"".join(texts))


# Names, sums, orders

case(1, "limit_exceeded/tables", "a model and an optimizer", tables=1)
case(2, "limit_exceeded/records", "values", records=20)
case(3, "corrupt/name", "ends descend", change=replacing("param_names", Texts([2, 1], b"a")))
case(3, "corrupt/name", "bytes left", change=replacing("param_names", Texts([1, 2], b"abc")))
case(3, "corrupt/name", "bytes without ends", Content(), replacing("dtype_names", Texts([], b"a")))
case(4, "corrupt/name", "empty model name", Content([Model("")]))
case(4, "corrupt/name", "empty param name", change=replacing("param_names", Texts([0, 1], b"a")))
case(5, "limit_exceeded/name_bytes", "long name", name_bytes=5)
case(5, "limit_exceeded/name_bytes", "4097 bytes", Content([Model("é" * 2048 + "x")]))
for bad in (
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"\xc3",
    b"\xf4\x90\x80\x80",
    b"\x00",
    b"\x1f",
    b"\x7f",
    b"\xc2\x9f",
):
    case(6, "corrupt/name", f"algorithm {bad!r}", change=replacing("algorithms", raw_texts(bad)))
case(7, "corrupt/reference", "model_names", change=replacing("models", []))
case(7, "corrupt/reference", "optimizer_names", change=replacing("optimizer_names", Texts.of(["a", "b"])))
case(7, "corrupt/reference", "algorithms", change=replacing("algorithms", Texts.of([])))
case(7, "corrupt/reference", "groups", change=setting("optimizers", 0, "group_count", 3))
case(7, "corrupt/reference", "states", change=setting("optimizers", 0, "state_count", 1))
case(7, "corrupt/reference", "params", change=appending("params", 9))
case(7, "corrupt/reference", "param_names", change=replacing("param_names", Texts.of(["a"])))
case(7, "corrupt/reference", "dtype_names", change=replacing("dtype_names", Texts.of(["f32"])))
case(7, "corrupt/reference", "entries", change=setting("models", 0, "entry_count", 99))
case(7, "corrupt/reference", "values", Content([Model("m")]), replacing("values", []))
case(8, "corrupt/order", "entry_order", change=appending("entry_order", 0))
case(8, "corrupt/order", "top_order", change=appending("top_order", 0))


def two_entries(first: str, second: str) -> Content:
    return Content([Model("m", [(first, Null()), (second, Null())])])


case(9, "corrupt/order", "out of range", two_entries("a", "b"), number_setting("entry_order", 1, 2))
case(9, "corrupt/order", "twice", two_entries("a", "b"), number_setting("entry_order", 1, 0))
case(10, "corrupt/name_duplicate", "in a model", two_entries("a", "a"))
case(11, "corrupt/name_order", "swapped", two_entries("a", "b"), replacing("entry_order", [1, 0]))
case(12, "corrupt/order", "twice", change=number_setting("top_order", 0, 0))
case(12, "corrupt/order", "out of range", change=number_setting("top_order", 0, 99))
DOUBLE = Content([Model("a")], values=[("a", Null())])
case(13, "corrupt/name_duplicate", "model and value", DOUBLE, replacing("top_order", [0, 1]))
case(
    13, "corrupt/name_duplicate", "models", Content([Model("a"), Model("a")]), replacing("top_order", [0, 1])
)
for key in ("params", "param_names"):
    content = Content(optimizers=[Optimizer("o", groups=[Group([(key, Null())])])])
    case(13, "corrupt/name_duplicate", f"hyperparameter {key}", content)
for key in ("state", "param_groups"):
    case(
        13,
        "corrupt/name_duplicate",
        f"extra {key}",
        Content(optimizers=[Optimizer("o", extras=[(key, Null())])]),
    )
for column, value in [
    ("states", 1),
    ("values", 1),
    ("tensors", 1),
    ("dtypes", 1),
    ("storages", b"\0\0\0\0\0\1"),
]:
    case(14, "corrupt/reserved", column, change=setting(column, 0, "reserved", value))


def swap_dtypes(writer: Writer) -> None:
    writer.columns.dtypes.reverse()
    writer.columns.dtype_names = Texts.of(["f32", "u8"])


case(15, "corrupt/order", "descending", change=swap_dtypes)
case(16, "corrupt/reference", "bits of a known code", change=setting("dtypes", 0, "bits", 16))
case(
    16, "corrupt/reference", "name of a known code", change=replacing("dtype_names", Texts.of(["i8", "f32"]))
)
for bits in (0, 12, 1032):
    case(16, "corrupt/reference", f"{bits} bits", tensor_content(Tensor(0, DtypeOf(200, "x", bits), [0])))

# Values

VALUE_CHANGES = [
    (Null(), "kind", 12), (Null(), "size", 1), (Null(), "flavour", 1), (String("a"), "flavour", 4),
    (Bytes(b"a"), "flavour", 2), (Tuple([]), "flavour", 2), (Dict([]), "flavour", 3),
    (List([]), "flavour", 128), (Float.of(1.0), "size", 7), (Int(1), "size", 0), (Int(1), "size", 256),
]  # fmt: skip
for value, name, new in VALUE_CHANGES:
    what = f"{type(value).__name__} {name} {new}"
    case(17, "corrupt/value_kind", what, with_value(value), setting("values", 0, name, new))
for flavour in (3, 8):
    case(
        17, "corrupt/value_kind", f"tensor flavour {flavour}", change=setting("values", 0, "flavour", flavour)
    )
case(18, "corrupt/value_tree", "a child more", with_value(List([Null()])), setting("values", 0, "size", 2))
case(18, "corrupt/value_tree", "no parent", with_value(List([Null()])), setting("values", 0, "size", 0))
case(18, "corrupt/value_tree", "its own parent", with_value(Null()),
     appending("values", stored.Value(7, 0, 0, 1)))  # fmt: skip
case(19, "limit_exceeded/depth", "three levels", with_value(List([List([Null()])])), depth=2)
deep = Null()
for _ in range(64):
    deep = List([deep])
case(19, "limit_exceeded/depth", "65 levels", with_value(deep))
case(20, "corrupt/value_bytes", "left over", with_value(Int(1)), replacing("value_bytes", b"\1\1"))
case(20, "corrupt/value_bytes", "missing", with_value(String("a")), replacing("value_bytes", b""))
case(
    20,
    "corrupt/value_bytes",
    "no UTF-8",
    with_value(String("abc")),
    replacing("value_bytes", b"\xed\xa0\x80"),
)
case(21, "corrupt/value_kind", "01 00", with_value(Int(255)), replacing("value_bytes", b"\1\0"))
case(21, "corrupt/value_kind", "FF FF", with_value(Int(255)), replacing("value_bytes", b"\xff\xff"))


def dict_of(*keys) -> Content:
    return with_value(Dict([(key, Null()) for key in keys]))


def attributed(*attributes) -> Content:
    return with_value(Dict([], attributes=Dict(list(attributes))))


case(22, "corrupt/value_key", "odd", with_value(List([Null()])), setting("values", 0, "kind", 10))
case(
    22,
    "corrupt/value_key",
    "attributes without room",
    with_value(Dict([])),
    setting("values", 0, "flavour", 128),
)
case(22, "corrupt/value_key", "a key among attributes", attributed((String("a"), Null())),
     setting("values", 0, "flavour", 0))  # fmt: skip
case(22, "corrupt/value_key", "name of an attribute", attributed((Int(1), Null())))
case(22, "corrupt/value_key", "no attributes", attributed())
case(22, "corrupt/value_key", "ordered attributes", with_value(Dict([], attributes=Dict([], 1))))
case(
    22,
    "corrupt/value_key",
    "attributes of attributes",
    with_value(Dict([], attributes=Dict([], attributes=Dict([])))),
)
for bad_key in (List([]), Dict([]), Float.of(float("nan")), Tuple([List([])])):
    case(22, "corrupt/value_key", f"key {bad_key!r}", dict_of(bad_key))
for pair in [(Int(1), Float.of(1.0)), (Float.of(-0.0), Int(0)), (Tuple([Int(1)]), Tuple([Int(1)], 1)),
             (Bytes(b""), Bytes(b"", 1)), (String("a"), String("a", 2))]:  # fmt: skip
    case(22, "corrupt/value_key", f"keys {pair!r}", dict_of(*pair))
case(22, "corrupt/value_key", "set not ascending", with_value(Set([Int(1), Int(2)])),
     replacing("value_bytes", b"\2\1"))  # fmt: skip
case(
    22, "corrupt/value_key", "set twice", with_value(Set([Int(1), Int(2)])), replacing("value_bytes", b"\1\1")
)
case(22, "corrupt/value_key", "metadata", Content([Model("m", [], List([]))]))

# Tensors

case(23, "corrupt/reference", "a tensor more", change=appending("tensors", stored.Tensor(0, 0, 12, 0, 0)))
case(23, "corrupt/reference", "storage", change=setting("tensors", 0, "storage", 2))
case(23, "corrupt/reference", "dtype", change=setting("tensors", 0, "dtype", 13))


def unused_dtype(writer: Writer) -> None:
    writer.columns.dtypes.append(stored.Dtype(200, 0, 8))
    writer.columns.dtype_names = Texts.of(["u8", "f32", "x"])


case(23, "corrupt/reference", "unused dtype", change=unused_dtype)
case(24, "corrupt/reserved", "flags", change=setting("tensors", 0, "flags", 2))
case(25, "limit_exceeded/rank", "65", tensor_content(Tensor(0, F32, [1] * 65)))
case(25, "limit_exceeded/rank", "limit", rank=1)
case(26, "corrupt/shape", "left over", change=appending("dims", 1))
case(26, "corrupt/shape", "missing", change=setting("tensors", 0, "rank", 3))
case(27, "corrupt/shape", "too large", tensor_content(Tensor(0, F32, [1 << 29, 1 << 29])))
case(27, "corrupt/shape", "too large but for a 0", tensor_content(Tensor(0, F32, [1 << 58, 0])))
case(28, "corrupt/shape", "12 bits", tensor_content(Tensor(0, dtype("f4_e2m1fn"), [3])))


def strided(shape: list[int], strides: list[int], of=F32):
    """Stores the strides even where the writer would not."""

    def change(writer: Writer) -> None:
        writer.columns.tensors[0].flags = 1
        writer.columns.dims = shape + strides

    return tensor_content(Tensor(0, of, shape)), change


case(29, "corrupt/stride", "4 bits", *strided([2, 2], [1, 2], dtype("f4_e2m1fn")))
case(29, "corrupt/stride", "no elements", *strided([2, 0], [1, 2]))
case(29, "corrupt/stride", "2^63", *strided([1, 2], [BIG, 2]))
case(29, "corrupt/stride", "contiguous", *strided([2, 3], [3, 1]))
case(29, "corrupt/stride", "contiguous but for a dim of 1", *strided([2, 1, 3], [3, 7, 1]))
case(29, "corrupt/stride", "rank 0", *strided([], []))
case(29, "corrupt/stride", "far", *strided([2, 2], [1 << 61, 1]))
case(30, "corrupt/tensor_range", "offset", tensor_content(Tensor(0, F32, [1], offset=2)))
case(30, "corrupt/tensor_range", "offset of no elements", tensor_content(Tensor(0, F32, [0], offset=28)))
case(30, "corrupt/tensor_range", "end", tensor_content(Tensor(0, F32, [6], offset=4)))
case(30, "corrupt/tensor_range", "strided end", tensor_content(Tensor(0, F32, [2, 2], [5, 1])))
case(30, "corrupt/tensor_range", "bits", tensor_content(Tensor(0, dtype("f4_e2m1fn"), [50])))

# Storages

EMPTY = Content(
    values=[("e", Tensor(0, F32, [0])), ("f", Tensor(1, F32, [6]))], storages=[Storage(b""), Storage(FLOATS)]
)
PAIR = Content(
    values=[("a", Tensor(0, F32, [6])), ("b", Tensor(1, F32, [6]))],
    storages=[Storage(FLOATS), Storage(FLOATS)],
)
LARGE = Content(
    values=[("a", Tensor(0, dtype("u8"), [1 << 20]))], storages=[Storage(bytes(1 << 20), codec=1)]
)
TINY = Content(values=[("a", Tensor(0, F32, [6]))], storages=[Storage(FLOATS, codec=1)])


def huge_sum(writer: Writer) -> None:
    for storage in writer.columns.storages:
        storage.nbytes = (1 << 62) - 1


THREE = Content(
    values=[(n, Tensor(i, F32, [6])) for i, n in enumerate("abc")], storages=[Storage(FLOATS)] * 3
)

case(31, "unsupported/codec", "planes", change=setting("storages", 0, "codec", 2))
case(32, "corrupt/codec_parameters", "level", change=setting("storages", 1, "codec_parameter", 3))
case(33, "corrupt/storage_size", "2^62", change=setting("storages", 0, "nbytes", 1 << 62))
case(33, "corrupt/storage_size", "sum", THREE, huge_sum)
case(33, "corrupt/storage_size", "2^41 chunks claimed", change=setting("storages", 0, "nbytes", 1 << 61))
case(33, "corrupt/storage_size", "stored_checksums", change=appending("stored_checksums", bytes(16)))
case(33, "corrupt/storage_size", "stored_nbytes", change=appending("stored_nbytes", 1))
case(33, "corrupt/storage_size", "raw_checksums", change=appending("raw_checksums", bytes(16)))
case(33, "corrupt/storage_size", "offset of an empty one", EMPTY, setting("storages", 0, "offset", 64))
case(34, "corrupt/chunk_size", "0", change=number_setting("stored_nbytes", 0, 0))
case(34, "corrupt/chunk_size", "more than raw", TINY, number_setting("stored_nbytes", 0, 25))
case(35, "corrupt/ratio", "27 bytes for 1 MiB", LARGE, number_setting("stored_nbytes", 0, 27))
case(36, "corrupt/storage_unused", "no tensor", Content(storages=[Storage(FLOATS)]))
case(37, "corrupt/storage_range", "behind the index", PAIR, setting("storages", 1, "offset", 1 << 20))
case(37, "corrupt/storage_range", "2^64 - 64", PAIR, setting("storages", 1, "offset", (1 << 64) - 64))
case(38, "corrupt/storage_alignment", "8", PAIR, setting("storages", 1, "offset", 136))
case(38, "corrupt/storage_alignment", "64 for a large one", LARGE, setting("storages", 0, "offset", 64))
case(39, "corrupt/storage_overlap", "the one before", PAIR, setting("storages", 1, "offset", 64))
case(39, "corrupt/storage_overlap", "the head", PAIR, setting("storages", 0, "offset", 0))


def gap(writer: Writer) -> None:
    writer.room += bytes(64)


def later(writer: Writer) -> None:
    writer.room = writer.room[:64] + bytes(64) + writer.room[64:]
    writer.columns.storages[1].offset += 64


case(40, "corrupt/storage_gap", "before the index", change=gap)
case(40, "corrupt/storage_gap", "before the index, nothing stored", Content(), gap)
case(40, "corrupt/storage_gap", "between storages", PAIR, later)

# Groups, params, states

case(41, "corrupt/group", "params_position", change=setting("groups", 1, "params_position", 2))
case(41, "corrupt/group", "param_names_position", change=setting("groups", 0, "param_names_position", 4))
case(41, "corrupt/group", "equal", change=setting("groups", 0, "param_names_position", 1))
case(42, "corrupt/group", "in two groups", change=number_setting("params", 2, 1))


def states(*indexes: int):
    def change(writer: Writer) -> None:
        for state, index in zip(writer.columns.states, indexes):
            state.index = index

    return Content(optimizers=[Optimizer("o", states=[State(index) for index in indexes])]), change


case(43, "corrupt/group", "equal", *states(1, 1))
case(43, "corrupt/group", "descending", *states(2, 1))
