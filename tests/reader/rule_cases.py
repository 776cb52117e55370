"""For the rules of section 6.5: files whose checksums are right and whose index breaks one rule."""

from typing import Callable

import columns as stored
from columns import StringTable
from content import (
    Bool,
    Bytes,
    Complex,
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
from making_cases import (
    BIG,
    CASES,
    Case,
    appending,
    case,
    dropping,
    number_setting,
    raw_texts,
    replacing,
    setting,
    tensor_content,
    together,
)
from milepost_writer import Writer
from samples import F32, FLOATS, named_params, sample, with_value

__all__ = ["CASES", "Case"]

# Names, sums, orders

case(1, "limit_exceeded/tables", "a model and an optimizer", tables=1)
case(2, "limit_exceeded/records", "values", records=20)
PAIR = Content(
    values=[("a", Tensor(0, F32, [6])), ("b", Tensor(1, F32, [6]))],
    storages=[Storage(FLOATS), Storage(FLOATS)],
)
for column, row in [
    ("groups", stored.Group(0, 0, 0, 0)),
    ("states", stored.State(0, 0)),
    ("values", stored.Value(0, 0)),
    ("layouts", stored.Layout(12, 0, 0)),
    ("tensor_layouts", 0),
    ("storage_nbytes", 0),
]:
    three_more = together(*[appending(column, row)] * 3)
    case(2, "limit_exceeded/records", f"{column}, alone too many", PAIR, three_more, records=2)
case(2, "limit_exceeded/records", "entries, alone too many", PAIR,
     replacing("entry_names", StringTable.of(["a", "b", "c"])), records=2)  # fmt: skip
case(3, "corrupt/name", "ends descend", change=replacing("param_names", StringTable([2, 1], b"a")))
case(3, "corrupt/name", "bytes left", change=replacing("param_names", StringTable([1, 2], b"abc")))
case(3, "corrupt/name", "bytes without ends", Content(), replacing("dtype_names", StringTable([], b"a")))
case(3, "corrupt/name", "param_keys", change=replacing("param_keys", StringTable([], b"a")))
case(4, "corrupt/name", "empty param key", named_params(), replacing("param_keys", StringTable([1, 1, 2], b"ab")))
case(4, "corrupt/name", "empty model name", Content([Model("")]))
case(4, "corrupt/name", "empty param name", change=replacing("param_names", StringTable([0, 1], b"a")))
case(5, "limit_exceeded/name_bytes", "long name", name_bytes=5)
case(5, "limit_exceeded/name_bytes", "long param key", named_params(), name_bytes=8)
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
    case(6, "corrupt/name", f"param key {bad!r}", named_params(), replacing("param_keys", raw_texts(b"a", bad, b"b")))
case(7, "corrupt/reference", "model_names", change=replacing("models", []))
case(7, "corrupt/reference", "optimizer_names", change=replacing("optimizer_names", StringTable.of(["a", "b"])))
case(7, "corrupt/reference", "algorithms", change=replacing("algorithms", StringTable.of([])))
case(7, "corrupt/reference", "groups", change=setting("optimizers", 0, "group_count", 3))
case(7, "corrupt/reference", "states", change=setting("optimizers", 0, "state_count", 1))
case(7, "corrupt/reference", "params", change=appending("params", 9))
case(7, "corrupt/reference", "param_names", change=replacing("param_names", StringTable.of(["a"])))
case(7, "corrupt/reference", "dtype_names", change=replacing("dtype_names", StringTable.of(["f32"])))
case(7, "corrupt/reference", "param_keys", named_params(), replacing("param_keys", StringTable.of(["a", "b"])))
case(7, "corrupt/reference", "param_keys without counts", named_params(), replacing("param_key_counts", []))
case(7, "corrupt/reference", "param_key_counts", named_params(), replacing("param_key_counts", [0, 3]))
case(7, "corrupt/reference", "param_key_counts of 0", change=replacing("param_key_counts", [0, 0]))
case(7, "corrupt/reference", "entries", change=setting("models", 0, "entry_count", 99))
case(7, "corrupt/reference", "values", Content([Model("m")]), replacing("values", []))
case(8, "corrupt/order", "entry_order", change=appending("entry_order", 0))
case(8, "corrupt/order", "param_key_order", named_params(), dropping("param_key_order"))
case(8, "corrupt/order", "param_key_order without keys", change=appending("param_key_order", 0))
case(8, "corrupt/order", "top_order", change=appending("top_order", 0))


def two_entries(first: str, second: str) -> Content:
    return Content([Model("m", [(first, Null()), (second, Null())])])


case(9, "corrupt/order", "out of range", two_entries("a", "b"), number_setting("entry_order", 1, 2))
case(9, "corrupt/order", "twice", two_entries("a", "b"), number_setting("entry_order", 1, 0))
case(9, "corrupt/order", "param key out of range", named_params(), number_setting("param_key_order", 0, 3))
case(9, "corrupt/order", "param key twice", named_params(), replacing("param_key_order", [2, 2, 0]))
case(10, "corrupt/name_duplicate", "in a model", two_entries("a", "a"))
case(10, "corrupt/name_duplicate", "param keys", named_params(), replacing("param_keys", StringTable.of(["a"] * 3)))
case(11, "corrupt/name_order", "param keys", named_params(), replacing("param_key_order", [0, 2, 1]))
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
case(13, "corrupt/name_duplicate", "state extra entry and param key", named_params(),
     replacing("param_keys", StringTable.of(["fc.weight", "of/none", "fc.a/b"])))  # fmt: skip
for column in ("states", "dtypes", "layouts"):
    case(14, "corrupt/reserved", column, change=setting(column, 1, "reserved", 1))


def swap_dtypes(writer: Writer) -> None:
    writer.columns.dtypes.reverse()
    writer.columns.dtype_names = StringTable.of(["f32", "u8"])


case(15, "corrupt/order", "descending", change=swap_dtypes)
case(16, "corrupt/reference", "bits of a known code", change=setting("dtypes", 0, "bits", 16))
case(
    16, "corrupt/reference", "name of a known code", change=replacing("dtype_names", StringTable.of(["i8", "f32"]))
)
for bits in (0, 12, 1028, 65532, 65535):
    case(16, "corrupt/reference", f"{bits} bits", tensor_content(Tensor(0, DtypeOf(100, "x", bits), [0])))

# Values

VALUE_CHANGES = [
    (Null(), "kind", 12), (Null(), "subtype", 1), (Bool(True), "subtype", 2), (Int(1), "subtype", 1),
    (Float.of(1.0), "subtype", 1), (Complex(Float.of(1.0), Float.of(1.0)), "subtype", 1),
    (String("a"), "subtype", 4), (Bytes(b"a"), "subtype", 2), (List([]), "subtype", 128),
    (Tuple([]), "subtype", 2), (Set([]), "subtype", 1), (Dict([]), "subtype", 3), (Dict([]), "subtype", 131),
]  # fmt: skip
for value, name, new in VALUE_CHANGES:
    what = f"{type(value).__name__} {name} {new}"
    case(17, "corrupt/value_kind", what, with_value(value), setting("values", 0, name, new))
for subtype in (3, 8):
    case(
        17, "corrupt/value_kind", f"tensor subtype {subtype}", change=setting("values", 0, "subtype", subtype)
    )
UNSIZED = [Null(), Bool(True), Float.of(1.0), Complex(Float.of(1.0), Float.of(1.0))]
SIZED = [Int(1), String("a"), Bytes(b"a"), List([]), Tuple([]), Set([]), Dict([])]
for value in UNSIZED + SIZED:
    what = f"{type(value).__name__}, a size more"
    case(17, "corrupt/value_kind", what, with_value(value), appending("value_sizes", 1))
for value in SIZED:
    what = f"{type(value).__name__}, a size less"
    case(17, "corrupt/value_kind", what, with_value(value), dropping("value_sizes"))
case(17, "corrupt/value_kind", "Tensor, a size more", PAIR, appending("value_sizes", 0))
for size in (0, 256):
    case(17, "corrupt/value_kind", f"int of {size} bytes", with_value(Int(1)), number_setting("value_sizes", 0, size))
case(18, "corrupt/value_tree", "a child more", with_value(List([Null()])), number_setting("value_sizes", 0, 2))
case(18, "corrupt/value_tree", "no parent", with_value(List([Null()])), number_setting("value_sizes", 0, 0))
case(18, "corrupt/value_tree", "its own parent", with_value(Null()),
     together(appending("values", stored.Value(7, 0)), appending("value_sizes", 1)))  # fmt: skip
case(19, "limit_exceeded/depth", "three levels", with_value(List([List([Null()])])), depth=2)
deep = Null()
for _ in range(64):
    deep = List([deep])
case(19, "limit_exceeded/depth", "65 levels", with_value(deep))
case(20, "corrupt/value_bytes", "left over", with_value(Int(1)), replacing("value_bytes", b"\1\1"))
case(20, "corrupt/value_bytes", "missing", with_value(String("a")), replacing("value_bytes", b""))
case(20, "corrupt/value_bytes", "float of 7 bytes", with_value(Float.of(1.0)), replacing("value_bytes", bytes(7)))
for count in (15, 17):
    case(20, "corrupt/value_bytes", f"complex of {count} bytes",
         with_value(Complex(Float.of(1.0), Float.of(1.0))), replacing("value_bytes", bytes(count)))  # fmt: skip
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
    setting("values", 0, "subtype", 128),
)
case(22, "corrupt/value_key", "a key among attributes", attributed((String("a"), Null())),
     setting("values", 0, "subtype", 0))  # fmt: skip
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
for pair in [(Int(1), Float.of(1.0)), (Float.of(-0.0), Int(0)), (Bool(True), Int(1)), (Bool(False), Float.of(0.0)),
             (Tuple([Int(1)]), Tuple([Int(1)], 1)),
             (Bytes(b""), Bytes(b"", 1)), (String("a"), String("a", 2))]:  # fmt: skip
    case(22, "corrupt/value_key", f"keys {pair!r}", dict_of(*pair))
