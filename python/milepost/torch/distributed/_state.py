"""Nested state, flat: values by name, as torch.distributed.checkpoint names them, and the paths that lead back.

torch makes every key of a dict a string, so that the int key of an optimizer's state cannot be told from a name or an
index of a list. A path of this module keeps what the key was: a step is the key of a dict, or (index,) of a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch

from milepost._errors import CorruptError, WrongTypeError

Path = tuple[Any, ...]


class Paths(dict[str, Path]):
    """The paths of all names. Its type tells them from those of torch's planner."""


#: Of the keys of dicts.
KEY_TYPES = (str, int, float, bool, bytes, type(None))


def flatten(state: Mapping[Any, Any]) -> tuple[dict[str, Any], Paths]:
    """The values by name, and their paths. Mappings are entered, and lists that hold mappings or tensors; an empty
    mapping is a value, so that it is there again after loading. Raises WrongTypeError if two values have one name."""
    flat: dict[str, Any] = {}
    paths = Paths()

    def add(path: Path, value: Any) -> None:
        if isinstance(value, Mapping) and value:
            for key, item in value.items():
                if type(key) not in KEY_TYPES:
                    raise WrongTypeError(f"{name_of(path)}: the key {key!r} is not a str or a number", "wrong_type")
                add((*path, key), item)
        elif type(value) is list and not _is_leaf(value):
            for index, item in enumerate(value):
                add((*path, (index,)), item)
        else:
            name = name_of(path)
            if name in flat:
                raise WrongTypeError(f"{name}: two values have this name, at {paths[name]} and {path}", "wrong_type")
            flat[name] = value
            paths[name] = path

    for key, value in state.items():
        add((key,), value)
    return flat, paths


def _is_leaf(value: list[Any]) -> bool:
    """Whether a list is one value, as torch decides it."""
    for item in value:
        if isinstance(item, Mapping | torch.Tensor) or (isinstance(item, list) and not _is_leaf(item)):
            return False
    return True


def name_of(path: Path) -> str:
    return ".".join(str(step[0] if type(step) is tuple else step) for step in path)


def torch_path(path: Path) -> tuple[str | int, ...]:
    """As torch's own planners have it."""
    return tuple(step[0] if type(step) is tuple else str(step) for step in path)


def of_torch(paths: Mapping[str, Any]) -> Paths:
    """From the paths of torch's own planners, whose ints are indices of lists."""
    return Paths((name, tuple((step,) if type(step) is int else step for step in path)) for name, path in paths.items())


def set_at(state: Any, path: Path, value: Any) -> None:
    """Replaces a value of nested state, all containers of which exist."""
    for step in path[:-1]:
        state = state[_key(step)]
    state[_key(path[-1])] = value


def _key(step: Any) -> Any:
    return step[0] if type(step) is tuple else step


def unflatten(flat: Mapping[str, Any], paths: Mapping[str, Path]) -> dict[Any, Any]:
    """Nested state of dicts and lists, in the order of the paths. What a list lacks, because only some names were
    asked for, is None. Raises CorruptError if one path makes a dict of what is a list or a value by another one."""
    root: dict[Any, Any] = {}
    for name, path in paths.items():
        if name in flat:
            try:
                _put(root, path, flat[name])
            except (AttributeError, TypeError) as error:
                raise CorruptError(f"{name}: another path contradicts the path {path}", "record") from error
    return root


def _put(state: Any, path: Path, value: Any) -> None:
    for step, after in pairwise(path):
        found = _get(state, step)
        if found is None:
            found = [] if type(after) is tuple else {}
            _set(state, step, found)
        state = found
    if not (type(value) is dict and not value and _get(state, path[-1])):  # another rank had something there
        _set(state, path[-1], value)


def _get(state: Any, step: Any) -> Any:
    if type(step) is tuple:
        return state[step[0]] if step[0] < len(state) else None
    return state.get(step)


def _set(state: Any, step: Any, value: Any) -> None:
    if type(step) is tuple:
        state.extend([None] * (step[0] + 1 - len(state)))
        state[step[0]] = value
    else:
        state[step] = value
