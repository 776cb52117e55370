"""milepost.save and save_async: an object as a file."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from typing import Any

from milepost import _native, _parts
from milepost._encoding import Default, Encoding
from milepost._errors import Error, InvalidArgumentError
from milepost._files import Path, about, is_remote, text_of, write_file
from milepost._memory import Limits, Progress
from milepost._options import Codec


def save(
    obj: Any,
    path: Path,
    *,
    codec: Codec = "raw",
    level: int = 1,
    durable: bool = True,
    keep_previous: bool = False,
    create_only: bool = False,
    keep_storages: bool = False,
    threads: int = 0,
    default: Default | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> None:
    """Saves an object: afterwards `path` is the new file, or after an error the old one, never a part of one.

        milepost.save({"model": net.state_dict(), "optimizer": opt.state_dict(), "epoch": 3}, "run.milepost")

    What can be saved is None, bool, int, float, complex, str, bytes, bytearray, list, tuple, set, dict, OrderedDict,
    Counter; tensors, dtypes, devices, layouts and sizes of torch; arrays of NumPy and JAX. Each comes back equal and of
    the same type. Everything else is refused before anything is written, with its path, or given to `default`.

    path: of a file, or a URL of fsspec, such as s3://bucket/run.milepost: the object is replaced when all is written.
    codec: "raw" can be used in place, "planes" is smaller and nearly as fast, "smallest" takes time.
    level: of zstd, 1 to 19.
    durable: wait until the file is on the disk.
    keep_previous: the file that is replaced stays as PATH.prev.
    create_only: an error if there is a file at the path.
    keep_storages: a tensor that views a part of a large storage saves all of it; else what tensors view.
    threads: 0: as many as the machine has, at most 8.
    default: called with what cannot be saved; returns what is saved in its place, or raises TypeError. See plain().
    progress: called as progress(done, total), in bytes, by another thread; an exception of it ends the save.
    limits: as for load().

    Raises a subclass of Error: WrongTypeError, IoError and so on. After KeyboardInterrupt the old file is in place.
    """
    name = text_of(path)
    options = save_options(
        codec=codec,
        level=level,
        durable=durable,
        keep_previous=keep_previous,
        create_only=create_only,
        keep_storages=keep_storages,
        threads=threads,
        limits=limits,
    )
    with about(name):
        write_file(_parts.encode(obj, Encoding(default)), name, options, progress)


def save_options(
    *,
    codec: Codec = "raw",
    level: int = 1,
    durable: bool = True,
    keep_previous: bool = False,
    create_only: bool = False,
    keep_storages: bool = False,
    threads: int = 0,
    limits: Limits | None = None,
) -> dict[str, Any]:
    """The options of the extension."""
    return {
        "codec": codec,
        "zstd_level": level,
        "durable": durable,
        "keep_previous": keep_previous,
        "create_only": create_only,
        "compact": not keep_storages,
        "threads": threads,
        "limits": limits or {},
    }


_progress = threading.local()


class _Told:
    """Calls a progress function, and keeps the exception that ended the save."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.error: BaseException | None = None

    def __call__(self, done: int, total: int) -> None:
        _progress.is_running = True
        try:
            self._progress(done, total)
        except BaseException as error:
            self.error = error
            raise
        finally:
            _progress.is_running = False


class PendingSave:
    """A save that runs in the background. Any thread."""

    def __init__(self, native: _native.PendingSave, path: str, told: _Told | None) -> None:
        self._native = native
        self._path = path
        self._told = told
        self._process = os.getpid()

    def done(self) -> bool:
        """Whether it has ended, with success or not."""
        return self._native.is_done()

    def result(self, timeout: float | None = None) -> None:
        """Waits until it has ended. Raises the error of the save, or TimeoutError if it still runs after `timeout`
        seconds. Ctrl-C ends the waiting, not the save."""
        if self._process != os.getpid():
            raise InvalidArgumentError(f"{self._path}: the save belongs to the parent process", "option", self._path)
        if not self._native.wait_for(timeout):
            raise TimeoutError(f"{self._path}: the save still runs after {timeout} s")
        try:
            with about(self._path):
                self._native.result()
        except Error:
            if self._told is not None and self._told.error is not None:
                raise self._told.error from None
            raise

    def progress(self) -> tuple[int, int]:
        """Bytes that were handed over to be written, and all of them."""
        return self._native.progress()

    def cancel(self) -> None:
        """Asks the save to end: result() then raises CancelledError, and the path is as it was before. A save that
        has written all its bytes succeeds."""
        self._native.cancel()


class _Background:
    """The one saver of the process: it keeps the memory of a snapshot for the next one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._saver: _native.AsyncSaver | None = None
        self._last: _native.PendingSave | None = None
        self._is_closed = False

    def save(self, begin: Callable[[_native.AsyncSaver], _native.PendingSave]) -> _native.PendingSave:
        if getattr(_progress, "is_running", False):
            raise InvalidArgumentError(
                "save_async was called by the progress function of a save, for which it waits", "option"
            )
        with self._lock:
            if self._last is not None:
                self._last.wait_for(None)  # the saver would wait, too, but not for Ctrl-C
            self._saver = self._saver or _native.AsyncSaver()
            self._last = begin(self._saver)
            if self._is_closed:
                self._last.wait_for(None)
            return self._last

    def close(self) -> None:
        """When the process ends: waits for the save. One that begins later is waited for at once."""
        self._is_closed = True
        if self._last is not None:
            self._last.wait_for(None)


_background = _Background()
_of_parents: list[_Background] = []


def _close() -> None:
    _background.close()


def _begin_anew() -> None:
    """In a child process: the threads of the saver are those of the parent. What it has is never destroyed here."""
    global _background  # noqa: PLW0603
    _of_parents.append(_background)
    _background = _Background()


# Before any function that a program registers after it has imported the package: those are called first.
atexit.register(_close)
os.register_at_fork(after_in_child=_begin_anew)


def save_async(
    obj: Any,
    path: Path,
    *,
    codec: Codec = "raw",
    level: int = 1,
    durable: bool = True,
    keep_previous: bool = False,
    create_only: bool = False,
    keep_storages: bool = False,
    threads: int = 0,
    default: Default | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> PendingSave:
    """Copies the tensors of an object and saves them in the background; training may change them when this returns.

        pending = milepost.save_async(state, "run.milepost")
        ...
        pending.result()

    Waits for the end of an earlier save_async first. What can be wrong with the object, the path and the options is
    raised here, the errors of the save itself by result(). The options are those of save(). Takes as much memory as the
    tensors have, and keeps it for the next call. The process does not end before the save has.
    """
    name = text_of(path)
    options = save_options(
        codec=codec,
        level=level,
        durable=durable,
        keep_previous=keep_previous,
        create_only=create_only,
        keep_storages=keep_storages,
        threads=threads,
        limits=limits,
    )
    told = None if progress is None else _Told(progress)
    with about(name):
        if is_remote(name):
            raise InvalidArgumentError("save_async saves to files only: use save() on a thread of your own", "option")
        contents = _parts.encode(obj, Encoding(default))
        native = _background.save(lambda saver: saver.save_async(contents, os.fsencode(name), options, told))
    return PendingSave(native, name, told)
