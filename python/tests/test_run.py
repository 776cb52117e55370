"""milepost.Run: the newest whole checkpoint is found, old ones are removed, and a kill at any moment loses nothing."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import milepost
from milepost import KeepBest, Run, SkippedCheckpointWarning
from same import assert_same

torch = pytest.importorskip("torch")


def state(step: int, **more: Any) -> dict[str, Any]:
    return {"model": {"w": torch.full((100,), float(step))}, "step": step, **more}


def steps(run: Run) -> list[int]:
    return [each.step for each in run.checkpoints()]


def test_a_run_resumes_from_its_newest_checkpoint(tmp_path: Path) -> None:
    run = Run(tmp_path / "a" / "run", keep=2)
    assert run.restore() is None
    assert run.latest() is None
    for step in (100, 200, 300):
        made = run.save(step, state(step))
    assert made == run.latest()
    assert Path(made).name == "000003.step-300.milepost"
    assert steps(run) == [300, 200]
    assert_same(Run(tmp_path / "a" / "run").restore(), state(300))
    run.save(150, state(150))  # a run that went back
    assert run.restore()["step"] == 150


def test_the_best_are_kept(tmp_path: Path) -> None:
    run = Run(tmp_path, keep=1, keep_best="loss")
    for step, loss in enumerate([5.0, 1.0, 3.0, float("nan"), 2.0]):
        if loss != loss:
            with pytest.warns(SkippedCheckpointWarning, match="'loss' of the state is nan"):
                run.save(step, state(step, loss=loss))
        else:
            run.save(step, state(step, loss=loss))
    assert steps(run) == [4, 1]
    with pytest.warns(SkippedCheckpointWarning, match="is tensor"):
        run.save_async(5, state(5, loss=torch.tensor(0.5))).result()
    run = Run(tmp_path, keep=1, keep_best=KeepBest("accuracy", largest=True, count=2))
    for step, accuracy in enumerate([1, 9, 8, 2]):
        run.save(step, state(step, accuracy=accuracy))
    assert steps(run) == [3, 2, 1]


def test_damaged_checkpoints_are_skipped_with_a_warning(tmp_path: Path) -> None:
    run = Run(tmp_path, keep=5)
    paths = [Path(run.save(step, state(step))) for step in (1, 2, 3)]
    content = bytearray(paths[2].read_bytes())
    content[content.index(state(3)["model"]["w"].numpy().tobytes())] ^= 1
    paths[2].write_bytes(content)
    paths[1].write_bytes(paths[1].read_bytes()[:-1])
    (tmp_path / "000009.step-9.milepost.tmp").write_bytes(b"")
    with pytest.warns(SkippedCheckpointWarning) as caught:
        assert run.restore()["step"] == 1
    assert [str(each.message).split(": ")[0] for each in caught] == [f"skipped {paths[2]}", f"skipped {paths[1]}"]
    assert "chunk_checksum" in str(caught[0].message)
    paths[0].write_bytes(b"x" * 1000)
    with pytest.raises(milepost.Error) as failed:
        run.restore()
    assert not isinstance(failed.value, milepost.NotFoundError)  # not the beginning of a new run
    run.save(4, state(4))
    assert run.latest().step == 4


def test_saves_in_the_background(tmp_path: Path) -> None:
    run = Run(tmp_path, keep=2)
    for step in range(4):
        given = state(step)
        pending = run.save_async(step, given)
        given["model"]["w"].zero_()
    pending.result()
    assert pending.checkpoint.step == 3
    assert steps(run) == [3, 2]
    assert run.restore()["model"]["w"].eq(3).all()
    run.save_async(4, state(4))
    run.save(5, state(5))
    assert steps(run) == [5, 4]


def test_errors_in_the_background_are_raised_by_the_next_save(tmp_path: Path) -> None:
    def fail(done: int, total: int) -> None:
        raise OSError("disk full")

    run = Run(tmp_path)
    run.save_async(1, state(1), progress=fail)
    with pytest.raises(OSError, match="disk full"):
        run.save_async(2, state(2))
    run.save_async(3, state(3), progress=fail)
    with pytest.raises(OSError, match="disk full"):
        run.wait()
    run.wait()
    pending = run.save_async(4, state(4), progress=fail)
    with pytest.raises(OSError, match="disk full"):
        pending.result()
    run.save(5, state(5))  # that error was raised
    assert steps(run) == [5]


def test_options(tmp_path: Path) -> None:
    for options in ({"keep": 0}, {"keep_best": KeepBest("x", count=0)}):
        with pytest.raises(milepost.InvalidArgumentError):
            Run(tmp_path, **options)
    with pytest.raises(milepost.WrongTypeError, match="keep_best"):
        Run(tmp_path, keep_best=3)  # type: ignore[arg-type]
    run = Run(tmp_path, keep=1)
    for step in (-1, 1.0, True, 2**64):
        with pytest.raises(milepost.InvalidArgumentError):
            run.save(step, state(1))  # type: ignore[arg-type]
    with pytest.raises(milepost.WrongTypeError):
        run.save(1, {"x": object()})
    run.save(1, state(1), durable=False, codec="zstd")
    run.save(2, state(2), durable=False)
    assert steps(run) == [2, 1]  # nothing is removed before the new one is on the disk
    with pytest.raises(milepost.Error):
        Run(tmp_path / "000001.step-1.milepost" / "x")


def test_two_processes_save_to_one_folder(tmp_path: Path) -> None:
    program = (
        "import sys, torch, milepost\n"
        "run = milepost.Run(sys.argv[1], keep=100)\n"
        "for step in range(10): run.save(step, {'w': torch.ones(10), 'n': int(sys.argv[2])})\n"
    )
    others = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(n)]) for n in range(2)]
    assert [other.wait() for other in others] == [0, 0]
    made = Run(tmp_path).checkpoints()
    assert len(made) == 20
    assert [milepost.load(each)["n"] for each in made].count(0) == 10


SAVER = """
import sys, torch, milepost
run = milepost.Run(sys.argv[1], keep=2, keep_best="loss")
state = run.restore()
step = 0 if state is None else state["step"] + 1
while True:
    state = {"model": {"w": torch.full((200_000,), float(step))}, "step": step, "loss": float(step % 7)}
    if step % 3: run.save(step, state)
    else: run.save_async(step, state).result()
    print(step, flush=True)
    step += 1
