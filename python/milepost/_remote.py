"""Files that fsspec reaches, such as s3://bucket/run.milepost. Imported for paths with "://" alone."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from typing import Any

from milepost import _native
from milepost._errors import Error, InvalidArgumentError, IoError, MissingFileError
from milepost._files import Entry
from milepost._memory import Progress

#: Fetched at once when a file is opened: the footer, and both copies of the index of a thousand tensors.
_TAIL_NBYTES = 256 << 10


def filesystem(url: str) -> tuple[Any, str]:
    """The file system of fsspec, and the path in it. Raises ImportError that names what has to be installed."""
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise ImportError(
            f"{url} is a URL of fsspec, which is not installed: pip install 'milepost[remote]'", name="fsspec"
        ) from error
    try:
        found, path = url_to_fs(url)
    except ValueError as error:
        raise InvalidArgumentError(f"{url}: {error}", "option", url) from error
    return found, path


@contextlib.contextmanager
def translated(url: str, condition: str) -> Iterator[None]:
    """What a store raises in the block becomes MissingFileError or IoError, with the URL."""
    try:
        yield
    except (Error, ImportError):
        raise
    except FileNotFoundError as error:
        raise MissingFileError(f"{url}: there is no such file", "file", url) from error
    except Exception as error:
        raise IoError(f"{url}: {type(error).__name__}: {error}", condition, url) from error


class Ranges:
    """The bytes of one file, by ranges. Any thread."""

    def __init__(self, url: str) -> None:
        self._fs, self._path = filesystem(url)
        self._fs.invalidate_cache(self._path)  # of listings, in which a file that was replaced has its old size
        self.nbytes = int(self._fs.info(self._path)["size"])
        self._tail_begin = max(0, self.nbytes - _TAIL_NBYTES)
        self._tail = self._fetch(self._tail_begin, self.nbytes) if self.nbytes else b""

    def _fetch(self, begin: int, end: int) -> bytes:
        data: bytes = self._fs.cat_file(self._path, start=begin, end=end)
        if len(data) != end - begin:
            raise OSError(f"asked for bytes {begin} to {end}, got {len(data)}")
        return data

    def read(self, offset: int, view: memoryview) -> None:
        """Fills the view with the bytes from the offset on."""
        end = offset + len(view)
        tail, begin = self._tail, self._tail_begin
        if tail and offset >= begin:
            view[:] = tail[offset - begin : end - begin]
        else:
            view[:] = self._fetch(offset, end)

    def forget_tail(self) -> None:
        """After opening, when nobody reads the index again. What is not larger than that stays in memory."""
        if self._tail_begin > 0:
            self._tail = b""


def open_file(url: str, options: dict[str, Any]) -> _native.File:
    """Opens a file with one request for its size and two for ranges, three if its index is large."""
    with translated(url, "open"):
        ranges = Ranges(url)
    opened = _native.File.of_callable(ranges.read, ranges.nbytes, options)
    ranges.forget_tail()
    return opened


def save(contents: _native.Checkpoint, url: str, options: dict[str, Any], progress: Progress | None) -> None:
    """Uploads a file. The object at the URL is replaced when all of it is there; after an error it is the old one."""
    options = dict(options)
    if options.pop("keep_previous", False):
        raise InvalidArgumentError(f"{url}: keep_previous works for local files only", "option")
    create_only = options.pop("create_only", False)
    with translated(url, "write"):
        fs, path = filesystem(url)
        if create_only and fs.exists(path):
            raise InvalidArgumentError(f"{url}: there is a file already", "target")
        upload = fs.open(path, "wb", autocommit=False)
        try:
            contents.save_to_callable(upload.write, options, progress)
            upload.close()
            upload.commit()
        except BaseException:
            _discard(upload)
            raise
        fs.invalidate_cache(path)


def _discard(upload: Any) -> None:
    with contextlib.suppress(Exception):
        upload.discard()
    with contextlib.suppress(AttributeError):
        upload.closed = True  # else its destructor would upload what was written so far


def make_folder(url: str) -> None:
    with translated(url, "write"):
        fs, path = filesystem(url)
        fs.makedirs(path, exist_ok=True)


def entries(url: str) -> dict[str, Entry]:
    """The files of a folder by name; none if there is no such folder."""
    with translated(url, "read"):
        fs, path = filesystem(url)
        fs.invalidate_cache(path)
        try:
            listed = fs.ls(path, detail=True)
        except FileNotFoundError:
            return {}
        return {each["name"].rstrip("/").rsplit("/", 1)[-1]: _entry(each) for each in listed if each["type"] == "file"}


def _entry(listed: dict[str, Any]) -> Entry:
    """Each store has a word of its own for the time of the last change."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        found = listed.get(key)
        if isinstance(found, datetime.datetime):
            return Entry(listed["size"] or 0, found.timestamp())
        if isinstance(found, int | float):
            return Entry(listed["size"] or 0, float(found))
    return Entry(listed["size"] or 0, None)


def remove(url: str) -> None:
    with translated(url, "write"):
        fs, path = filesystem(url)
        fs.rm_file(path)
