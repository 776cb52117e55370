"""From Python objects to what the extension stores: which objects become tensors, and which are refused."""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

from milepost import _libraries, _native
from milepost._errors import Error, WrongTypeError

Default = Callable[[Any], Any]


class Encoding:
    """One save: called by the extension for each object that is not of a built-in type."""

    def __init__(self, default: Default | None) -> None:
        self._default = default
        self._libraries = _libraries.imported()
        self._kept: dict[Any, Any] = {}
        #: The paths of the tensors of each framework.
        self.paths: dict[str, list[str]] = {}

    def is_tensor(self, given: object) -> bool:
        return any(library.is_tensor(given) for library in self._libraries)

    def __call__(self, given: object, path: str) -> object:
        try:
            made = self._encode(given, path)
        except WrongTypeError as error:
            if self._default is None:
                raise
            return self._converted(given, error)
        if made is not None:
            return made
        refused = self._refuse(given, path)
        if self._default is None:
            raise refused
        return self._converted(given, refused)

    def _encode(self, given: object, path: str) -> object:
        for library in self._libraries:
            made = library.encode(given, path, self._kept)
            if made is not None:
                if isinstance(made, _native.Tensor):
                    self.paths.setdefault(library.NAME, []).append(path)
                return made
        return None

    def _converted(self, given: object, refused: WrongTypeError) -> object:
        assert self._default is not None
        try:
            made = self._default(given)
        except Error:
            raise
        except TypeError as error:
            raise WrongTypeError(f"{refused} (default= refused it: {error})", "wrong_type") from error
        if made is given:
            raise WrongTypeError(f"{refused} (default= returned its argument)", "wrong_type")
        return made

    def _refuse(self, given: object, path: str) -> WrongTypeError:
        kind = type(given)
        advice = next((found for library in self._libraries if (found := library.advice(given))), None)
        return WrongTypeError(
            f"{path}: {_text(given)} is of type {kind.__module__}.{kind.__qualname__}, which is not data: "
            f"{advice or _advice(given)}",
            "wrong_type",
        )


def _text(given: object) -> str:
    try:
        text = repr(given)
    except Exception:
        text = "an object"
    return text if len(text) <= 60 else text[:57] + "..."


def _advice(given: object) -> str:
    if _is_plain(given):
        return "pass default=milepost.plain to store its content, which comes back as a built-in type"
    if callable(given):
        return "a file holds no code; save the name or the arguments instead"
    if hasattr(given, "state_dict"):
        return "save its state_dict()"
    return "leave it out, or pass default=, a function that returns an object that can be stored"


def _is_plain(given: object) -> bool:
    if isinstance(given, enum.Enum) or _fields_of(given) is not None:
        return True
    return isinstance(given, (*_BUILTIN, frozenset))


def _fields_of(given: object) -> list[str] | None:
    """The names of a dataclass object's fields; None for any other object."""
    import dataclasses  # here: it imports inspect, which was a quarter of the time of `import milepost`

    if not dataclasses.is_dataclass(given) or isinstance(given, type):
        return None
    return [field.name for field in dataclasses.fields(given)]


#: What a class may derive from, and how the content of its objects is taken, whatever methods it has.
_BUILTIN: dict[type[Any], Callable[[Any], Any]] = {
    str: str.__str__,
    bytes: bytes,
    bytearray: bytearray,
    int: int.__int__,
    float: float.__float__,
    complex: complex,
    tuple: tuple,
    list: list,
    OrderedDict: OrderedDict,
    Counter: Counter,
    dict: dict,
    set: set,
}


def plain(given: Any) -> Any:
    """For `default=`: the content of an object as built-in types.

    A NumPy scalar becomes a number, a NamedTuple a tuple, a dataclass a dict, the member of an enum its value, a
    frozenset a set, a defaultdict a dict, and any other object whose class derives from a built-in type an object
    of that type. Raises TypeError for everything else. What comes back from a file is what was stored, not the
    object that was given.
    """
    if isinstance(given, enum.Enum):
        return given.value
    if (fields := _fields_of(given)) is not None:
        return {name: getattr(given, name) for name in fields}
    if hasattr(given, "item") and hasattr(given, "dtype") and getattr(given, "shape", None) == ():
        item = given.item()
        if type(item) is not type(given):  # that of an np.longdouble is one
            return item
    for kind, content in _BUILTIN.items():
        if isinstance(given, kind):
            return content(given)
    if isinstance(given, frozenset):
        return set(given)
    raise TypeError(f"{type(given).__module__}.{type(given).__qualname__} has no plain form")
