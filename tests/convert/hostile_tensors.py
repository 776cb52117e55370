"""Tensors and storages of pickles that do not fit together: what a reader must refuse before it reads one byte of them."""

from typing import Any, Dict, Iterator, Tuple

from hostile_case import Case, either, wrapped
from pickle_assembler import call, integer, name, stored, tensor, text, value

WRONG = either("corrupt/foreign", "unsupported/global", "unsupported/feature", "truncated/cut", "limit_exceeded/rank",
               "limit_exceeded/records", "limit_exceeded/decoded_bytes", "unsupported/opcode")
LARGE = 1 << 62


def rebuilt(version: str, *arguments: Any) -> bytes:
    return call(name("torch._utils", version), *arguments)


def cases(_canary: str) -> Iterator[Case]:
    empty = call(name("collections", "OrderedDict"))
    bodies: Dict[str, Tuple[str, bytes]] = {
        "offset-past-end": ("begins after its storage", tensor(offset=3)),
        "offset-negative": ("begins before its storage", tensor(offset=-1)),
        "offset-large": ("begins at 2^62", tensor(offset=LARGE)),
        "offset-larger": ("begins at 2^64", tensor(offset=1 << 64)),
        "offset-float": ("an offset of 0.5", tensor(offset=0.5)),
        "offset-text": ("an offset that is a text", tensor(offset="0")),
        "offset-bool": ("an offset that is True, one past the end", tensor(offset=True)),
        "size-past-end": ("three elements of a storage of two", tensor(size=(3,))),
        "size-negative": ("-2 elements", tensor(size=(-2,))),
        "size-large": ("2^62 elements", tensor(size=(LARGE,))),
        "size-wraps": ("2^32 times 2^32 elements: 0 in 64 bits", tensor(size=(1 << 32, 1 << 32), stride=(0, 0))),
        "size-wraps-bytes": ("2^62 elements of 4 bytes: 0 bytes in 64 bits", tensor(size=(LARGE,), stride=(0,))),
        "size-zero-and-large": ("0 times 2^62 times 2^62 elements", tensor(size=(0, LARGE, LARGE), stride=(1, 1, 1))),
        "size-not-tuple": ("a size that is a number", tensor(size=2)),
        "size-of-texts": ("a size of texts", tensor(size=("2",))),
        "size-of-floats": ("a size of floats", tensor(size=(2.0,))),
        "size-of-none": ("a size of None", tensor(size=(None,))),
        "size-dict": ("a size that is a dict", tensor(size=value({2: 2}))),
        "stride-past-end": ("a stride that leads out of the storage", tensor(stride=(2,))),
        "stride-negative": ("a negative stride", tensor(offset=1, stride=(-1,))),
        "stride-large": ("a stride of 2^62", tensor(stride=(LARGE,))),
        "stride-wraps": ("strides whose reach wraps", tensor(size=(5, 5), stride=(LARGE, LARGE))),
        "stride-missing": ("fewer strides than dimensions", tensor(size=(1, 2), stride=(1,))),
        "stride-more": ("more strides than dimensions", tensor(stride=(1, 1))),
        "rank-65": ("65 dimensions", tensor(size=(1,) * 65, stride=(1,) * 65)),
        "rank-100000": ("100,000 dimensions", tensor(size=(1,) * 100_000, stride=(1,) * 100_000)),
        "expanded": ("2^50 elements, all the same one, copied", value([tensor(size=(1 << 50, 1 << 20), stride=(0, 0))])),
        "storage-missing": ("a record that is not there", tensor(stored("7"))),
        "storage-key-path": ("a key that leads out of the folder", tensor(stored("../version"))),
        "storage-key-absolute": ("a key that is a path", tensor(stored("/etc/passwd"))),
        "storage-key-empty": ("an empty key", tensor(stored(""))),
        "storage-key-number": ("a key that is a number", tensor(value(("storage", name("torch", "FloatStorage"), 0, "cpu", 2)) + b"Q")),
        "storage-key-version": ("a key with a NUL", tensor(stored("0\0"))),
        "storage-count-large": ("a storage of 2^62 elements (CVE-2026-24747)", tensor(stored(count=LARGE))),
        "storage-count-more": ("a storage of 3 elements in 8 bytes", tensor(stored(count=3), size=(3,))),
        "storage-count-negative": ("a storage of -1 elements", tensor(stored(count=-1))),
        "storage-count-wraps": ("a storage of 2^62+2 elements of 4 bytes: 8 bytes in 64 bits", tensor(stored(count=LARGE + 2))),
        "storage-count-text": ("a count that is a text", tensor(value(("storage", name("torch", "FloatStorage"), "0", "cpu", "2")) + b"Q")),
        "storage-twice": ("one record as two types of two sizes", value([tensor(), tensor(stored("0", name("torch", "DoubleStorage"), 2))])),
        "storage-class-dtype": ("a dtype as the class", tensor(stored(storage_class=name("torch", "float32")))),
        "storage-class-text": ("a text as the class", tensor(stored(storage_class=text("FloatStorage")))),
        "storage-class-unknown": ("a class that does not exist", tensor(stored(storage_class=name("torch", "TensorStorage")))),
        "storage-kind": ("a persistent id of another kind", tensor(stored(kind="tensor"))),
        "storage-short-id": ("a persistent id of two parts", tensor(value(("storage", name("torch", "FloatStorage"))) + b"Q")),
        "storage-id-none": ("a persistent id of None", tensor(b"NQ")),
        "storage-id-list": ("a persistent id that is a list", tensor(value(["storage", name("torch", "FloatStorage"), "0", "cpu", 2]) + b"Q")),
        "storage-location": ("a location that is a call", tensor(value(("storage", name("torch", "FloatStorage"), "0", call(name("os", "getcwd")), 2)) + b"Q")),
        "storage-is-tensor": ("a tensor in place of the storage", tensor(tensor())),
        "storage-is-none": ("None in place of the storage", tensor(b"N")),
        "storage-is-dict": ("a dict in place of the storage", tensor(value({"x": 1}))),
        "grad-text": ("requires_grad is a text", tensor(grad="yes")),
        "hooks-list": ("hooks that are a list", tensor(hooks=b"]" + b"Na")),
        "metadata-text": ("metadata that is a text", tensor(None, 0, (2,), (1,), False, None, "x")),
        "metadata-key": ("metadata of an unknown key", tensor(None, 0, (2,), (1,), False, None, {"x": 1})),
        "metadata-conj-of-real": ("conj of a tensor that is not complex", tensor(None, 0, (2,), (1,), False, None, {"conj": True})),
        "arguments-none": ("no arguments", rebuilt("_rebuild_tensor_v2")),
        "arguments-few": ("three arguments", rebuilt("_rebuild_tensor_v2", stored(), 0, (2,))),
        "arguments-many": ("twelve arguments", tensor(None, 0, (2,), (1,), False, None, {}, 1, 2, 3, 4, 5)),
        "v3-dtype-text": ("_rebuild_tensor_v3 with a text as dtype", rebuilt("_rebuild_tensor_v3", stored(), 0, (2,), (1,), False, empty, "float32")),
        "v3-dtype-larger": ("_rebuild_tensor_v3 of 8 bytes an element over 8 bytes", rebuilt("_rebuild_tensor_v3", stored(storage_class=name("torch.storage", "UntypedStorage"), count=8), 0, (2,), (1,), False, empty, name("torch", "uint64"))),
        "parameter-of-none": ("a parameter of None", rebuilt("_rebuild_parameter", None, True, empty)),
        "parameter-of-dict": ("a parameter of a dict", rebuilt("_rebuild_parameter", {}, True, empty)),
        "parameter-arguments": ("a parameter of one argument", rebuilt("_rebuild_parameter", tensor())),
        "sparse-indices": ("a sparse tensor whose indices are outside", rebuilt("_rebuild_sparse_tensor", name("torch", "sparse_coo"), (tensor(), tensor(), (1,)))),
        "quantized": ("a quantized tensor with a scheme that is a number", rebuilt("_rebuild_qtensor", stored(), 0, (2,), (1,), (integer(7), 1.0, 0), False, empty)),
        "meta": ("a meta tensor of 2^60 elements", rebuilt("_rebuild_meta_tensor_no_storage", name("torch", "float32"), (1 << 60,), (1,), False)),
        "nested": ("a nested tensor of what does not fit", rebuilt("_rebuild_nested_tensor", tensor(), tensor(), tensor(), tensor())),
    }
    harmless = {"storage-key-number", "hooks-list", "metadata-key"}
    for kind, (what, body) in bodies.items():
        yield from wrapped(f"tensor-{kind}", f"a tensor: {what}", body, WRONG, accepts=kind in harmless)
