"""Equality of what was saved and what was loaded: object by object, with the same types, bit for bit."""

from __future__ import annotations

import math
import struct
from collections import OrderedDict
from typing import Any

import numpy as np


def assert_same(left: Any, right: Any, path: str = "") -> None:
    assert type(left) is type(right), f"{path}: {type(left)} is not {type(right)}"
    if hasattr(left, "untyped_storage"):  # of torch, which need not be installed
        assert_same_tensor(left, right, path)
    elif isinstance(left, np.ndarray):
        assert (left.dtype, left.shape) == (right.dtype, right.shape), path
        assert left.tobytes() == right.tobytes(), path
    elif isinstance(left, dict):
        assert_same_dict(left, right, path)
    elif isinstance(left, list | tuple):
        assert len(left) == len(right), path
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            assert_same(one, other, f"{path}/{number}")
    elif isinstance(left, float):
        assert struct.pack("<d", left) == struct.pack("<d", right) or (math.isnan(left) and math.isnan(right)), path
    elif isinstance(left, complex):
        assert_same(left.real, right.real, path)
        assert_same(left.imag, right.imag, path)
    else:
        assert left == right, f"{path}: {left!r} is not {right!r}"


def assert_same_tensor(left: Any, right: Any, path: str) -> None:
    import torch

    described = [(each.dtype, each.shape, each.requires_grad) for each in (left, right)]
    assert described[0] == described[1], path
    if left.nbytes > 1 << 30:  # expanded: compare what it is made of
        assert left.stride() == right.stride(), path
        left, right = (torch.empty(0, dtype=torch.uint8).set_(each.untyped_storage()) for each in (left, right))
    bits = [bytes_of(each) for each in (left, right)]
    assert torch.equal(bits[0], bits[1]), path


def bytes_of(tensor: Any) -> Any:
    import torch

    return torch.clone(tensor.detach(), memory_format=torch.contiguous_format).reshape(-1).view(torch.uint8)


def assert_same_dict(left: Any, right: Any, path: str) -> None:
    assert list(map(repr, left)) == list(map(repr, right)), path
    for (key, one), other in zip(left.items(), right.values(), strict=True):
        assert_same(one, other, f"{path}/{key}")
    if isinstance(left, OrderedDict):
        assert_same(vars(left), vars(right), f"{path}/__dict__")
