"""The parts of a checkpoint: which objects become models, optimizers and values, and the way back.

docs/design.md, section 10, has the rules. What the default way back would not give again is recorded in the top-level
value RECORD.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from typing import Any

from milepost import _native, _optimizer
from milepost._encoding import Encoding
from milepost._errors import InvalidArgumentError
from milepost._libraries import LIBRARIES
from milepost._names import is_name, names_only

RECORD = "milepost.python"


class Record:
    """What RECORD holds; each key is absent where it is not needed."""

    def __init__(
        self,
        root: str | None = None,
        ordered: list[str] | None = None,
        arrays: str | dict[str, list[str]] | None = None,
    ) -> None:
        self.root = root
        self.ordered = ordered or []
        self.arrays = arrays

    def as_dict(self) -> dict[str, Any]:
        # Sorted: the order of the parts shall not change the digest of the file.
        arrays = self.arrays
        if isinstance(arrays, dict):
            arrays = {name: sorted(paths) for name, paths in arrays.items()}
        given = {"root": self.root, "ordered": sorted(self.ordered) or None, "arrays": arrays}
        return {key: value for key, value in given.items() if value is not None}

    @cached_property
    def _by_path(self) -> dict[str, str]:
        if not isinstance(self.arrays, dict):
            return {}
        return {path: name for name, paths in self.arrays.items() for path in paths}

    def framework_of(self, file: _native.File, tensor: _native.Tensor) -> str:
        """Of which framework a tensor of the file was."""
        if isinstance(self.arrays, dict):
            path = "" if tensor.number is None else file.tensor_path(tensor.number)
            return self._by_path.get(path, "torch")
        return self.arrays or "torch"

    @classmethod
    def of(cls, given: Any) -> Record:
        """Of a file, which may hold anything."""
        if type(given) is not dict:
            return cls()
        root, ordered, arrays = given.get("root"), given.get("ordered"), given.get("arrays")
        if type(arrays) is dict:
            arrays = {name: _texts(paths) for name, paths in arrays.items() if name in LIBRARIES}
        elif arrays not in LIBRARIES:
            arrays = None
        return cls(
            root if type(root) is str else None,
            _texts(ordered),
            arrays,
        )


def _texts(given: Any) -> list[str]:
    return [each for each in given if type(each) is str] if type(given) is list else []


def encode(given: Any, encoding: Encoding) -> _native.Checkpoint:
    """What is to be saved. Raises WrongTypeError for what is not data, with its path."""
    contents = _native.Checkpoint(encoding)
    record = Record()
    parts = given
    kind = _kind_of(given, encoding)
    if kind != "object" or not names_only(given):
        record.root = kind
        parts = {kind: given}
    elif RECORD in given:
        raise InvalidArgumentError(f"the name {RECORD!r} is reserved", "save_name")
    for name, part in parts.items():
        _add(contents, name, part, kind if part is given else _kind_of(part, encoding), record)
    record.arrays = arrays_of(encoding)
    names = list(parts)
    if kept := record.as_dict():
        contents.add_value(RECORD, kept)
        names.append(RECORD)
    contents.set_order(names)
    return contents


def _kind_of(given: Any, encoding: Encoding) -> str:
    """ "model", "optimizer" or "object": also the name of a part that is the whole object."""
    if _is_model(given, encoding):
        return "model"
    return "object" if _optimizer.parse(given) is None else "optimizer"


def _add(contents: _native.Checkpoint, name: str, part: Any, kind: str, record: Record) -> None:
    if kind == "model":
        metadata = getattr(part, "_metadata", None)
        if type(part) is OrderedDict and metadata is None:
            record.ordered.append(name)
        contents.add_model(name, part, metadata)
    elif kind == "optimizer":
        optimizer = _optimizer.parse(part)
        assert optimizer is not None
        _optimizer.add(contents, name, optimizer)
    else:
        contents.add_value(name, part)


def _is_model(given: Any, encoding: Encoding) -> bool:
    """A state_dict, or a dict of tensors alone."""
    if type(given) not in (dict, OrderedDict) or not all(map(is_name, given)):
        return False
    attributes = vars(given) if type(given) is OrderedDict else {}
    if list(attributes) == ["_metadata"]:
        return _is_metadata(attributes["_metadata"])
    return not attributes and bool(given) and all(map(encoding.is_tensor, given.values()))


def _is_metadata(given: Any) -> bool:
    """A dict {module path -> dict}; what else a program may have put there is kept with a value."""
    return type(given) in (dict, OrderedDict) and all(type(key) is str for key in given)


def arrays_of(encoding: Encoding) -> str | dict[str, list[str]] | None:
    others = {name: paths for name, paths in encoding.paths.items() if name != "torch"}
    if not others:
        return None
    return next(iter(others)) if len(encoding.paths) == 1 else others


def record_of(file: _native.File) -> Record:
    if RECORD not in file.values():
        return Record()
    return Record.of(file.value(RECORD, _ignore, _ignore))


def _ignore(given: object) -> None:
    """For values that cannot hold what it would make."""


def decode(parts: list[tuple[str, str, Any, Any]], record: Record) -> Any:
    """The object that was saved."""
    made: dict[str, Any] = {}
    for kind, name, payload, metadata in parts:
        if kind == "model":
            made[name] = model_of(payload, metadata, name in record.ordered)
        elif kind == "optimizer":
            made[name] = _optimizer.build(payload)
        elif name != RECORD:
            made[name] = payload
    return made[record.root] if record.root is not None and record.root in made else made


def model_of(entries: dict[str, Any], metadata: Any, is_ordered: bool) -> dict[str, Any]:
    if metadata is None:
        return OrderedDict(entries) if is_ordered else entries
    made = OrderedDict(entries)
    made._metadata = metadata  # type: ignore[attr-defined]
    return made
