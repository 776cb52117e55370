"""Any nested object of the value model comes back the same, and means the same to the other readers."""

from __future__ import annotations

import os
import sys
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import milepost
from same import assert_same

torch = pytest.importorskip("torch")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    texts,
    st.binary(max_size=8),
    st.tuples(st.integers(0, 3), texts),
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**300), 2**300),
    st.floats(),
    st.complex_numbers(),
    texts,
    st.binary(max_size=40),
    st.binary(max_size=40).map(bytearray),
    st.sets(keys, max_size=4),
    st.sampled_from([torch.float32, torch.int8, torch.device("cpu"), torch.device("cuda:3"), torch.sparse_coo]),
    st.lists(st.integers(0, 9), max_size=4).map(torch.Size),
)
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
dtypes = st.sampled_from([torch.float32, torch.bfloat16, torch.int64, torch.bool, torch.complex64, torch.float8_e5m2])


@st.composite
def tensors(draw: st.DrawFn) -> Any:
    """A view of a storage: any dtype, shape, strides and offset."""
    shape, dtype = draw(shapes), draw(dtypes)
    strides = tuple(draw(st.integers(0, 3)) for _ in shape)
    offset = draw(st.integers(0, 3))
    needed = offset + sum(max(size - 1, 0) * stride for size, stride in zip(shape, strides, strict=True)) + 1
    made = torch.arange(needed).remainder(2).to(dtype).as_strided(shape, strides, offset)
    kind = draw(st.sampled_from(["plain", "plain", "parameter", "grad"])) if dtype.is_floating_point else "plain"
    if kind == "parameter":
        return torch.nn.Parameter(made, draw(st.booleans()))
    return made.requires_grad_() if kind == "grad" else made


@st.composite
def arrays(draw: st.DrawFn) -> Any:
    made = np.ones(draw(shapes), draw(st.sampled_from(["f4", "i1", "?", "c16", "u8"])))
    return np.asfortranarray(made) if draw(st.booleans()) and made.ndim > 1 else made


def with_metadata(entries: dict[str, Any]) -> Any:
    made = OrderedDict(entries)
    made._metadata = OrderedDict({"": {"version": 1}})
    return made


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    dicts = st.dictionaries(keys, inner, max_size=4)
    return st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        dicts,
        dicts.map(OrderedDict),
        st.dictionaries(texts, tensors(), max_size=3),
        st.dictionaries(texts, inner, max_size=3).map(with_metadata),
        st.lists(texts, max_size=5).map(Counter),
    )


hyperparameters = st.dictionaries(texts, leaves, max_size=3)


@st.composite
def optimizers(draw: st.DrawFn) -> Any:
    """Dicts that look like the state_dict of an optimizer, more or less."""
    count = draw(st.integers(0, 4))
    names = [f"p{number}" for number in range(count)] if draw(st.booleans()) else list(range(count))
    cut = draw(st.integers(0, count))
    groups = []
    for part in (names[:cut], names[cut:]):
        group = draw(hyperparameters)
        if draw(st.booleans()):
            group["param_names"] = [str(name) for name in part]
        group["params"] = list(part)
        group |= draw(hyperparameters)
        groups.append(group)
    state_keys = st.one_of(st.sampled_from(names), texts) if names else texts
    state = draw(
        st.dictionaries(state_keys, st.dictionaries(texts, st.one_of(leaves, tensors()), max_size=2), max_size=3)
    )
    ordered = dict(sorted(state.items(), key=lambda item: (type(item[0]) is str, str(item[0]))))
    return {"state": ordered, "param_groups": groups} | draw(st.dictionaries(texts, leaves, max_size=1))


OPTIONS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    "derandomize": True,  # the ordinary run finds the same each time; HYPOTHESIS_SEARCH=1 looks further
}
if os.environ.get("HYPOTHESIS_SEARCH"):
    del OPTIONS["derandomize"]

objects = st.recursive(st.one_of(leaves, tensors(), arrays(), optimizers()), containers, max_leaves=12)


@settings(**OPTIONS, max_examples=400)
@given(given=objects)
def test_any_object_comes_back(path: str, given: Any) -> None:
    milepost.save(given, path, durable=False)
    for options in ({}, {"mmap": False}):
        assert_same(given, milepost.load(path, **options))


@settings(**OPTIONS, max_examples=150)
@given(given=st.dictionaries(st.text("abc", min_size=1, max_size=3), objects, max_size=3))
def test_the_second_reader_reads_the_same(path: str, given: Any) -> None:
    """tests/reader was written from docs/format.md alone, and reads every byte."""
    pytest.importorskip("xxhash")
    root = Path(__file__).resolve().parents[2]
    for folder in ("tests/reader", "tests/pytorch"):
        if str(root / folder) not in sys.path:
            sys.path.append(str(root / folder))
    from from_milepost import load

    milepost.save(given, path, durable=False)
    parts = load(path)
    with milepost.open(path) as file:
        assert [part.name for part in parts.models] == file.models
        assert [part.name for part in parts.optimizers] == file.optimizers
        assert [name for name in parts.values if name != "milepost.python"] == file.values
        for part in parts.models:
            assert_same(dict(part.state_dict), dict(file.model(part.name, framework="torch")))
        for part in parts.optimizers:
            assert_same(part.state_dict, file.optimizer(part.name, framework="torch"))
        for name in file.values:
            assert_same(parts.values[name], file.get(name, framework="torch"))
