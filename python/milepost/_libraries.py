"""The frameworks whose tensors can be saved. None is imported before the program has imported it itself: an object of a
framework can only exist after that."""

from __future__ import annotations

import importlib
import sys
from typing import Any, Protocol

from milepost import _native
from milepost._errors import InvalidArgumentError
from milepost._memory import Memory


class Library(Protocol):
    """What the module of a framework offers (milepost.torch._tensors and its siblings)."""

    NAME: str

    def is_tensor(self, given: object) -> bool:
        """Whether it is a tensor of this framework that encode() may be able to store."""

    def encode(self, given: object, path: str, kept: dict[Any, Any]) -> _native.Tensor | _native.Special | None:
        """What represents the object in a file; None if it is not of this framework. `kept` lives as long as the save:
        for copies that several tensors share. Raises WrongTypeError for what cannot be stored."""

    def advice(self, given: object) -> str | None:
        """What to do about an object of this framework that is not data; None if it is not of it."""

    def decode(self, tensor: _native.Tensor, memory: Memory, device: Any = None) -> Any:
        """The tensor of this framework, on a device that device_of() returned."""

    def of_bytes(self, tensor: _native.Tensor, view: memoryview, device: Any = None) -> Any:
        """The tensor of this framework whose elements, contiguous, are these bytes."""

    def device_of(self, given: Any) -> Any:
        """The device of that name; None for the CPU. Raises InvalidArgumentError if there is none."""

    def without_grad(self, made: Any) -> Any:
        """The tensor alone, as safetensors has it."""

    def special(self, special: _native.Special) -> Any:
        """The dtype, device, layout or size of this framework."""


_MODULES = {"torch": "milepost.torch._tensors", "numpy": "milepost._numpy_arrays", "jax": "milepost._jax_arrays"}

#: Names that a file may have for the framework of a tensor. Nothing else is ever imported.
LIBRARIES = tuple(_MODULES)


def imported() -> list[Library]:
    """Those that the program has imported. JAX comes before NumPy: it imports that."""
    return [library(name) for name in _MODULES if sys.modules.get(name) is not None]


def library(name: str) -> Library:
    """The module of a framework. Raises ImportError that names the package if it is not installed."""
    if name not in _MODULES:
        raise InvalidArgumentError(f"framework is {name!r}, not one of {', '.join(map(repr, _MODULES))}", "option")
    try:
        importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this file has tensors of {name}, which is not installed: pip install {name}, or choose another "
            "framework, such as framework='numpy'",
            name=name,
        ) from error
    module: Any = importlib.import_module(_MODULES[name])
    return module  # type: ignore[no-any-return]