case(22, "corrupt/value_key", "set not ascending", with_value(Set([Int(1), Int(2)])),
     replacing("value_bytes", b"\2\1"))  # fmt: skip
case(
    22, "corrupt/value_key", "set twice", with_value(Set([Int(1), Int(2)])), replacing("value_bytes", b"\1\1")
)
case(22, "corrupt/value_key", "metadata", Content([Model("m", [], List([]))]))

# Layouts and tensors

TENSOR_COLUMNS = ("tensor_layouts", "tensor_storages", "tensor_offsets")
case(23, "corrupt/reference", "a tensor more", change=together(*[appending(name, 0) for name in TENSOR_COLUMNS]))
case(23, "corrupt/reference", "a tensor less", change=together(*[dropping(name) for name in TENSOR_COLUMNS]))
for name in ("tensor_storages", "tensor_offsets", "storage_codecs"):
    more = stored.Codec(0) if name == "storage_codecs" else 0
    case(23, "corrupt/reference", f"{name}, one more", change=appending(name, more))
    case(23, "corrupt/reference", f"{name}, one less", change=dropping(name))
TOLD = replacing("storage_nbytes", [24, 24])  # what the tensors of PAIR reach
for name, row in [("tensor_storages", 0), ("tensor_offsets", 0), ("storage_codecs", stored.Codec(0))]:
    case(23, "corrupt/reference", f"{name}, one of two", PAIR, together(TOLD, replacing(name, [row])))
