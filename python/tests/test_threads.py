"""Several threads at once, with and without the GIL: what docs/wheel.md promises of each object."""

from __future__ import annotations

import sys
import sysconfig
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import milepost
import milepost.numpy
from milepost import _native, _numpy_arrays
from same import assert_same

#: CPython 3.13 without the GIL crashes by itself when two threads change one bytearray.
BYTEARRAYS_ARE_SAFE = not sysconfig.get_config_var("Py_GIL_DISABLED") or sys.version_info >= (3, 14)
THREADS = 8
ROUNDS = 20


def together(work: Callable[[int], object], threads: int = THREADS) -> None:
    """Runs work(number) on threads that begin at the same time, and raises the first exception of one."""
    start = threading.Barrier(threads)
    raised: list[BaseException] = []

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for each in running:
        each.start()
    for each in running:
        each.join()
    if raised:
        raise raised[0]


def state_of(number: int) -> dict[str, Any]:
    return {
        "arrays": {"a": np.full((64, 64), float(number)), "b": np.arange(1000) + number, "empty": np.zeros(0)},
        "epoch": number,
        "values": [number, (2**100 + number, {"x": bytearray(b"abc")}), {number, "y"}],
    }


@pytest.fixture(params=["raw", "smallest"])
def saved(request: Any, path: str) -> str:
    milepost.save(state_of(1), path, codec=request.param, durable=False)
    return path


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python always has the GIL")
def test_the_gil_stays_off() -> None:
    assert not sys._is_gil_enabled()  # type: ignore[attr-defined]


def test_all_load_one_file(saved: str) -> None:
    def work(number: int) -> None:
        for _ in range(ROUNDS):
            assert_same(milepost.load(saved, threads=2), state_of(1))

    together(work)


