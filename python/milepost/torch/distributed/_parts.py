"""Writing parts, and the commit that makes them a checkpoint."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from milepost import _native
from milepost._encoding import Default, Encoding
from milepost._errors import Error, InvalidArgumentError, IoError, MissingFileError
from milepost._files import about, open_file, write_file
from milepost._names import is_name
from milepost._options import Codec
from milepost._save import save_options
from milepost.torch.distributed import _record
from milepost.torch.distributed._folder import RECORD_NAME, Folder, is_part_name, part_name
from milepost.torch.distributed._record import Part, Record

#: The parts of a part file: a model of tensors, a model of values, and which save it is of.
TENSORS, VALUES, ORIGIN = "tensors", "values", "part"
#: A part that no record names may belong to a save that is running. As for unfinished files of the library.
_ORPHAN_SECONDS = 600


@dataclass(frozen=True)
class Options:
    """How files are written: options of milepost.save."""

    codec: Codec = "raw"
    level: int = 1
    durable: bool = True
    threads: int = 0
    limits: dict[str, int] | None = None
    default: Default | None = field(default=None, compare=False)

    def as_dict(self) -> dict[str, Any]:
        return save_options(
            codec=self.codec, level=self.level, durable=self.durable, threads=self.threads, limits=self.limits
        )


class Names:
    """Gives out names of entries: the one that is wanted, if it can be one and is free."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        name = wanted if is_name(wanted) else f"entry {len(self._taken)}"
        while name in self._taken:
            name += "'"
        self._taken.add(name)
        return name


def write_part(
    folder: Folder,
    save_id: str,
    number: int,
    tensors: Mapping[str, Any],
    values: Mapping[str, Any],
    options: Options,
) -> Part:
    """Writes one part, durably. The folder is the same checkpoint as before: its record does not name the part."""
    name = part_name(save_id, number)
    path = folder.file(name)
    contents = _native.Checkpoint(Encoding(options.default))
    contents.add_model(TENSORS, dict(tensors), None)
    contents.add_model(VALUES, dict(values), None)
    contents.add_value(ORIGIN, {"format": _record.FORMAT, "save": save_id, "number": number})
    contents.set_order([TENSORS, VALUES, ORIGIN])
    folder.make(durable=options.durable)
    with about(path):
        # A plan that torch has cached has the save id of an earlier save, whose parts are perhaps in use.
        if name in folder.entries():
            raise InvalidArgumentError(f"{folder.path}: {name} is there already: the save was planned before", "target")
        write_file(contents, path, options.as_dict(), None)
        written = open_file(path)
    return Part(name, written.file_size, written.index_checksum)


def commit(folder: Folder, record: Record, options: Options) -> None:
    """Makes the parts of the record, which are all written, the checkpoint of the folder; then removes those of the
    previous one, and what saves that were killed have left."""
    record.check()
    replaced = _named_by_current(folder)
    _require_parts(folder, record)
    _record.write(folder, record, durable=options.durable)
    kept = {part.file for part in record.parts}
    for name, entry in folder.entries().items():
        if not is_part_name(name) or name in kept:
            continue
        is_orphan = entry.modified is not None and time.time() - entry.modified > _ORPHAN_SECONDS
        if name in replaced or is_orphan:
            folder.remove(name)


def _named_by_current(folder: Folder) -> set[str]:
    try:
        return {part.file for part in _record.read(folder).parts}
    except Error:
        return set()  # there is none, or none that names anything


def _require_parts(folder: Folder, record: Record) -> None:
    """Another save to the same folder may have removed what it took for orphans, if this one was very slow."""
    found = folder.entries()
    for part in record.parts:
        entry = found.get(part.file)
        if entry is None or entry.nbytes != part.nbytes:
            what = "is not there" if entry is None else f"has {entry.nbytes} bytes, expected {part.nbytes}"
            raise IoError(
                f"{folder.path}: {part.file} {what}, so {RECORD_NAME} is not written: the checkpoint is the old one",
                "part",
                folder.path,
            )


def discard(folder: Folder, name: str) -> None:
    """Removes a part of a save that failed. Requires: the record will not be written any more. Keeps a part that the
    record names, or may name because it cannot be read."""
    try:
        named = {part.file for part in _record.read(folder).parts}
    except MissingFileError:
        named = set()
    except Error:
        return
    if name not in named:
        folder.remove(name)
