"""Files behind fsspec: in memory, whose calls are counted, and on a local server of S3, whose requests are."""

# ruff: noqa: E402  (what is imported after the skip needs PyTorch)
from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

torch = pytest.importorskip("torch")


import milepost
import milepost.torch
from milepost import _remote
from milepost.torch import distributed
from same import assert_same

fsspec = pytest.importorskip("fsspec")


@dataclass
class Requests:
    """What was asked of a store: the name of the file, and the range of bytes or None for other requests."""

    seen: list[tuple[str, range | None]] = field(default_factory=list)

    def ranges(self, name: str = "") -> list[range]:
        return [asked for path, asked in self.seen if asked is not None and name in path]

    def nbytes(self, name: str = "") -> int:
        return sum(map(len, self.ranges(name)))


@dataclass
class Store:
    url: str
    requests: Requests

    def file(self, name: str) -> str:
        return f"{self.url}/{name}"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    from fsspec.implementations.memory import MemoryFileSystem

    requests, real = Requests(), MemoryFileSystem.cat_file

    def counted(self: Any, path: str, start: Any = None, end: Any = None, **options: Any) -> Any:
        requests.seen.append((path, range(start, end)))
        return real(self, path, start, end, **options)

    monkeypatch.setattr(MemoryFileSystem, "cat_file", counted)
    yield Store(f"memory://{uuid.uuid4().hex}", requests)
    MemoryFileSystem.store.clear()