def test_each_saves_and_loads_its_own(tmp_path: Path) -> None:
    def work(number: int) -> None:
        path = tmp_path / f"{number}.milepost"
        for codec in ("raw", "planes", "zstd", "smallest") * (ROUNDS // 4):
            milepost.save(state_of(number), path, codec=codec, durable=False)
            assert_same(milepost.load(path), state_of(number))

    together(work)


def test_all_save_to_one_path(path: str) -> None:
    def work(number: int) -> None:
        for _ in range(ROUNDS):
            milepost.save(state_of(number), path, durable=False)
            loaded = milepost.load(path, verify="full")
            assert_same(loaded, state_of(loaded["epoch"]))

    together(work)
    assert [each.name for each in Path(path).parent.iterdir()] == [Path(path).name]


def test_all_save_one_object(tmp_path: Path) -> None:
    state = state_of(3)

    def work(number: int) -> None:
        for _ in range(ROUNDS):
            milepost.save(state, tmp_path / f"{number}.milepost", durable=False)

    together(work)
    assert len({each.read_bytes() for each in tmp_path.iterdir()}) == 1


def test_all_read_one_open_file(saved: str) -> None:
    expected = state_of(1)["arrays"]
    with milepost.open(saved) as file, milepost.safe_open(saved, "np") as tensors:

        def work(number: int) -> None:
            for turn in range(ROUNDS):
                name = "ab"[(number + turn) % 2]
                path = f"arrays/{name}"
                assert_same(file[path].numpy(), expected[name])
                assert_same(file[path][3:9].numpy(), expected[name][3:9])
                assert_same(tensors.get_tensor(path), expected[name])
                assert_same(tensors.get_slice(path)[5:], expected[name][5:])
                assert file.get("epoch") == 1
                assert file.verify() == []
                assert sorted(file) == tensors.keys()

        together(work)


def read_until_closed(file: milepost.File, tensors: milepost.safe_open) -> None:
    while True:
        assert file["arrays/a"].numpy()[0, 0] == 1.0
        assert tensors.get_tensor("arrays/a")[63, 63] == 1.0


def test_one_closes_while_others_read(saved: str) -> None:
    for _ in range(ROUNDS):
        file, tensors = milepost.open(saved), milepost.safe_open(saved, "np")

        def work(number: int, file: milepost.File = file, tensors: milepost.safe_open = tensors) -> None:
            if number == 0:
                file.close()
                tensors.__exit__(None, None, None)
                return
            with pytest.raises(milepost.InvalidArgumentError, match="is closed"):
                read_until_closed(file, tensors)

        together(work)


@pytest.mark.parametrize(("opened", "attribute"), [("open", "_native"), ("safe_open", "_file")])
def test_a_file_that_another_thread_closes_is_looked_at_once(saved: str, opened: str, attribute: str) -> None:
    """The other thread closes it right after the first look."""
    file = milepost.open(saved) if opened == "open" else milepost.safe_open(saved, "np")
    looks = [getattr(file, attribute)]

    class Closing(type(file)):  # type: ignore[misc]
        pass

    setattr(Closing, attribute, property(lambda self: looks.pop() if looks else None))
    del vars(file)[attribute]
    file.__class__ = Closing
    assert file._opened() is not None
    with pytest.raises(milepost.InvalidArgumentError, match="is closed"):
        file._opened()


def test_saves_in_the_background(tmp_path: Path) -> None:
    def work(number: int) -> None:
        path = tmp_path / f"{number}.milepost"
        for turn in range(ROUNDS // 4):
            pending = milepost.save_async(state_of(turn), path, durable=False, progress=lambda done, total: None)
            if number % 2:
                pending.cancel()
            try:
                pending.result()
                assert milepost.load(path)["epoch"] == turn
            except milepost.CancelledError:
                assert number % 2
            assert pending.done()

    together(work)


def test_all_ask_one_save_in_the_background(path: str) -> None:
    pending = milepost.save_async(state_of(5), path, durable=False)

    def work(number: int) -> None:
        while not pending.done():
            assert pending.progress()[0] >= 0
        pending.result()

    together(work)
    assert_same(milepost.load(path), state_of(5))


def test_an_object_that_changes_while_it_is_saved(path: str) -> None:
    """What is saved is some mixture; but it is a file, or an error, and nothing else."""
    state: dict[str, Any] = {"list": [], "dict": {}, "bytes": bytearray(), "set": set()}
    is_saved = threading.Event()

    def work(number: int) -> None:
        if number == 0:
            try:
                for _ in range(ROUNDS):
                    with suppress(RuntimeError):  # a set or a dict changed its size during the iteration
                        milepost.save(state, path, durable=False)
                        assert set(milepost.load(path)) == set(state)
            finally:
                is_saved.set()
        turn = 0
        while not is_saved.is_set():
            turn = (turn + 1) % 100
            state["list"][turn:] = [number] * turn
            state["dict"][number, turn] = turn
            state["dict"].pop((number, turn - 1), None)
            if BYTEARRAYS_ARE_SAFE:
                state["bytes"][turn * 50 :] = b"x" * 50
            state["set"] ^= {turn}

    together(work, 3)


def test_what_is_saved_has_one_user_at_a_time(path: str) -> None:
    """Of the extension: the package makes one for each save."""
    again: list[Any] = []  # emptied below: an object that its own hook refers to would never be freed

    def hook(given: object, path: str) -> object:
        if isinstance(given, np.ndarray):
            return _numpy_arrays.encode(given, path, {})
        again[0].add_value("inner", 1)
        return None

    contents = _native.Checkpoint(hook)
    again.append(contents)
    with pytest.raises(milepost.InvalidArgumentError, match="in use"):
        contents.add_value("outer", object())
    contents.add_value("later", np.ones(1 << 20))
    with pytest.raises(milepost.InvalidArgumentError, match="in use"):
        contents.save(path.encode(), {"durable": False}, lambda done, total: contents.set_order([]))
    again.clear()
    assert not Path(path).exists()
    contents.save(path.encode(), {"durable": False}, None)
    assert milepost.load(path, framework="numpy")["later"].sum() == 1 << 20