"""


def test_a_kill_at_any_moment_loses_nothing(tmp_path: Path) -> None:
    """As many kills as MILEPOST_KILLS says, else 6. The faults of single system calls are tested in C++."""
    kills = int(os.environ.get("MILEPOST_KILLS", "6"))
    moments = random.Random(1)
    returned = -1
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", SAVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(moments.uniform(0, 0.1))
            process.kill()
            lines = [first, *process.stdout.read().splitlines()]
        returned = max([returned, *(int(line) for line in lines if line.strip())])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            state = Run(tmp_path, keep=2).restore()
        assert state["step"] >= returned
        assert state["model"]["w"].eq(state["step"]).all()
    files = [each.name for each in tmp_path.iterdir()]
    assert len(files) <= 5, files


def test_distributed_checkpoints(tmp_path: Path) -> None:
    """In one process; ranks are tested in test_distributed.py."""
    run = Run(tmp_path, keep=2, keep_best="loss")
    for step in range(5):
        made = run.save(step, state(step, loss=float((step - 1) ** 2)), distributed=True)
    assert made.is_folder
    assert Path(made).name == "000005.step-4"
    assert steps(run) == [4, 3, 1]
    assert_same(run.restore(), state(4, loss=9.0))
    live = state(0, loss=0.0)
    assert run.restore(live) is live
    assert live["model"]["w"].eq(4).all()

    run.save(np.int64(7), state(7, loss=9))
    assert run.latest().step == 7
    with pytest.raises(milepost.InvalidArgumentError, match="single file"):
        run.restore(live)
    made = Path(run.save(8, state(8, loss=9), distributed=True))
    assert run.latest().step == 8
    (part,) = made.glob("part-*")
    content = bytearray(part.read_bytes())
    content[content.index(state(8)["model"]["w"].numpy().tobytes())] ^= 1
    part.write_bytes(content)
    with pytest.warns(SkippedCheckpointWarning, match=r"000007\.step-8"):
        assert run.latest().step == 7
    (made / "checkpoint.milepost").unlink()
    assert run.latest().step == 7
    assert run.save(9, state(9, loss=9)).number == 8
