"""The folder of a checkpoint, on a disk or behind fsspec: the names of its files, and what can be done with them."""

from __future__ import annotations

import contextlib
import os
import re
import secrets

from milepost._files import Entry, Path, is_remote, text_of

#: The commit record. milepost.Run knows the name too: a folder is a checkpoint exactly if this file is in it.
RECORD_NAME = "checkpoint.milepost"
_PART_NAME = re.compile(r"part-([0-9a-f]{16})-([0-9]{5,10})\.milepost")


def new_save_id() -> str:
    """A random id: the parts of two saves never have one name."""
    return secrets.token_hex(8)


def part_name(save_id: str, number: int) -> str:
    return f"part-{save_id}-{number:05}.milepost"


def is_part_name(name: str) -> bool:
    return _PART_NAME.fullmatch(name) is not None


class Folder:
    """A folder, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = text_of(path)

    def file(self, name: str) -> str:
        return f"{self.path.rstrip('/')}/{name}" if is_remote(self.path) else os.path.join(self.path, name)

    def make(self, *, durable: bool = True) -> None:
        """Makes it and the folders that it is in. If durable, their names are on the disk afterwards."""
        if is_remote(self.path):
            from milepost import _remote

            _remote.make_folder(self.path)
            return
        missing = []
        at = os.path.abspath(self.path)
        while not os.path.isdir(at):
            missing.append(at)
            at = os.path.dirname(at)
        os.makedirs(self.path, exist_ok=True)
        for each in reversed(missing if durable else []):
            _sync(os.path.dirname(each))

    def entries(self) -> dict[str, Entry]:
        """Its files by name; none if it does not exist."""
        if is_remote(self.path):
            from milepost import _remote

            return _remote.entries(self.path)
        made = {}
        try:
            with os.scandir(self.path) as listed:
                for each in listed:
                    with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                        status = each.stat()
                        made[each.name] = Entry(status.st_size, status.st_mtime)
        except FileNotFoundError:
            pass
        return made

    def remove(self, name: str) -> None:
        """Removes a file. It is not an error if that fails: it is one that no record names."""
        with contextlib.suppress(OSError):
            if is_remote(self.path):
                from milepost import _remote

                _remote.remove(self.file(name))
            else:
                os.unlink(self.file(name))


def _sync(folder: str) -> None:
    # As milepost.save does: a file system that does not have fsync of folders, or a folder that may not be read, is
    # not an error.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
