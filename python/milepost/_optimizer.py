"""The state_dict of an optimizer: between PyTorch's dict and the form that a file has of it.

A file stores indices, hyperparameters by name, and state by index, so that a program in any language can use it. A dict
that this form cannot hold exactly is not an optimizer to us: it is stored as a value, and nothing of it is lost.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from milepost import _native
from milepost._names import is_name, names_only

_PLACED = ("params", "param_names")


class Group(NamedTuple):
    hyperparameters: dict[str, Any]
    params: list[int]
    param_names: list[str] | None
    params_position: int
    param_names_position: int | None


class Optimizer(NamedTuple):
    groups: list[Group]
    param_keys: list[str]
    state: dict[int, dict[str, Any]]
    state_extra: dict[str, Any]
    extra: dict[str, Any]


def parse(given: Any) -> Optimizer | None:
    """The form of a file; None if the object is not the state_dict of an optimizer, or that form cannot hold it."""
    if not names_only(given) or list(given)[:2] != ["state", "param_groups"]:
        return None
    state, groups = given["state"], given["param_groups"]
    if type(state) is not dict or type(groups) is not list:
        return None
    made = Optimizer([], [], {}, {}, {key: given[key] for key in list(given)[2:]})
    numbers = _number_params(groups, made)
    if numbers is None:
        return None
    for group in groups:
        parsed = _parse_group(group, numbers)
        if parsed is None:
            return None
        made.groups.append(parsed)
    return made if _parse_state(state, made, numbers) else None


def _number_params(groups: list[Any], made: Optimizer) -> dict[Any, int] | None:
    """The index of each parameter that the groups list, by its index or its name; names become param keys."""
    numbers: dict[Any, int] = {}
    for group in groups:
        if not names_only(group) or type(group.get("params")) is not list:
            return None
        in_group = dict.fromkeys(group["params"]) if all(type(each) in (int, str) for each in group["params"]) else None
        if in_group is None or any(each in numbers for each in in_group):
            return None
        for param in in_group:
            numbers[param] = len(numbers) if type(param) is str else param
    if not numbers or all(type(param) is int and 0 <= param < 2**63 for param in numbers):
        return numbers
    if all(is_name(param) for param in numbers):
        made.param_keys.extend(numbers)
        return numbers
    return None


def _parse_group(group: dict[str, Any], numbers: dict[Any, int]) -> Group | None:
    names = group.get("param_names")
    if "param_names" in group and not (
        type(names) is list and len(names) == len(group["params"]) and all(is_name(name) for name in names)
    ):
        return None
    keys = list(group)
    return Group(
        hyperparameters={key: value for key, value in group.items() if key not in _PLACED},
        params=[numbers[param] for param in group["params"]],
        param_names=names,
        params_position=keys.index("params"),
        param_names_position=keys.index("param_names") if "param_names" in group else None,
    )


def _parse_state(state: dict[Any, Any], made: Optimizer, numbers: dict[Any, int]) -> bool:
    for key, entries in state.items():
        index = numbers.get(key) if made.param_keys else key
        if type(index) is int and 0 <= index < 2**63:
            if not names_only(entries):
                return False
            made.state[index] = entries
        elif is_name(key):
            made.state_extra[key] = entries
        else:
            return False
    # A file has the states by ascending index, then the others; a dict is equal whatever its order.
    return True


def add(contents: _native.Checkpoint, name: str, optimizer: Optimizer) -> None:
    contents.add_optimizer(name, optimizer.param_keys, optimizer.state_extra, optimizer.extra)
    for group in optimizer.groups:
        contents.add_group(
            name,
            group.hyperparameters,
            group.params,
            group.param_names,
            group.params_position,
            group.param_names_position,
        )
    for index, entries in optimizer.state.items():
        key = optimizer.param_keys[index] if optimizer.param_keys else str(index)
        contents.add_state(name, index, key, entries)


def build(raw: dict[str, Any]) -> dict[str, Any]:
    """The state_dict of what native `File.parts` returns for an optimizer."""
    keys = raw["param_keys"]
    state = {keys[index] if keys else index: entries for index, entries in raw["state"].items()}
    return {
        "state": state | raw["state_extra"],
        "param_groups": [_build_group(group, keys) for group in raw["groups"]],
        **raw["extra"],
    }


def _build_group(raw: tuple[Any, ...], keys: list[str]) -> dict[str, Any]:
    hyperparameters, params, names, params_position, names_position = raw
    items = list(hyperparameters.items())
    named = names is not None
    count = len(items)
    placed = [
        (
            count + named if params_position is None else params_position,
            "params",
            [keys[i] for i in params] if keys else params,
        )
    ]
    if named:
        placed.append((count if names_position is None else names_position, "param_names", names))
    for position, key, value in sorted(placed, key=lambda each: each[0]):
        items.insert(position, (key, value))
    return dict(items)