case(23, "corrupt/reference", "no tensor_storages, fewer storages", change=replacing("tensor_storages", []))
case(23, "corrupt/reference", "no tensor_storages, more storages", PAIR,
     replacing("storage_nbytes", [24, 24, 0]))  # fmt: skip
case(23, "corrupt/reference", "no tensors, but tensor_storages", Content(), replacing("tensor_storages", [0]))
OWN, FROM_0 = replacing("tensor_storages", [0, 1]), replacing("tensor_offsets", [0, 0])
case(23, "corrupt/reference", "no storage_nbytes, but tensor_storages", PAIR, OWN)
case(23, "corrupt/reference", "no storage_nbytes, but tensor_offsets", PAIR, FROM_0)
case(23, "corrupt/reference", "no storage_nbytes, but both", PAIR, together(OWN, FROM_0))
case(23, "corrupt/reference", "no storage_nbytes where they were needed", change=replacing("storage_nbytes", []))
for count in (1, 3):
    case(23, "corrupt/reference", f"no storage_nbytes, {count} storage_codecs for two", PAIR,
         replacing("storage_codecs", [stored.Codec(0)] * count))  # fmt: skip
case(23, "corrupt/reference", "storage", change=number_setting("tensor_storages", 3, 2))
case(23, "corrupt/reference", "layout", change=number_setting("tensor_layouts", 3, 4))
case(23, "corrupt/reference", "dtype", change=setting("layouts", 0, "dtype", 13))


