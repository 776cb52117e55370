"""Background saves, errors across processes, Ctrl-C, threads, fork."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import milepost
from same import assert_same

torch = pytest.importorskip("torch")


def state(value: float = 1.0, count: int = 1000) -> dict[str, Any]:
    return {"model": {"w": torch.full((count,), value), "b": torch.full((3,), value)}, "value": value}


def test_a_save_in_the_background_is_of_the_state_at_its_beginning(path: str) -> None:
    given = state(count=4_000_000)
    calls: list[tuple[int, int]] = []
    pending = milepost.save_async(given, path, progress=lambda done, total: calls.append((done, total)))
    given["model"]["w"].fill_(5)
    pending.result()
    pending.result(timeout=0)
    assert pending.done()
    done, total = pending.progress()
    assert done == total == 4 * 4_000_003
    assert calls[-1] == (done, total)
    assert milepost.load(path)["model"]["w"].eq(1).all()


def test_errors_of_a_background_save(path: str) -> None:
    with pytest.raises(milepost.WrongTypeError):
        milepost.save_async({"x": object()}, path)
    with pytest.raises(milepost.IoError):
        milepost.save_async(state(), path + "/none/x")
    milepost.save(state(), path)
    with pytest.raises(milepost.InvalidArgumentError):
        milepost.save_async(state(), path, create_only=True)

    def fail(done: int, total: int) -> None:
        raise RuntimeError("stop")

    pending = milepost.save_async(state(2.0, 4_000_000), path, progress=fail)
    with pytest.raises(RuntimeError, match="stop"):
        pending.result()
    assert milepost.load(path)["value"] == 1.0


def test_cancel_leaves_the_old_file(path: str) -> None:
    milepost.save(state(1.0), path)
    begun = threading.Event()
    pending = milepost.save_async(state(2.0, 30_000_000), path, progress=lambda done, total: begun.set())
    begun.wait(30)
    pending.cancel()
    try:
        pending.result()
    except milepost.CancelledError:
        assert milepost.load(path)["value"] == 1.0
    else:  # it had written all its bytes
        assert milepost.load(path)["value"] == 2.0


def test_the_process_ends_after_the_save(path: str) -> None:
    program = "import sys, torch, milepost; milepost.save_async({'w': torch.ones(20_000_000), 'n': 1}, sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, path], check=True)
    assert milepost.load(path)["w"].sum() == 20_000_000


def test_progress_and_its_exceptions(path: str) -> None:
    calls: list[tuple[int, int]] = []
    milepost.save(state(), path, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1][0] == calls[-1][1] > 0
    milepost.load(path, progress=lambda done, total: calls.append((done, total)))

    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        milepost.save(state(2.0), path, progress=stop)
    for options in ({}, {"mmap": False}):
        with pytest.raises(Stop):
            milepost.load(path, progress=stop, **options)
    assert milepost.load(path)["value"] == 1.0
    assert [each.name for each in Path(path).parent.iterdir()] == ["file.milepost"]


@pytest.mark.parametrize("call", ["save", "load"])
def test_ctrl_c_ends_the_call_and_leaves_the_old_file(path: str, call: str) -> None:
    """The call lasts as long as its progress function takes, so the signal comes while it runs."""
    milepost.save({"w": torch.ones(20_000_000), "n": 1}, path)
    program = (
        "import signal, sys, time, torch, milepost\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # which the tests may have been started without
        "def slow(done, total):\n"
        "    if done: print('begun', flush=True); time.sleep(0.2)\n"
        "try:\n"
        "    if sys.argv[2] == 'load': milepost.load(sys.argv[1], mmap=False, progress=slow)\n"
        "    else: milepost.save({'w': torch.zeros(20_000_000), 'n': 2}, sys.argv[1], progress=slow)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
        "else: print('ended')\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, path, call], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        rest = process.stdout.read()
    assert rest.endswith("interrupted\n")
    assert time.monotonic() - begun < 10
    assert milepost.load(path)["n"] == 1
    assert [each.name for each in Path(path).parent.iterdir()] == ["file.milepost"]


ERRORS = [
    each
    for name in milepost.__all__
    if isinstance(each := getattr(milepost, name), type) and issubclass(each, milepost.Error)
]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_errors_can_be_pickled(kind: Any) -> None:
    error = kind("a/b: it's wrong", "chunk_checksum", "/x")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), copy.condition, copy.path, copy.code) == ("a/b: it's wrong", "chunk_checksum", "/x", kind.code)


def test_each_code_has_one_class() -> None:
    codes = [kind.code for kind in ERRORS if kind.__base__ is milepost.Error or milepost.Error in kind.__bases__]
    assert len(codes) == len(set(codes)) == 11


def load_in_child(path: str) -> float:
    return float(milepost.load(path)["model"]["w"].sum())


def error_in_child(path: str) -> None:
    milepost.load(path)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*fork")
def test_other_processes(path: str, method: str) -> None:
    milepost.save(state(), path)
    kept = milepost.load(path)
    pending = milepost.save_async(state(2.0), path + "2")
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        assert pool.map(load_in_child, [path] * 4) == [1000.0] * 4
        with pytest.raises(milepost.MissingFileError) as caught:
            pool.apply(error_in_child, (path + ".none",))
    assert caught.value.path == path + ".none"
    pending.result()
    assert kept["model"]["w"].sum() == 1000


class Images(torch.utils.data.Dataset[Any]):
    def __init__(self, path: str) -> None:
        self.images = milepost.load(path)["images"]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Any:
        return self.images[index]


@pytest.mark.filterwarnings("ignore:.*fork")
def test_workers_of_a_data_loader_read_the_mapped_file(path: str) -> None:
    milepost.save({"images": torch.arange(64.0).reshape(16, 4), "n": 1}, path)
    loader = torch.utils.data.DataLoader(Images(path), batch_size=4, num_workers=2)
    assert torch.equal(torch.cat(list(loader)), torch.arange(64.0).reshape(16, 4))


def test_many_threads(path: str) -> None:
    milepost.save(state(), path)

    def work(number: int) -> None:
        own = f"{path}.{number % 4}"
        for _ in range(20):
            loaded = milepost.load(path)
            assert_same(loaded, state())
            milepost.save(loaded, own, durable=False)
            with milepost.safe_open(path, "pt") as file:
                assert file.get_slice("model/w")[5:8].sum() == 3

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


def test_other_threads_run_meanwhile(path: str) -> None:
    """The GIL is not held while a call reads, hashes, decodes and writes."""
    given = {"w": torch.ones(30_000_000), "n": 1}
    for call in (
        lambda: milepost.save(given, path, durable=False, codec="zstd"),
        lambda: milepost.load(path),
        lambda: milepost.load(path, mmap=False),
    ):
        worker = threading.Thread(target=call)
        worker.start()
        longest, last = 0.0, time.monotonic()
        while worker.is_alive():
            time.sleep(0.001)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        assert longest < 0.15 or os.cpu_count() == 1


def test_paths(tmp_path: Path) -> None:
    milepost.save(1, tmp_path / "ä.milepost")
    assert milepost.load(tmp_path / "ä.milepost") == 1
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    milepost.save(2, odd)
    assert milepost.load(odd) == 2
    with pytest.raises(milepost.MissingFileError):
        milepost.load(odd + "x")
    with pytest.raises(TypeError):
        milepost.load(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("progress", ["None", "lambda done, total: None"])
def test_a_save_that_begins_when_the_process_ends_is_finished(path: str, progress: str) -> None:
    program = (
        "import atexit, sys, torch, milepost\n"
        "def last():\n"
        f"    milepost.save_async({{'w': torch.zeros(20_000_000), 'n': 1}}, sys.argv[1], progress={progress})\n"
        "atexit.register(last)\n"
    )
    subprocess.run([sys.executable, "-c", program, path], check=True)
    assert milepost.load(path)["n"] == 1


@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_process_has_a_saver_of_its_own(path: str) -> None:
    pending = milepost.save_async(state(1.0, 20_000_000), path)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with pytest.raises(milepost.InvalidArgumentError, match="parent"):
                pending.result()
            milepost.save_async(state(2.0), path + "2").result()
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    pending.result()
    assert milepost.load(path + "2")["value"] == 2.0


def test_a_save_in_the_progress_function_of_a_save_is_an_error(path: str) -> None:
    def again(done: int, total: int) -> None:
        milepost.save_async(state(2.0), path + "2")

    with pytest.raises(milepost.InvalidArgumentError, match="progress function"):
        milepost.save_async(state(), path, progress=again).result()


def test_without_threads_the_calling_one_does_all(path: str) -> None:
    milepost.save({str(number): torch.ones(2_000_000) for number in range(8)}, path)
    program = (
        "import resource, sys, torch, milepost\n"
        "_, most = resource.getrlimit(resource.RLIMIT_NPROC)\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size + (150 << 20), -1))\n"
        "import threading; threading.stack_size(0)\n"
        "resource.setrlimit(resource.RLIMIT_STACK, (64 << 20, resource.RLIM_INFINITY))\n"
        "assert milepost.load(sys.argv[1], threads=8)['0'].sum() == 2_000_000\n"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or (done.returncode == 1 and "milepost._errors" in done.stderr), done.stderr
