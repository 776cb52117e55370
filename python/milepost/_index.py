"""Indices of slices: which part of a tensor is to be read."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

Range = tuple[int, int, int]


class Selection(NamedTuple):
    """The ranges of all dimensions, and the index that makes of that part what was asked for."""

    ranges: list[Range]
    then: tuple[Any, ...]


def select(index: Any, shape: tuple[int, ...]) -> Selection | None:
    """What an index of ints, slices, None and one Ellipsis selects; None for any other index, which needs all elements.

    As in NumPy and PyTorch: a slice is cut to its dimension, an int that is negative counts from the end. Raises
    IndexError for an int out of range or too many of them, ValueError for a step that is not positive.
    """
    items = index if type(index) is tuple else (index,)
    if not all(_is_basic(item) for item in items):
        return None
    items = _without_ellipsis(items, len(shape))
    ranges: list[Range] = []
    then: list[Any] = []
    for item in items:
        if item is None:
            then.append(None)
            continue
        size = shape[len(ranges)]
        if isinstance(item, slice):
            ranges.append(_range_of(item, size))
            then.append(slice(None))
        else:
            position = _position(operator.index(item), size, len(ranges))
            ranges.append((position, position + 1, 1))
            then.append(0)
    return Selection(ranges, tuple(then))


def _is_basic(item: Any) -> bool:
    if item is None or item is Ellipsis or isinstance(item, slice):
        return True
    return not isinstance(item, bool) and hasattr(item, "__index__") and not hasattr(item, "dtype")


def _without_ellipsis(items: tuple[Any, ...], rank: int) -> tuple[Any, ...]:
    given = sum(item is not None and item is not Ellipsis for item in items)
    if given > rank:
        raise IndexError(f"too many indices for a tensor of {rank} dimensions: {given}")
    places = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise IndexError("an index can have one ellipsis ('...') only")
    place = places[0] if places else len(items)
    return items[:place] + (slice(None),) * (rank - given) + items[place + 1 :]


def _position(position: int, size: int, dim: int) -> int:
    if not -size <= position < size:
        raise IndexError(f"index {position} is out of bounds for dimension {dim} with size {size}")
    return position % size


def _range_of(item: slice, size: int) -> Range:
    begin, end, step = item.indices(size)
    if step <= 0:
        raise ValueError(f"the step of a slice must be greater than zero, not {step}")
    return begin, max(begin, end), step
