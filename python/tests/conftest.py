from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import milepost
from same import assert_same

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "file.milepost")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Of a checkpoint, not made yet."""
    return str(tmp_path / "run" / "step-1")


@pytest.fixture
def round_trip(path: str) -> Any:
    """Saves an object, loads it, and requires that it is the same."""

    def check(given: Any, **options: Any) -> Any:
        milepost.save(given, path, durable=False, **options)
        loaded = milepost.load(path)
        assert_same(given, loaded)
        return loaded

    return check


@pytest.fixture(scope="session")
def build() -> Path:
    """The build folder, for the programs of C++."""
    if "MILEPOST_BUILD" not in os.environ:
        pytest.skip("MILEPOST_BUILD, the folder of a build, is not set")
    return Path(os.environ["MILEPOST_BUILD"])
