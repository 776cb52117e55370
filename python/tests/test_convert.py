"""milepost.convert: what the command does, with results and errors of Python."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import milepost
from same import assert_same

torch = pytest.importorskip("torch")
load_file = pytest.importorskip("milepost.torch").load_file


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A training state with a model, an optimizer and values."""
    net = torch.nn.Linear(3, 2)
    opt = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
    net(torch.ones(3)).sum().backward()
    opt.step()
    path = tmp_path / "run.pt"
    torch.save({"model": net.state_dict(), "optimizer": opt.state_dict(), "epoch": 3}, path)
    return path


def test_there_and_back(saved: Path, tmp_path: Path) -> None:
    there = milepost.convert(saved, tmp_path / "run.milepost")
    assert there == milepost.Converted("pytorch", "milepost", [], str(tmp_path / "run.milepost"))
    milepost.save(torch.load(saved), tmp_path / "same.milepost", keep_storages=True)
    assert (tmp_path / "same.milepost").read_bytes() == (tmp_path / "run.milepost").read_bytes()
    back = milepost.convert(tmp_path / "run.milepost", tmp_path / "back.pt")
    assert (back.from_format, back.to_format, back.losses) == ("milepost", "pytorch", [])
    assert_same(torch.load(saved), torch.load(tmp_path / "back.pt"))


def test_losses_are_refused_unless_they_are_allowed(saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "weights.safetensors"
    with pytest.raises(milepost.UnsupportedError, match=r"cannot hold 2 of its parts") as caught:
        milepost.convert(saved, target)
    error = caught.value
    assert (error.code, error.condition, error.path) == ("unsupported", "not_held", str(saved))
    assert [loss.path for loss in error.losses] == ["optimizer", "epoch"]
    assert all(path in str(error) and reason in str(error) for path, reason in error.losses)
    assert pickle.loads(pickle.dumps(error)).losses == error.losses
    assert not target.exists()
    done = milepost.convert(saved, target, lossy=True)
    assert (done.to_format, done.losses) == ("safetensors", error.losses)
    assert sorted(load_file(target)) == ["bias", "weight"]


def test_formats_by_content_extension_and_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", w=np.ones(3, np.float32))
    os.rename(tmp_path / "x.npz", tmp_path / "strange.pt")
    assert milepost.convert(tmp_path / "strange.pt", tmp_path / "x.gguf").from_format == "npz"
    done = milepost.convert(tmp_path / "x.gguf", tmp_path / "no_extension", to_format="safetensors")
    assert (done.from_format, done.to_format) == ("gguf", "safetensors")
    assert_same(load_file(tmp_path / "no_extension"), {"w": torch.ones(3)})
    with pytest.raises(milepost.InvalidArgumentError, match="extension"):
        milepost.convert(tmp_path / "x.gguf", tmp_path / "no_extension")
    with pytest.raises(milepost.InvalidArgumentError, match="there is no format 'zip'"):
        milepost.convert(tmp_path / "x.gguf", tmp_path / "x", to_format="zip")  # type: ignore[arg-type]
    with pytest.raises(milepost.InvalidArgumentError, match="there is no format 'tar'"):
        milepost.convert(tmp_path / "x.gguf", tmp_path / "x.npz", from_format="tar")  # type: ignore[arg-type]
    with pytest.raises(milepost.Error):
        milepost.convert(tmp_path / "x.gguf", tmp_path / "x.npz", from_format="safetensors")
    with pytest.raises(milepost.UnsupportedError) as caught:
        milepost.convert(tmp_path / "x.gguf", tmp_path / "x.h5")
    assert (caught.value.condition, caught.value.path) == ("feature", str(tmp_path / "x.h5"))
    for url in ("s3://bucket/x.pt", "memory://x"):
        with pytest.raises(milepost.InvalidArgumentError, match="local files"):
            milepost.convert(url, tmp_path / "x.npz")


def test_nested_dicts_become_models(tmp_path: Path) -> None:
    torch.save({"nets": {"generator": {"w": torch.ones(2)}, "step": 1}}, tmp_path / "gan.pt")
    milepost.convert(tmp_path / "gan.pt", tmp_path / "gan.milepost", models={"nets/generator": "generator"})
    with milepost.open(tmp_path / "gan.milepost") as file:
        assert file.models == ["generator"]
        assert file.get("nets") == {"step": 1}


def test_shards(tmp_path: Path) -> None:
    given = {f"w{i}": torch.full((100,), float(i)) for i in range(4)}
    milepost.torch.save_file(given, tmp_path / "x.milepost")
    milepost.convert(tmp_path / "x.milepost", tmp_path / "x.safetensors", max_shard_size=900)
    assert len(list(tmp_path.glob("x-*-of-00002.safetensors"))) == 2
    assert_same(load_file(tmp_path / "x.safetensors.index.json"), given)


def test_options_of_save(saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.milepost"
    milepost.convert(saved, target, durable=False)
    before = target.read_bytes()
    with pytest.raises(milepost.InvalidArgumentError) as caught:
        milepost.convert(saved, target, create_only=True)
    assert (caught.value.condition, caught.value.path) == ("target", str(target))
    milepost.convert(saved, target, keep_previous=True, codec="zstd", level=3, threads=1)
    assert (tmp_path / "x.milepost.prev").read_bytes() == before
    assert_same(milepost.load(target), torch.load(saved))
    with pytest.raises(milepost.LimitExceededError):
        milepost.convert(saved, target, limits={"max_records": 3})


def test_progress_and_exceptions_of_it(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(1 << 20)}, tmp_path / "x.pt")
    for target in ("x.milepost", "x.safetensors", "x.npz"):
        seen: list[tuple[int, int]] = []
        milepost.convert(tmp_path / "x.pt", tmp_path / target, progress=lambda *each, seen=seen: seen.append(each))
        assert seen[-1] == (4 << 20, 4 << 20)
        os.remove(tmp_path / target)

        def stop(done: int, total: int) -> None:
            raise RuntimeError("enough")

        with pytest.raises(RuntimeError, match="enough"):
            milepost.convert(tmp_path / "x.pt", tmp_path / target, progress=stop)
        assert not (tmp_path / target).exists()


def test_other_threads_run_meanwhile(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(8 << 20)}, tmp_path / "x.pt")
    done = threading.Event()
    counted = 0

    def convert() -> None:
        milepost.convert(tmp_path / "x.pt", tmp_path / "x.milepost", codec="smallest", durable=False)
        done.set()

    thread = threading.Thread(target=convert)
    thread.start()
    while not done.wait(0.001):
        counted += 1
    thread.join()
    assert counted > 3