def unused_dtype(writer: Writer) -> None:
    writer.columns.dtypes.append(stored.Dtype(200, 0, 8))
    writer.columns.dtype_names = StringTable.of(["u8", "f32", "x"])


case(23, "corrupt/reference", "unused dtype", change=unused_dtype)
case(24, "corrupt/reserved", "flags", change=setting("layouts", 0, "flags", 2))
case(25, "limit_exceeded/rank", "65", tensor_content(Tensor(0, F32, [1] * 65)))
case(25, "limit_exceeded/rank", "limit", rank=1)
case(26, "corrupt/shape", "left over", change=appending("dims", 1))
case(26, "corrupt/shape", "missing", change=setting("layouts", 0, "rank", 3))
case(26, "corrupt/shape", "strides missing", PAIR, setting("layouts", 0, "flags", 1))
case(27, "corrupt/shape", "too large", tensor_content(Tensor(0, F32, [1 << 29, 1 << 29])))
case(27, "corrupt/shape", "too large but for a 0", tensor_content(Tensor(0, F32, [1 << 58, 0])))
case(28, "corrupt/shape", "12 bits", tensor_content(Tensor(0, dtype("f4_e2m1fn"), [3])))


def strided(shape: list[int], strides: list[int], of=F32):
    """Stores the strides even where the writer would not."""

    def change(writer: Writer) -> None:
        writer.columns.layouts[0].flags = 1
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
case(30, "corrupt/tensor_range", "offset of the second", PAIR,
     together(TOLD, replacing("tensor_offsets", [0, 4])))  # fmt: skip
case(30, "corrupt/tensor_range", "end of the second, without tensor_storages", PAIR,
     replacing("storage_nbytes", [24, 20]))  # fmt: skip


def no_tensor_has(*layouts: Tensor):
    """What binds layouts binds those too that no tensor has."""

    def change(writer: Writer) -> None:
        for layout in layouts:
            writer.columns.layouts.append(stored.Layout(layout.dtype.code, len(layout.shape), bool(layout.strides)))
            writer.columns.dims += layout.shape + (layout.strides or [])

    return PAIR, change


case(25, "limit_exceeded/rank", "of a layout without tensor", *no_tensor_has(Tensor(0, F32, [1] * 65)))
case(27, "corrupt/shape", "of a layout without tensor", *no_tensor_has(Tensor(0, F32, [1 << 61])))
case(29, "corrupt/stride", "of a layout without tensor", *no_tensor_has(Tensor(0, F32, [2, 3], [3, 1])))

# Storages

EMPTY = Content(
    values=[("e", Tensor(0, F32, [0])), ("f", Tensor(1, F32, [6]))], storages=[Storage(b""), Storage(FLOATS)]
)
LARGE = Content(
    values=[("a", Tensor(0, dtype("u8"), [1 << 20]))], storages=[Storage(bytes(1 << 20), codec=1)]
)
TINY = Content(values=[("a", Tensor(0, F32, [6]))], storages=[Storage(FLOATS, codec=1)])


