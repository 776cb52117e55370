"""What an importer must make of an HDF5 file, as h5py reads it: for make_hdf5_files.py and check_hdf5.py."""

import hashlib
from typing import Any, Dict, List, Tuple

import h5py
import numpy

Described = Dict[str, Any]
DTYPES = {
    "bool": "bool", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64", "uint8": "u8", "uint16": "u16",
    "uint32": "u32", "uint64": "u64", "float16": "f16", "float32": "f32", "float64": "f64", "complex64": "c64",
    "complex128": "c128",
}


def plain(value: Any) -> Any:
    """A value of NumPy or h5py as one of Python, whose repr() is what Milepost shows."""
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, numpy.ndarray):
        return [plain(item) for item in value] if value.ndim else plain(value[()])
    if isinstance(value, numpy.bytes_):
        return plain(bytes(value))
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value
    if isinstance(value, str) and any(0xDC80 <= ord(character) <= 0xDCFF for character in value):
        return value.encode("utf-8", "surrogateescape")
    return value


def digest(array: Any) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def tensor(dataset: h5py.Dataset) -> List[Any]:
    """Name of the dtype, shape, and the beginning of the SHA-256 of the little-endian bytes."""
    array = dataset[()]
    if dataset.dtype.kind == "V" and dataset.attrs.get("dtype") == "bfloat16":
        return ["bf16", list(dataset.shape), digest(numpy.asarray(array))]
    little = numpy.asarray(array)
    little = little.astype(little.dtype.newbyteorder("<"))
    return [DTYPES[dataset.dtype.newbyteorder("=").name], list(dataset.shape), digest(little)]


def members(group: h5py.Group) -> List[Tuple[str, Any]]:
    """In the order of h5py: by name, or as they were made if the group tracks that."""
    return [(name, group[name]) for name in group]


def described(path: str) -> Described:
    tensors: List[List[Any]] = []
    texts: Dict[str, Any] = {}
    attributes: Dict[str, Any] = {}
    seen: Dict[Any, str] = {}

    def visit(path: str, item: Any) -> None:
        if isinstance(item, h5py.Datatype):
            return
        first = item.id not in seen
        seen.setdefault(item.id, path)
        if first and len(item.attrs):
            attributes[path or "/"] = {name: plain(item.attrs[name]) for name in item.attrs}
        if isinstance(item, h5py.Group):
            for name, member in members(item):
                visit(f"{path}/{name}" if path else name, member)
        elif item.shape is None:
            texts[path] = None
        elif h5py.check_string_dtype(item.dtype) or item.dtype.kind == "S":
            texts[path] = plain(item[()])
        else:
            tensors.append([path, *tensor(item)])

    with h5py.File(path, "r") as file:
        visit("", file["/"])
    return {"tensors": tensors, "attributes": repr(attributes), "texts": repr(texts)}