PROGRAM = """
import signal, sys, milepost
signal.signal(signal.SIGINT, signal.default_int_handler)  # which the tests may have been started without
def told(done, total):
    if done: print("begun", flush=True)
milepost.convert(sys.argv[1], sys.argv[2], codec="smallest", threads=1, progress=told)
"""


def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(1).standard_normal(32 << 20))
    program: Any = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "x.npy"), str(tmp_path / "x.milepost")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout.readline() == "begun\n"
    begin = time.monotonic()
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=60)
    assert time.monotonic() - begin < 20
    assert "KeyboardInterrupt" in errors
    assert program.returncode != 0
    assert os.listdir(tmp_path) == ["x.npy"]


def test_only_what_is_asked_for(saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "weights.safetensors"
    assert milepost.convert(saved, target, only="model/*").losses == []
    assert sorted(load_file(target)) == ["bias", "weight"]
    milepost.convert(saved, tmp_path / "x.milepost", only=["model/weight", "epoch"])
    found = milepost.load(tmp_path / "x.milepost")
    assert list(found) == ["model", "epoch"]
    assert list(found["model"]) == ["weight"]
    with pytest.raises(milepost.UnsupportedError, match="1 of its parts"):
        milepost.convert(saved, tmp_path / "x.npz", only=["model/*", "epoch"])
    with pytest.raises(milepost.InvalidArgumentError, match=r"matches 'modle/\*'"):
        milepost.convert(saved, tmp_path / "x.npz", only=["model/*", "modle/*"])
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize("target", ["x.milepost", "x.pt", "x.safetensors", "x.npz", "x.gguf"])
def test_the_new_file_is_verified(tmp_path: Path, target: str) -> None:
    torch.save({"a.weight": torch.randn(300, 7), "b": torch.arange(5)}, tmp_path / "in.pt")
    seen: list[int] = []
    done = milepost.convert(
        tmp_path / "in.pt", tmp_path / target, verify=True, progress=lambda now, total: seen.append(now)
    )
    assert done.path == str(tmp_path / target)
    assert seen.count(300 * 7 * 4 + 5 * 8) == 2  # written, compared


def test_a_set_of_shards_is_verified(tmp_path: Path) -> None:
    torch.save({f"w{i}": torch.full((4,), float(i)) for i in range(3)}, tmp_path / "in.pt")
    done = milepost.convert(tmp_path / "in.pt", tmp_path / "x.safetensors", max_shard_size=16, verify=True)
    assert done.path == str(tmp_path / "x.safetensors.index.json")
    assert sorted(load_file(done.path)) == ["w0", "w1", "w2"]


def test_the_comparison_can_be_stopped(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(4 << 20)}, tmp_path / "in.pt")
    calls: list[int] = []

    def stop(done: int, total: int) -> None:
        calls.append(done)
        if calls.count(total) == 1 and done != total:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        milepost.convert(tmp_path / "in.pt", tmp_path / "x.npz", verify=True, progress=stop)
    assert (tmp_path / "x.npz").exists()  # it was written before
