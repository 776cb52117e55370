"""Arrays of JAX, to and from a file: the library "jax" of milepost._libraries. They pass through NumPy, which shares
their memory on the CPU."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from milepost import _native, _numpy_arrays
from milepost._errors import InvalidArgumentError, WrongTypeError
from milepost._memory import Memory

NAME = "jax"


def is_tensor(given: object) -> bool:
    return isinstance(given, jax.Array)


def advice(given: object) -> str | None:
    return None


def encode(given: object, path: str, kept: dict[Any, Any]) -> _native.Tensor | _native.Special | None:
    if not isinstance(given, jax.Array):
        return None
    if jax.dtypes.issubdtype(given.dtype, jax.dtypes.prng_key):
        raise WrongTypeError(f"{path}: is a typed key of JAX: save jax.random.key_data() of it", "wrong_type")
    if not given.is_fully_addressable:
        raise WrongTypeError(f"{path}: is spread over several processes: gather it first", "wrong_type")
    return _numpy_arrays.encode(np.asarray(given), path, kept)


def decode(tensor: _native.Tensor, memory: Memory, device: Any = None) -> jax.Array:
    return _made_of(_numpy_arrays.decode(tensor, memory), tensor)


def _made_of(array: Any, tensor: _native.Tensor) -> jax.Array:
    made = jax.numpy.asarray(array)
    if made.dtype != array.dtype:
        raise WrongTypeError(
            f"{tensor.name}: is {array.dtype}, which JAX would make {made.dtype}: set jax_enable_x64", "wrong_type"
        )
    return made


def of_bytes(tensor: _native.Tensor, view: memoryview, device: Any = None) -> Any:
    return _made_of(_numpy_arrays.of_bytes(tensor, view), tensor)


def device_of(given: Any) -> Any:
    if given not in (None, "cpu"):
        raise InvalidArgumentError(f"device is {given!r}: arrays of JAX are loaded to the CPU", "option")
    return None


def without_grad(made: Any) -> Any:
    return made


def special(special: _native.Special) -> Any:
    return special.value
