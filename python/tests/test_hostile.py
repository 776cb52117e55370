"""Files of strangers: the content of a file decides neither what is imported nor how much memory is taken."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import milepost
from milepost import _native
from milepost._encoding import Encoding

torch = pytest.importorskip("torch")


def save_with_record(path: str, parts: dict[str, Any], record: Any) -> None:
    """A file whose record of the package is what somebody else wrote."""
    contents = _native.Checkpoint(Encoding(None))
    for name, part in parts.items():
        contents.add_value(name, part)
    contents.add_value("milepost.python", record)
    contents.save(path.encode(), {}, None)


RECORDS = [
    None,
    3,
    {"root": "none"},
    {"root": ["x"]},
    {"root": 3, "ordered": 5, "arrays": 7},
    {"ordered": ["x", 3, None]},
    {"arrays": "antigravity"},
    {"arrays": ["numpy"]},
    {"arrays": {"antigravity": ["x"], "numpy": "x", 3: [4]}},
    {"arrays": {"numpy": ["elsewhere", 4, ["x"]]}},
    {"more": torch.ones(1)},
]


@pytest.mark.parametrize("record", RECORDS, ids=repr)
def test_a_strange_record_does_no_harm(path: str, record: Any) -> None:
    save_with_record(path, {"x": torch.ones(2), "n": 1}, record)
    loaded = milepost.load(path)
    assert loaded["n"] == 1
    assert type(loaded["x"]) is torch.Tensor
    assert "antigravity" not in sys.modules
    with milepost.safe_open(path, "pt") as file:
        assert "x" in file.keys()  # noqa: SIM118
    with milepost.open(path) as file:
        assert file.get("n") == 1


@pytest.mark.parametrize(
    "special",
    [("dtype", "torch.load"), ("dtype", "torch.float999"), ("layout", "torch.float32"), ("device", "no such device")],
)
def test_names_of_torch_are_checked(path: str, special: tuple[str, str]) -> None:
    contents = _native.Checkpoint(lambda given, where: _native.Special(*special))
    contents.add_value("x", object())
    contents.save(path.encode(), {}, None)
    with pytest.raises(milepost.InvalidArgumentError, match="has no"):
        milepost.load(path)
    assert milepost.load(path, framework="numpy") == {"x": special[1]}


def test_names_of_torch_import_nothing(path: str) -> None:
    program = (
        "import sys, torch, milepost\n"
        "before = set(sys.modules)\n"
        "try: milepost.load(sys.argv[1])\n"
        "except milepost.InvalidArgumentError: pass\n"
        "else: raise SystemExit('no error')\n"
        "more = {name for name in set(sys.modules) - before if name.startswith('torch.')}\n"
        "assert not more, more\n"
    )
    for lazy in ("_inductor", "onnx", "_dynamo", "_export"):
        contents = _native.Checkpoint(lambda given, where, lazy=lazy: _native.Special("dtype", f"torch.{lazy}"))
        contents.add_value("x", object())
        contents.save(path.encode(), {}, None)
        subprocess.run([sys.executable, "-c", program, path], check=True)


def test_memory_for_compressed_tensors_is_limited(path: str) -> None:
    milepost.save({"x": torch.zeros(50_000_000), "n": 1}, path, codec="zstd")
    limits = {"max_total_bytes": 100 << 20}
    with pytest.raises(milepost.LimitExceededError, match="200000000 bytes"):
        milepost.load(path, limits=limits)
    with milepost.open(path, limits=limits) as file, pytest.raises(milepost.LimitExceededError):
        file.get("x")
    with milepost.safe_open(path, "pt", limits=limits) as opened, pytest.raises(milepost.LimitExceededError):
        opened.get_tensor("x")
    with milepost.safe_open(path, "pt", limits=limits) as opened, pytest.raises(milepost.LimitExceededError):
        opened.get_slice("x")[:40_000_000]
    with milepost.open(path, limits=limits) as file, pytest.raises(milepost.LimitExceededError):
        file["x"].torch()
    assert milepost.load(path, limits={"max_total_bytes": 200 << 20})["x"].sum() == 0


def test_a_tensor_without_elements_takes_no_memory(path: str) -> None:
    large = torch.zeros(30_000_000)
    milepost.save({"x": large, "y": large[5:5], "n": 1}, path, keep_storages=True)
    loaded = milepost.load(path)
    assert loaded["y"].shape == (0,)
    assert milepost.load(path, framework="numpy")["y"].shape == (0,)
