"""Nothing is left of files that were opened and of tensors that are gone: memory, mappings, descriptors."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import milepost

torch = pytest.importorskip("torch")

CYCLES = 10_000


def descriptors() -> int:
    gc.collect()  # what other tests left is not ours
    return len(os.listdir("/proc/self/fd"))


def mappings(path: str) -> int:
    return sum(path in line for line in Path("/proc/self/maps").read_text().splitlines())


def resident_nbytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_what_is_loaded_is_given_back(path: str) -> None:
    state = {"model": {"a": torch.ones(1000), "b": torch.ones(10)}, "epoch": 3, "list": [1, (2, {"x": 3})]}
    milepost.save(state, path, durable=False)
    gc.collect()
    sanitized = "LD_PRELOAD" in os.environ  # keeps freed memory for a while: only files are counted
    before = (descriptors(), mappings(path))
    after_warm_up = 0
    for cycle in range(CYCLES // (10 if sanitized else 1)):
        milepost.load(path)
        if cycle == CYCLES // 10:
            gc.collect()
            after_warm_up = resident_nbytes()
    gc.collect()
    assert (descriptors(), mappings(path)) == before
    assert sanitized or resident_nbytes() - after_warm_up < 4 << 20


def test_a_tensor_keeps_its_file_and_gives_it_back(path: str) -> None:
    milepost.save({"a": torch.ones(1000), "n": 1}, path)
    gc.collect()
    before = descriptors()
    loaded = milepost.load(path)
    assert mappings(path) > 0
    kept = loaded["a"][5:6]
    del loaded
    gc.collect()
    assert mappings(path) > 0
    assert kept.item() == 1.0
    del kept
    gc.collect()
    assert mappings(path) == 0
    assert descriptors() == before


@pytest.mark.parametrize("fail", [lambda path: milepost.load(path), lambda path: milepost.save({"a": object()}, path)])
def test_errors_leave_nothing_open(path: str, fail: Callable[[str], object]) -> None:
    Path(path).write_bytes(b"not a checkpoint")
    gc.collect()
    before = descriptors()
    for _ in range(100):
        with pytest.raises(milepost.Error):
            fail(path)
    gc.collect()
    assert descriptors() == before
    assert mappings(path) == 0
