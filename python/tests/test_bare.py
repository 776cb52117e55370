"""The package by itself and with NumPy, as it is where PyTorch is not installed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import milepost
import milepost.numpy
from same import assert_same

STATE = {
    "arrays": {
        "w": np.arange(24, dtype=np.float32).reshape(4, 6),
        "b": np.ones(3, np.float16),
        "none": np.zeros((0, 2)),
    },
    "config": {"lr": 0.5, "betas": (0.9, 0.999), "mask": np.array([True, False])},
    "counts": Counter("abracadabra"),
    "ordered": OrderedDict(
        b=1, a=[2**100, -(2**127), -0.0, float("inf"), 1 + 2j, b"\xff", bytearray(b"x"), {1, "a"}, None]
    ),
    "epoch": 3,
}
#: A program that is told that neither PyTorch, NumPy nor JAX is there.
WITHOUT = "import sys; sys.modules.update(torch=None, numpy=None, jax=None); import milepost; "


def run_without(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("codec", ["raw", "zstd", "planes", "smallest", "automatic"])
@pytest.mark.parametrize("mmap", [True, False])
def test_state_comes_back(path: str, codec: Any, mmap: bool) -> None:
    milepost.save(STATE, path, codec=codec, durable=False)
    assert_same(milepost.load(path, mmap=mmap, verify="full"), STATE)
    assert_same(milepost.load(path, mmap=mmap, verify="never"), STATE)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.binary()
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text("abc/"), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=PLAIN)
def test_plain_values_come_back(round_trip: Any, value: Any) -> None:
    round_trip(value)
    round_trip({"value": value})


def test_without_any_framework(path: str) -> None:
    run_without(
        "state = {'epoch': 3, 'values': [1.5, (2**70, b'x'), {'a': None}]}; "
        "milepost.save(state, sys.argv[1]); assert milepost.load(sys.argv[1]) == state; "
        "assert milepost.open(sys.argv[1]).get('values/0') == 1.5",
        path,
    )


@pytest.mark.parametrize("framework", ["torch", "numpy", "jax"])
def test_a_framework_that_is_not_installed_is_named(path: str, framework: str) -> None:
    milepost.save(STATE, path)
    said = run_without(
        "\ntry: milepost.load(sys.argv[1], framework=sys.argv[2])\nexcept ImportError as error: print(error)",
        path,
        framework,
    )
    assert f"pip install {framework}" in said
    assert run_without("print(milepost.open(sys.argv[1])['arrays/w'].shape)", path) == "(4, 6)\n"


def test_open_files(path: str) -> None:
    milepost.save(STATE, path, codec="zstd", durable=False)
    with milepost.open(path) as file:
        assert list(file) == ["arrays/w", "arrays/b", "arrays/none", "config/mask"]
        assert_same(file["arrays/w"][1:3].numpy(), STATE["arrays"]["w"][1:3])
        assert_same(file.model("arrays", framework="numpy"), STATE["arrays"])
        assert file.get("config/lr") == 0.5
        assert file.verify() == []
    with milepost.safe_open(path, "np") as tensors:
        assert_same(tensors.get_slice("arrays/w")[:, ::2], STATE["arrays"]["w"][:, ::2])


def test_files_of_arrays(path: str) -> None:
    arrays = {"a": np.zeros((512, 16)), "b": np.arange(256), "scalar": np.array(3, np.uint8)}
    milepost.numpy.save_file(arrays, path, {"format": "np"})
    assert_same(milepost.numpy.load_file(path), arrays)
    assert_same(milepost.numpy.load(milepost.numpy.save(arrays)), arrays)


def test_damage_is_found(path: str) -> None:
    milepost.save(STATE, path)
    data = bytearray(Path(path).read_bytes())
    data[data.index(STATE["arrays"]["w"].tobytes())] ^= 1
    Path(path).write_bytes(data)
    with pytest.raises(milepost.CorruptError, match="arrays"):
        milepost.load(path)


def test_saves_in_the_background(path: str) -> None:
    milepost.save_async(STATE, path, durable=False).result()
    assert_same(milepost.load(path), STATE)
