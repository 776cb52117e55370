"""What the tests share: contents, files with right checksums and wrong content, and how a refusal is looked at."""

import struct

from canonical import encode_index
from content import (
    Bool,
    Bytes,
    Complex,
    Content,
    Dict,
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
from conventions import DEFAULT_LIMITS, Limits, Refused, checksum64, checksum128
from listing import ls_json
from milepost_writer import Writer
from opening import open_data

F32 = dtype("f32")
FLOATS = struct.pack("<6f", *range(6))


def sample_model() -> Model:
    entries = [
        ("weight", Tensor(0, F32, [2, 3], role=1, requires_grad=True)),
        ("turned", Tensor(0, F32, [3, 2], [1, 3])),
        ("extra", List([Int(300), Tensor(1, dtype("u8"), [200])])),
    ]
    return Model("net", entries, Dict([(String(""), Dict([(String("version"), Int(1))]))], 1))


def sample_optimizer() -> Optimizer:
    first = [("lr", Float.of(0.5)), ("betas", Tuple([Float.of(0.9), Null()]))]
    groups = [
        Group(first, [0, 1], ["a", "b"], 1, 3),
        Group([("lr", Float.of(0.25))], [2], params_position=0),
    ]
    states = [
        State(0, [("step", Int(7))]),
        State(2, [("step", Int(8)), ("sum", Tensor(0, F32, [3], offset=12))]),
    ]
    return Optimizer("opt", "AdamW", groups, states, [("note", String("x"))], [("defaults", Null())])


def sample() -> Content:
    """Small, with something in every column."""
    config = Dict([(Tuple([Int(1), String("é")]), Bool(True))], 2, Dict([(String("a"), Int(0))]))
    values = [
        ("epoch", Int(-1)),
        ("config", config),
        ("seen", Set([Int(3), String("b"), Int(1)])),
        ("wave", Complex(Float.of(1.0), Float.of(-0.0))),
        ("blob", Bytes(b"\0\xff", 1)),
        ("device", String("cuda:0", 2)),
    ]
    storages = [Storage(FLOATS), Storage(bytes(200), codec=1)]
    order = ["epoch", "opt", "net", "config", "seen", "wave", "blob", "device"]
    return Content([sample_model()], [sample_optimizer()], values, storages, order)


def named_params() -> Content:
    """Parameters that are keyed by names, between optimizers whose parameters are keyed by their index."""
    groups = [Group([("lr", Float.of(0.5))], [2, 0, 2], ["a", "b", "c"]), Group([], [1])]
    states = [State(0, [("step", Int(7))]), State(2, [("sum", Tensor(0, F32, [3]))])]
    named = Optimizer("named", "Adam", groups, states, [("of/none", Dict([]))], [], ["fc.weight", "é", "fc.a/b"])
    by_index = [Optimizer(name, groups=[Group([], [5])], states=[State(9)]) for name in ("first", "last")]
    return Content(optimizers=[by_index[0], named, by_index[1]], storages=[Storage(FLOATS)])


def own_storages(codec: int = 0) -> Content:
    """Each tensor is all of its own storage, so the index has no sizes: whole, without elements, strided, of 4 bits."""
    u8, f4 = dtype("u8"), dtype("f4_e2m1fn")
    views = [Tensor(0, F32, [2, 3]), Tensor(1, F32, [0, 3]), Tensor(2, u8, [3]), Tensor(3, F32, [2, 2], [0, 5]),
             Tensor(4, f4, [8]), Tensor(5, u8, [200])]  # fmt: skip
    data = [FLOATS, b"", b"abc", FLOATS, b"\x10\x32\x54\x76", bytes(200)]
    return Content(values=[(str(i), view) for i, view in enumerate(views)],
                   storages=[Storage(raw, codec) for raw in data])  # fmt: skip


def with_value(value, storages: list[Storage] | None = None) -> Content:
    return Content(values=[("v", value)], storages=storages or [])


def listed(content: Content, **options) -> dict:
    return ls_json(open_data(Writer(content, **options).build()))


def refusal(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Refused:
    """Opens and returns the refusal; fails if there is none."""
    try:
        open_data(data, limits)
    except Refused as refused:
        return refused
    raise AssertionError("the file was opened")


def violation(data: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    refused = refusal(data, limits)
    return f"{refused.code}/{refused.condition}"


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def resealed(data: bytes) -> bytes:
    """Makes the checksums of the header and of both footers right again."""
    data = patched(data, 48, checksum128(data[:48]))
    nbytes, offset = (
        struct.unpack_from("<I", data, len(data) - 40)[0],
        struct.unpack_from("<Q", data, len(data) - 48)[0],
    )
    for at in (offset + (nbytes + 63) // 64 * 64, len(data) - 64):
        if at + 64 <= len(data):
            body = data[at : at + 48] + data[48:56]
            data = patched(data, at, body + checksum64(body))
    return data


def resealed_last_footer(data: bytes, at: int, new: bytes) -> bytes:
    """Changes the last footer and makes its own checksum right again."""
    start = len(data) - 64
    data = patched(data, start + at, new)
    return patched(data, start + 56, checksum64(data[start : start + 56]))


def index_of(writer: Writer) -> bytes:
    return encode_index(writer.columns)


def quietly(function, *arguments):
    """For fuzzing: the result, or the refusal; any other exception is a defect of the reader."""
    try:
        return function(*arguments)
    except Refused as refused:
        return refused