class Counting:
    """An application of WSGI around another one, which counts requests."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.requests = Requests()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        asked = None
        if environ["REQUEST_METHOD"] == "GET" and (given := environ.get("HTTP_RANGE")):
            begin, end = given.removeprefix("bytes=").split("-")
            asked = range(int(begin), int(end) + 1)
        self.requests.seen.append((f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", asked))
        return self.inner(environ, start)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, Counting]]:
    """moto, on a port of this machine."""
    pytest.importorskip("s3fs")
    moto_server = pytest.importorskip("moto.server", reason="moto[server] is not installed: no S3 to test against")
    from werkzeug.serving import make_server

    counting = Counting(moto_server.DomainDispatcherApplication(moto_server.create_backend_app))
    served = make_server("127.0.0.1", 0, counting, threaded=True)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}", counting
    served.shutdown()
    thread.join()


@pytest.fixture
def s3(server: tuple[str, Counting], monkeypatch: pytest.MonkeyPatch) -> Store:
    from s3fs import S3FileSystem

    endpoint, counting = server
    options = {"endpoint_url": endpoint, "key": "test", "secret": "test", "client_kwargs": {"region_name": "us-west-2"}}
    monkeypatch.setitem(fsspec.config.conf, "s3", options)
    bucket = f"bucket-{uuid.uuid4().hex[:8]}"
    S3FileSystem.clear_instance_cache()
    fsspec.filesystem("s3").mkdir(bucket)
    counting.requests.seen.clear()
    return Store(f"s3://{bucket}", counting.requests)


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    made: Store = request.getfixturevalue(request.param)
    return made


STATE = {"model": {"w": torch.arange(24.0).reshape(4, 6)}, "epoch": 3, "rng": (1, torch.ones(3, dtype=torch.uint8))}


def test_one_file(store: Store) -> None:
    url = store.file("run/a.milepost")
    for number in (1, 2):
        milepost.save({**STATE, "epoch": number}, url)
        assert_same({**STATE, "epoch": number}, milepost.load(url))
    assert_same(STATE["model"], milepost.load(url, verify="full")["model"])
    with milepost.safe_open(url, "pt") as file:
        assert file.get_slice("model/w")[1:3, ::2].tolist() == [[6, 8, 10], [12, 14, 16]]
    milepost.torch.save_file({"x": torch.ones(3)}, url)
    assert milepost.torch.load_file(url)["x"].tolist() == [1, 1, 1]
    with pytest.raises(milepost.InvalidArgumentError, match="there is a file already"):
        milepost.save(STATE, url, create_only=True)
    with pytest.raises(milepost.InvalidArgumentError, match="keep_previous"):
        milepost.save(STATE, url, keep_previous=True)
    with pytest.raises(milepost.InvalidArgumentError, match="save_async saves to files only"):
        milepost.save_async(STATE, url)
    with pytest.raises(milepost.MissingFileError, match="there is no such file") as caught:
        milepost.load(store.file("run/none.milepost"))
    assert caught.value.path == store.file("run/none.milepost")


def test_opening_takes_two_ranges_and_a_tensor_those_of_its_chunks(store: Store) -> None:
    url = store.file("large.milepost")
    milepost.save({"model": {f"w{i}": torch.full((1 << 20,), float(i)) for i in range(8)}}, url)
    store.requests.seen.clear()
    with milepost.safe_open(url, "pt") as file:
        assert len(store.requests.ranges()) == 2
        assert store.requests.nbytes() < 300_000
        store.requests.seen.clear()
        assert torch.equal(file.get_tensor("model/w3"), torch.full((1 << 20,), 3.0))
        assert store.requests.nbytes() == 4 << 20
        store.requests.seen.clear()
        assert file.get_slice("model/w5")[100:103].tolist() == [5.0] * 3
        assert store.requests.nbytes() == 1 << 20
        assert len(store.requests.ranges()) == 1


def test_an_index_that_is_large_takes_one_range_more(memory: Store) -> None:
    url = memory.file("many.milepost")
    state = {"model": {f"layer.{i}.weight": torch.ones(1) for i in range(6000)}}
    milepost.save(state, url)
    memory.requests.seen.clear()
    with milepost.safe_open(url, "pt") as file:
        assert len(file.keys()) == 6000
    assert len(memory.requests.ranges()) == 3


def test_a_folder_is_read_by_ranges(store: Store, tmp_path: Any) -> None:
    folder, file = store.file("run/step-1"), str(tmp_path / "whole.milepost")
    state = {"a": torch.arange(3.0 * (1 << 20)).reshape(3, -1), "b": torch.ones(3, 5), "epoch": 3}
    milepost.save(state, file)
    distributed.split(file, folder, parts=3)
    distributed.verify(folder)
    assert_same(state, distributed.read(folder))
    names = {part.file for part in distributed._record.read(distributed._record.Folder(folder)).parts}
    store.requests.seen.clear()
    assert distributed.read(folder, ["epoch"]) == {"epoch": 3}
    # The record, which is small, and one part: its end and its header. Nothing of the other parts.
    assert len(store.requests.ranges("checkpoint.milepost")) == 1
    asked = {name for name in names if any(name in path for path, _ in store.requests.seen)}
    assert len(asked) == 1
    assert len(store.requests.ranges()) == 3
    store.requests.seen.clear()
    row = torch.zeros(3, 5)
    distributed.load({"b": row}, folder)
    assert row.sum() == 15
    assert len(store.requests.ranges()) <= 1 + 3 * 3
    assert store.requests.nbytes() < 3 * 300_000 + 50_000


def test_a_folder_is_saved_to_again(store: Store) -> None:
    folder = store.file("run/latest")
    for number in (1, 2):
        state = {**STATE, "epoch": number}
        distributed.save(state, folder)
        assert_same(state, distributed.read(folder))
        assert len(_remote.entries(folder)) == 2
    target = {"model": {"w": torch.zeros(4, 6)}, "epoch": None, "rng": None}
    distributed.load(target, folder)
    assert_same(state, target)
    distributed.consolidate(folder, store.file("one.milepost"))
    assert_same(state, milepost.load(store.file("one.milepost")))
    with pytest.raises(milepost.MissingFileError, match="is not a checkpoint"):
        distributed.read(store.file("run/none"))
    _remote.remove(f"{folder}/{next(name for name in _remote.entries(folder) if name.startswith('part-'))}")
    with pytest.raises(milepost.CorruptError, match=r"part-\w+-00000\.milepost is missing"):
        distributed.read(folder)


def test_an_object_that_another_client_replaced_is_read_anew(s3: Store) -> None:
    from s3fs import S3FileSystem

    url = s3.file("a.milepost")
    milepost.save({"a": 1}, url)
    ours = fsspec.filesystem("s3")
    ours.ls(s3.url)  # is kept, with the size of the object
    other = S3FileSystem(**fsspec.config.conf["s3"], skip_instance_cache=True)
    other.pipe_file(url, milepost.torch.save({"b": torch.ones(1000)}))
    assert milepost.torch.load_file(url)["b"].sum() == 1000


def test_an_upload_that_fails_leaves_the_old_object(s3: Store) -> None:
    url = s3.file("a.milepost")
    milepost.save({"a": 1}, url)
    large = {"a": torch.ones(30 << 20)}  # in several requests

    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        milepost.save(large, url, progress=stop)
    assert milepost.load(url) == {"a": 1}
    assert list(_remote.entries(s3.url)) == ["a.milepost"]


def test_errors_of_the_store_are_ours(memory: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from fsspec.implementations.memory import MemoryFile, MemoryFileSystem

    url = memory.file("a.milepost")
    milepost.save({"a": torch.ones(300_000)}, url)

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise PermissionError("the key is wrong")

    with monkeypatch.context() as patch:
        file = milepost.safe_open(url, "pt")
        patch.setattr(MemoryFileSystem, "cat_file", refuse)
        with pytest.raises(milepost.IoError, match="PermissionError: the key is wrong"):
            file.get_tensor("a")
        with pytest.raises(milepost.IoError, match="PermissionError: the key is wrong") as caught:
            milepost.load(url)
        assert caught.value.path == url
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFile, "write", refuse)
        with pytest.raises(milepost.IoError, match="PermissionError: the key is wrong"):
            milepost.save({"a": 1}, url)
    with pytest.raises(milepost.InvalidArgumentError, match="nowhere"):
        milepost.load("nowhere://x/y")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImportError, match=r"milepost\[remote\]"):
        milepost.load(url)


def test_a_file_url_is_a_path(path: str) -> None:
    for _ in range(2):
        milepost.save({"a": 1}, f"file://{path}", keep_previous=True)  # which fsspec does not have
    assert milepost.load(path) == {"a": 1}
    assert milepost.load(f"file://{path}") == {"a": 1}
