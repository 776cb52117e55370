"""Files of the other implementations are read, and ours by them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import milepost
from same import assert_same

torch = pytest.importorskip("torch")
ROOT = Path(__file__).resolve().parents[2]
GOLDEN = sorted((ROOT / "tests" / "golden" / "files").glob("*.milepost"))


def names(kind: str) -> list[Any]:
    return [pytest.param(each, id=each.stem) for each in GOLDEN if each.name.startswith(kind)]


@pytest.mark.parametrize("file", names("good"))
def test_golden_files_mean_what_the_second_reader_says(file: Path) -> None:
    pytest.importorskip("xxhash")
    for folder in ("tests/reader", "tests/pytorch"):
        if str(ROOT / folder) not in sys.path:
            sys.path.append(str(ROOT / folder))
    from from_milepost import load

    try:
        expected = load(file)
    except KeyError as error:  # a dtype that torch does not have
        pytest.skip(f"torch has no {error}")
    with milepost.open(file) as opened:
        for part in expected.models:
            loaded = opened.model(part.name)
            assert_same(dict(part.state_dict), dict(loaded))
            assert_same(getattr(part.state_dict, "_metadata", None), getattr(loaded, "_metadata", None))
        for part in expected.optimizers:
            assert_same(part.state_dict, opened.optimizer(part.name))
        for name in opened.values:
            assert_same(expected.values[name], opened.get(name, framework="torch"))


@pytest.mark.parametrize("file", [*names("bad"), *names("unsupported")])
def test_bad_golden_files_are_refused_with_a_typed_error(file: Path) -> None:
    """Some are bad in bytes that only a full check reads, or need memory that the limits allow."""
    with pytest.raises((milepost.Error, ImportError)):
        milepost.load(file, verify="full")


def test_the_command_reads_what_python_saved(build: Path, path: str) -> None:
    command = build / "cli" / "milepost"
    if not command.exists():
        pytest.skip("the build has no command")
    state = {"model": {"w": torch.ones(3, 4)}, "optimizer": {"state": {}, "param_groups": [{"lr": 0.5, "params": [0]}]}}
    milepost.save({**state, "epoch": 3, "list": [torch.ones(1), (1, 2)]}, path, codec="planes")
    env = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # a sanitizer's, for Python
    subprocess.run([command, "verify", path], check=True, capture_output=True, env=env)
    listed = subprocess.run([command, "ls", "--json", path], check=True, capture_output=True, text=True, env=env)
    tensors = json.loads(listed.stdout)["tensors"]
    assert [each["path"] for each in tensors] == ["model/w", "list/0"]
