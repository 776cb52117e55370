"""Arrays of NumPy, to and from a file: the library "numpy" of milepost._libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from milepost import _native
from milepost._dtypes import ADDED, PLAIN
from milepost._errors import InvalidArgumentError, UnsupportedError, WrongTypeError
from milepost._memory import Memory

NAME = "numpy"

_NAMES = {theirs: ours for ours, theirs in (PLAIN | ADDED).items()}
_BITS = {"f6_e2m3fn": 6, "f6_e3m2fn": 6, "f4_e2m1fn": 4}


def dtype_of(name: str, of: str) -> np.dtype[Any]:
    """The dtype of that name in a file. `of` says in messages what has it. Raises ImportError that names ml_dtypes."""
    if name in PLAIN:
        return np.dtype(PLAIN[name])
    if name not in ADDED:
        raise UnsupportedError(f"{of} has the dtype {name}, which NumPy does not have", "dtype")
    try:
        import ml_dtypes
    except ImportError as error:
        raise ImportError(
            f"{of} has the dtype {name}, which NumPy does not have by itself: pip install ml_dtypes", name="ml_dtypes"
        ) from error
    made: np.dtype[Any] = np.dtype(getattr(ml_dtypes, ADDED[name]))
    return made


def is_tensor(given: object) -> bool:
    return type(given) is np.ndarray


def advice(given: object) -> str | None:
    if isinstance(given, np.generic):
        return "save its item(), or pass default=milepost.plain"
    if isinstance(given, np.ndarray):
        return "save np.asarray() of it"
    if isinstance(given, np.random.Generator | np.random.BitGenerator | np.random.RandomState):
        return "save its state (bit_generator.state, get_state())"
    return None


def encode(given: object, path: str, kept: dict[Any, Any]) -> _native.Tensor | _native.Special | None:
    if type(given) is not np.ndarray:
        return None
    name = _NAMES.get(given.dtype.name)
    if name is None:
        raise WrongTypeError(
            f"{path}: has the NumPy dtype {given.dtype}, which a file cannot hold: convert it", "wrong_type"
        )
    if not given.dtype.isnative:
        given = given.astype(given.dtype.newbyteorder("="))
    if name in _BITS:
        return _borrow(name, given.shape, None, _pack(given, _BITS[name]), 0)
    itemsize = given.dtype.itemsize
    root = None if any(stride < 0 or stride % itemsize for stride in given.strides) else _root(given)
    if root is None:
        given = root = np.ascontiguousarray(given).reshape(given.shape)
    strides = None if given.flags.c_contiguous else tuple(stride // itemsize for stride in given.strides)
    return _borrow(name, given.shape, strides, root, _address(given) - _address(root))


def _borrow(
    name: str, shape: tuple[int, ...], strides: tuple[int, ...] | None, root: Any, offset: int
) -> _native.Tensor:
    return _native.Tensor.borrow(name, shape, strides, _address(root), root.nbytes, offset, root)


def _address(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _root(array: Any) -> Any:
    """The array whose memory this one views: arrays that share it stay tied. None if it has holes."""
    root = array
    while type(root.base) is np.ndarray:
        root = root.base
    whole = root.flags.c_contiguous or root.flags.f_contiguous
    begin = _address(array) - _address(root)
    reach = sum((size - 1) * stride for size, stride in zip(array.shape, array.strides, strict=True)) + array.itemsize
    aligned = begin % array.itemsize == 0
    return root if whole and aligned and begin >= 0 and (array.size == 0 or begin + reach <= root.nbytes) else None


def _pack(array: Any, bits: int) -> Any:
    """The elements, one a byte, as a file has them: element i from bit i * bits on, the lowest bit first."""
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    ones = np.unpackbits(flat[:, None], axis=1, count=bits, bitorder="little")
    return np.packbits(ones.reshape(-1), bitorder="little")


def _unpack(packed: Any, count: int, bits: int) -> Any:
    ones = np.unpackbits(packed, count=count * bits, bitorder="little").reshape(count, bits)
    return np.packbits(ones, axis=1, bitorder="little").reshape(-1)


def decode(tensor: _native.Tensor, memory: Memory, device: Any = None) -> Any:
    """A view of the memory of the file, read-only where that is mapped; unpacked, and so a copy, below 8 bits."""
    dtype = dtype_of(tensor.dtype, tensor.name or "a tensor")
    view = memory.storage(tensor, writable=False)
    if view is None:
        return _read_only(np.empty(tensor.shape, dtype), memory.is_in_place(tensor))
    if tensor.dtype in _BITS:
        if tensor.strides is not None:
            raise UnsupportedError(f"{tensor.name}: NumPy cannot view {tensor!r}", "dtype")
        packed = np.frombuffer(view, np.uint8, tensor.nbytes, tensor.offset)
        count = int(np.prod(tensor.shape, dtype=np.int64))
        return _unpack(packed, count, _BITS[tensor.dtype]).view(dtype).reshape(tensor.shape)
    strides = None if tensor.strides is None else tuple(stride * dtype.itemsize for stride in tensor.strides)
    return np.ndarray(tensor.shape, dtype, buffer=view, offset=tensor.offset, strides=strides)


def _read_only(array: Any, wanted: bool) -> Any:
    array.flags.writeable = not wanted
    return array


def of_bytes(tensor: _native.Tensor, view: memoryview, device: Any = None) -> Any:
    return np.ndarray(tensor.shape, dtype_of(tensor.dtype, tensor.name or "a tensor"), buffer=view)


def device_of(given: Any) -> Any:
    if given not in (None, "cpu"):
        raise InvalidArgumentError(f"device is {given!r}: arrays of NumPy are loaded to the CPU", "option")
    return None


def without_grad(made: Any) -> Any:
    return made


def special(special: _native.Special) -> Any:
    """Without PyTorch its dtypes, devices and layouts are texts, and a size is a tuple."""
    return special.value
