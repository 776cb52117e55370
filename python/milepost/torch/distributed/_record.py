"""The commit record of a folder: docs/distributed.md specifies it. Encoding and decoding side by side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from milepost import _native
from milepost._encoding import Encoding
from milepost._errors import CorruptError, MissingFileError, NotACheckpointError, UnsupportedError
from milepost._files import about, open_file, write_file
from milepost._save import save_options
from milepost.torch.distributed._folder import RECORD_NAME, Folder, is_part_name
from milepost.torch.distributed._state import KEY_TYPES, Path

FORMAT = "milepost.torch.distributed"
VERSION = 1

Ints = tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """A file of the folder: its name, its size, and the checksum of its index, which covers all of its content."""

    file: str
    nbytes: int
    digest: str


@dataclass(frozen=True)
class Chunk:
    """A box of a tensor: which part has it, under which name, and where in the whole tensor it is."""

    part: int
    entry: str
    offsets: Ints
    sizes: Ints


@dataclass
class StoredTensor:
    """What torch calls TensorStorageMetadata, and where its chunks are."""

    dtype: str
    size: Ints
    requires_grad: bool = False
    memory_format: str = "contiguous_format"
    pin_memory: bool = False
    chunks: list[Chunk] = field(default_factory=list)


@dataclass
class Record:
    save_id: str
    parts: list[Part]
    #: By name, as torch.distributed.checkpoint names them.
    tensors: dict[str, StoredTensor]
    #: The part and the name in it of each value.
    values: dict[str, tuple[int, str]]
    paths: dict[str, Path]
    #: Numbers of the run, such as its loss, for programs that look at the record alone; not read back.
    notes: dict[str, int | float] = field(default_factory=dict)

    def encode(self) -> dict[str, Any]:
        return self.notes | {
            "format": FORMAT,
            "version": VERSION,
            "save": self.save_id,
            "parts": [{"file": part.file, "nbytes": part.nbytes, "digest": part.digest} for part in self.parts],
            "tensors": {name: _encode_tensor(tensor) for name, tensor in self.tensors.items()},
            "values": dict(self.values),
            "paths": dict(self.paths),
        }

    @classmethod
    def decode(cls, get: Callable[[str], Any]) -> Record:
        """Of the top-level values of a file, which may hold anything. Raises an Error if they are not a record."""
        if get("format") != FORMAT:
            raise NotACheckpointError("the file is not the record of a folder: it has no format word", "record")
        if get("version") != VERSION:
            raise UnsupportedError(f"the record has version {get('version')!r}, expected {VERSION}", "record")
        rule = _Rule("record")
        parts = [_decode_part(each, rule.at(f"part {i}")) for i, each in enumerate(rule.items(get("parts"), list))]
        tensors = rule.items(get("tensors"), dict)
        values = rule.items(get("values"), dict)
        paths = rule.items(get("paths"), dict)
        made = cls(
            rule.of(get("save"), str),
            parts,
            {name: _decode_tensor(each, rule.at(name), len(parts)) for name, each in tensors.items()},
            {name: _decode_value(each, rule.at(name), len(parts)) for name, each in values.items()},
            {name: rule.at(name).of(each, tuple) for name, each in paths.items()},
        )
        made.check()
        return made

    def check(self) -> None:
        """Raises CorruptError unless the chunks of each tensor are its elements, and each name has a path."""
        rule = _Rule("record")
        for name, tensor in self.tensors.items():
            _check_chunks(tensor, rule.at(name))
        for name in (*self.tensors, *self.values):
            rule.at(name).require(self.paths.get(name, ()) != (), "has no path")
        for name, path in self.paths.items():
            for step in path:
                # Each item of a list has a name: an index beyond that would only make the list long.
                is_index = type(step) is tuple and len(step) == 1 and type(step[0]) is int
                sound = 0 <= step[0] < len(self.paths) if is_index else type(step) in KEY_TYPES
                rule.at(name).require(sound, f"has the step {step!r:.60} in its path")


def _encode_tensor(tensor: StoredTensor) -> dict[str, Any]:
    return {
        "dtype": tensor.dtype,
        "size": tensor.size,
        "requires_grad": tensor.requires_grad,
        "memory_format": tensor.memory_format,
        "pin_memory": tensor.pin_memory,
        "chunks": [(chunk.part, chunk.entry, chunk.offsets, chunk.sizes) for chunk in tensor.chunks],
    }


def _decode_tensor(given: Any, rule: _Rule, part_count: int) -> StoredTensor:
    items = rule.of(given, dict)
    made = StoredTensor(
        rule.of(items.get("dtype"), str),
        rule.sizes(items.get("size")),
        rule.of(items.get("requires_grad"), bool),
        rule.of(items.get("memory_format"), str),
        rule.of(items.get("pin_memory"), bool),
    )
    for each in rule.items(items.get("chunks"), list):
        part, entry, offsets, sizes = rule.row(each, 4)
        chunk = Chunk(rule.number(part, part_count), rule.of(entry, str), rule.sizes(offsets), rule.sizes(sizes))
        made.chunks.append(chunk)
    return made


def _check_chunks(tensor: StoredTensor, rule: _Rule) -> None:
    count = 0
    for chunk in tensor.chunks:
        fits = len(chunk.offsets) == len(chunk.sizes) == len(tensor.size) and all(
            offset + size <= whole for offset, size, whole in zip(chunk.offsets, chunk.sizes, tensor.size, strict=True)
        )
        rule.require(fits, f"has a chunk of {chunk.sizes} at {chunk.offsets}, outside of {tensor.size}")
        count += math.prod(chunk.sizes)
    expected = math.prod(tensor.size)
    rule.require(count == expected, f"has {count} elements in its chunks, expected {expected}")


def _decode_value(given: Any, rule: _Rule, part_count: int) -> tuple[int, str]:
    part, entry = rule.row(given, 2)
    return rule.number(part, part_count), rule.of(entry, str)


def _decode_part(given: Any, rule: _Rule) -> Part:
    items = rule.of(given, dict)
    name = rule.of(items.get("file"), str)
    # A path that leads out of the folder is not a name of a part.
    rule.require(is_part_name(name), f"has the file name {name!r}, which is not that of a part")
    return Part(name, rule.of(items.get("nbytes"), int), rule.of(items.get("digest"), str))


@dataclass(frozen=True)
class _Rule:
    """Requires things of what a file holds. Raises CorruptError that says of which part of it."""

    subject: str

    def at(self, name: str) -> _Rule:
        return _Rule(f"{self.subject}: {name}")

    def require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise CorruptError(f"{self.subject} {otherwise}", "record")

    def of(self, given: Any, kind: type[Any]) -> Any:
        self.require(type(given) is kind, f"has {given!r:.60} where a {kind.__name__} is expected")
        return given

    def items(self, given: Any, kind: type[Any]) -> Any:
        found = self.of(given, kind)
        if kind is dict:
            self.require(all(type(key) is str for key in found), "has a key that is not a str")
        return found

    def row(self, given: Any, count: int) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self.of(given, tuple)
        self.require(len(found) == count, f"has {len(found)} items where {count} are expected")
        return found

    def number(self, given: Any, count: int) -> int:
        found: int = self.of(given, int)
        self.require(0 <= found < count, f"has the number {found}, expected one below {count}")
        return found

    def sizes(self, given: Any) -> Ints:
        found: Ints = self.of(given, tuple)
        self.require(all(type(each) is int and each >= 0 for each in found), f"has {found!r:.60}, expected sizes")
        return found


def write(folder: Folder, record: Record, *, durable: bool = True) -> None:
    """Replaces the record of the folder: from now on it is this checkpoint, at once and as a whole."""
    contents = _native.Checkpoint(Encoding(None))
    items = record.encode()
    for name, value in items.items():
        contents.add_value(name, value)
    contents.set_order(list(items))
    path = folder.file(RECORD_NAME)
    with about(path):
        write_file(contents, path, save_options(durable=durable), None)


def read(folder: Folder) -> Record:
    """The record. Raises MissingFileError if the folder is not a checkpoint, another Error if it cannot be used."""
    path = folder.file(RECORD_NAME)
    try:
        with about(path):
            file = open_file(path)
            names = file.values()
            return Record.decode(lambda name: file.value(name, _ignore, _ignore) if name in names else None)
    except MissingFileError as error:
        raise MissingFileError(
            f"{folder.path}: is not a checkpoint: it has no {RECORD_NAME}, which a save writes last", "file", path
        ) from error


def _ignore(given: object) -> None:
    """A record has no tensors."""