THREE = Content(
    values=[(n, Tensor(i, F32, [6])) for i, n in enumerate("abc")], storages=[Storage(FLOATS)] * 3
)
PACKED_PAIR = Content(values=PAIR.values, storages=[Storage(FLOATS, codec=1)] * 2)


def reaching(nbytes: int):
    """All tensors have the first layout: two floats, so far apart that each storage has these bytes."""
    return together(setting("layouts", 0, "flags", 1), replacing("dims", [2, nbytes // 4 - 1]))


case(31, "unsupported/codec", "3", change=setting("storage_codecs", 0, "code", 3))
case(31, "unsupported/codec", "of an empty storage", EMPTY,
     replacing("storage_codecs", [stored.Codec(4), stored.Codec(0)]))  # fmt: skip
case(32, "corrupt/codec_parameters", "zstd", change=setting("storage_codecs", 1, "parameter", 3))
case(32, "corrupt/codec_parameters", "raw", change=setting("storage_codecs", 0, "parameter", 1))
for parameter in (0, 6):
    case(32, "corrupt/codec_parameters", f"planes, {parameter}",
         change=replacing("storage_codecs", [stored.Codec(0), stored.Codec(2, parameter)]))  # fmt: skip
case(33, "corrupt/storage_size", "2^62", change=number_setting("storage_nbytes", 0, 1 << 62))
case(33, "corrupt/storage_size", "2^62 reached", PAIR, reaching(1 << 62))
case(33, "corrupt/storage_size", "sum", THREE, replacing("storage_nbytes", [(1 << 62) - 1] * 3))
case(33, "corrupt/storage_size", "sum of what is reached", THREE, reaching((1 << 62) - 4))
case(33, "corrupt/storage_size", "2^41 chunks claimed", change=number_setting("storage_nbytes", 0, 1 << 61))
case(33, "corrupt/storage_size", "2^39 raw chunks reached", PAIR, replacing("dims", [1 << 57]))
case(33, "corrupt/storage_size", "2^39 chunks reached", PACKED_PAIR, replacing("dims", [1 << 57]))
case(33, "corrupt/storage_size", "a second chunk reached", PAIR, reaching((1 << 20) + 4))
case(33, "corrupt/storage_size", "a second chunk", PAIR, replacing("storage_nbytes", [24, (1 << 20) + 1]))
case(33, "corrupt/storage_size", "stored_checksums", change=appending("stored_checksums", bytes(16)))
case(33, "corrupt/storage_size", "stored_nbytes", change=appending("stored_nbytes", 1))
case(33, "corrupt/storage_size", "raw_checksums", change=appending("raw_checksums", bytes(16)))
case(34, "corrupt/chunk_size", "0", change=number_setting("stored_nbytes", 0, 0))
case(34, "corrupt/chunk_size", "more than raw", TINY, number_setting("stored_nbytes", 0, 25))
case(35, "corrupt/ratio", "27 bytes for 1 MiB", LARGE, number_setting("stored_nbytes", 0, 27))
case(36, "corrupt/storage_unused", "no tensor", Content(storages=[Storage(FLOATS)]))
case(36, "corrupt/storage_unused", "no tensor, an empty one", Content(storages=[Storage(b"")]))
case(36, "corrupt/storage_unused", "viewed by none of two", PAIR,
     together(TOLD, replacing("tensor_storages", [0, 0])))  # fmt: skip
MEBIBYTE = 1 << 20


def holding(*sizes: int, codec: int = 0) -> Content:
    """Tensors without elements: their storages may have any size. The bytes are no less when compressed."""
    values = [(str(i), Tensor(i, F32, [0])) for i in range(len(sizes))]
    return Content(values=values, storages=[Storage(bytes(range(256))[:size] + bytes(max(0, size - 256)), codec)
                                            for size in sizes])  # fmt: skip


def sizes(*nbytes: int):
    return replacing("storage_nbytes", list(nbytes))


def room(change: Callable[[bytes], bytes]):
    """A change of what is between the header and the index."""
    return lambda writer: setattr(writer, "room", change(writer.room))


def spread(writer: Writer) -> None:
    writer.alignment = 128


def seen_as_smaller(writer: Writer) -> None:
    writer.columns.stored_nbytes[0] = 64
    writer.columns.raw_checksums.append(bytes(16))


SHIFTED, UNSHIFTED = room(lambda data: bytes(4032) + data), room(lambda data: data[4032:])  # from 64 to 4096
ONE_MORE = room(lambda data: data + bytes(64))
IN_FRONT = room(lambda data: bytes(64) + data)
BETWEEN = room(lambda data: data[:64] + bytes(64) + data[64:])

for what, content, change in [
    ("one byte too far", holding(64), sizes(65)),
    ("one byte too far, reached", with_value(Tensor(0, dtype("u8"), [64]), [Storage(bytes(64))]),
     replacing("dims", [65])),
    ("the last one", holding(64, 64), sizes(64, 65)),
    ("the first one moves the last one", holding(64, 64), sizes(65, 64)),
    ("in front of an empty one", holding(64, 0), sizes(65, 0)),
    ("1 MiB, was one byte less", holding(1, MEBIBYTE - 1), sizes(1, MEBIBYTE)),
    ("1 MiB from 64 on", holding(MEBIBYTE), UNSHIFTED),
    ("1 MiB + 1 from 64 on", holding(MEBIBYTE + 1), UNSHIFTED),
    ("alignment of the header", PAIR, spread),
    ("more than the file", holding(64), sizes(MEBIBYTE)),
    ("more than the file, compressed", LARGE, number_setting("stored_nbytes", 0, 1 << 19)),
    ("nothing stored", PAIR, room(lambda data: b"")),
]:  # fmt: skip
    case(37, "corrupt/storage_range", what, content, change)

for what, content, change in [
    ("before the index", sample(), ONE_MORE),
    ("before the index, nothing stored", Content(), ONE_MORE),
    ("before the index, only empty ones", holding(0, 0), ONE_MORE),
    ("after the header", PAIR, IN_FRONT),
    ("between storages", PAIR, BETWEEN),
    ("room for an empty one in front", EMPTY, IN_FRONT),
    ("room for an empty one between", holding(24, 0, 24), BETWEEN),
    ("room for an empty one after", holding(24, 0), ONE_MORE),
    ("one byte less", holding(65), sizes(64)),
    ("1 MiB - 1, was one byte more", holding(1, MEBIBYTE), sizes(1, MEBIBYTE - 1)),
    ("1 MiB - 1 from 4096 on", holding(MEBIBYTE - 1), SHIFTED),
    ("alignment of the header", holding(24), together(spread, room(lambda data: bytes(128) + data))),
    ("less than the file", holding(256), sizes(1)),
    ("less than the file, compressed", holding(256, codec=1), seen_as_smaller),
]:
    case(38, "corrupt/storage_gap", what, content, change)

# Groups, params, states

case(39, "corrupt/group", "params_position", change=setting("groups", 1, "params_position", 2))
case(39, "corrupt/group", "param_names_position", change=setting("groups", 0, "param_names_position", 4))
case(39, "corrupt/group", "equal", change=setting("groups", 0, "param_names_position", 1))
case(40, "corrupt/group", "in two groups", change=number_setting("params", 2, 1))


def states(*indexes: int):
    def change(writer: Writer) -> None:
        for state, index in zip(writer.columns.states, indexes):
            state.index = index

    return Content(optimizers=[Optimizer("o", states=[State(index) for index in indexes])]), change


case(41, "corrupt/group", "equal", *states(1, 1))
case(41, "corrupt/group", "descending", *states(2, 1))
case(42, "corrupt/group", "a param without a key", named_params(), number_setting("params", 3, 3))
case(42, "corrupt/group", "a key without a param", named_params(), number_setting("params", 2, 2))
case(42, "corrupt/group", "a state without a key", named_params(), setting("states", 2, "index", 3))
