"""Opening files, and options as the extension takes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

from milepost import _native
from milepost._errors import Error, InvalidArgumentError
from milepost._memory import Limits, Progress

Path = str | os.PathLike[str]
Verify = Literal["on_access", "full", "never"]


class Entry(NamedTuple):
    """A file of a folder."""

    nbytes: int
    #: Seconds since 1970; None where the store does not tell.
    modified: float | None


_CHECKS = {"on_access": "first_access", "full": "first_access", "never": "never"}


def text_of(path: Path) -> str:
    """Raises TypeError for what is not a path. A file:// URL is the path that it names."""
    text = os.fsdecode(path)
    return text.removeprefix("file://") if text.startswith("file:///") else text


def is_remote(path: str) -> bool:
    """Whether fsspec opens it: s3://bucket/run.milepost and so on."""
    return "://" in path


@contextmanager
def about(path: str) -> Iterator[None]:
    """Errors of the block have the attribute `path`."""
    try:
        yield
    except Error as error:
        error.path = path
        raise


def check_of(verify: Verify) -> str:
    """The word of the extension."""
    if verify not in _CHECKS:
        raise InvalidArgumentError(f"verify is {verify!r}, not one of 'on_access', 'full', 'never'", "option")
    return _CHECKS[verify]


def open_file(
    path: Path,
    *,
    verify: Verify = "on_access",
    mmap: bool = True,
    threads: int = 0,
    limits: Limits | None = None,
    digest: str | None = None,
) -> _native.File:
    """Opens a file, which may be remote; of another format only a local one, whose format checks what is read.
    `verify="full"` checks all of it, and not only what is asked for. A file with another digest is refused."""
    options: dict[str, Any] = {
        "check": check_of(verify),
        "access": "automatic" if mmap and not is_remote(text_of(path)) else "read",
        "threads": threads,
        "limits": limits or {},
        "digest": digest,
    }
    name = text_of(path)
    with about(name):
        file = _open(name, options)
        if verify == "full" and file.format == "milepost":
            verify_file(file, threads)
    return file


def _open(name: str, options: dict[str, Any]) -> _native.File:
    if not is_remote(name):
        return _native.File.open(os.fsencode(name), options)
    from milepost import _remote

    return _remote.open_file(name, options)


def write_file(contents: _native.Checkpoint, name: str, options: dict[str, Any], progress: Progress | None) -> None:
    """Saves what is to be saved to a path, which may be remote."""
    if not is_remote(name):
        contents.save(os.fsencode(name), options, progress)
        return
    from milepost import _remote

    _remote.save(contents, name, options, progress)


def open_bytes(data: bytes) -> _native.File:
    return _native.File.of_bytes(data, {})


def verify_file(file: _native.File, threads: int) -> None:
    report = file.verify(threads, None)
    if report["damage_count"]:
        condition, message, _, _ = report["damage"][0]
        more = report["damage_count"] - 1
        raise _native_error(condition, message + (f" (and {more} more damaged ranges)" if more else ""))


def _native_error(condition: str, message: str) -> Error:
    from milepost._errors import make

    return make("io_error" if condition == "read" else "corrupt", condition, message)
