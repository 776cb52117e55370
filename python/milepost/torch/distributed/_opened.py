"""Reading the parts of a checkpoint: each is compared with what the record says of it when it is opened."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from milepost import _native
from milepost._errors import CorruptError, Error, IoError, MismatchError, MissingFileError
from milepost._files import Verify, is_remote, open_file
from milepost._memory import Limits, Memory
from milepost.torch import _tensors
from milepost.torch.distributed import _record
from milepost.torch.distributed._folder import Folder
from milepost.torch.distributed._parts import TENSORS, VALUES
from milepost.torch.distributed._record import Chunk, Ints, Part, Record

#: Memory for what cannot be read into its place at once: tensors of a device, or that are not contiguous.
_STAGING_NBYTES = 256 << 20


@dataclass(frozen=True)
class Request:
    """A box of a chunk, and the tensor of the same shape that it goes to. The name is for messages."""

    name: str
    chunk: Chunk
    offsets: Ints
    lengths: Ints
    to: torch.Tensor


@dataclass(frozen=True)
class ReadOptions:
    """How parts are read: options of milepost.load."""

    verify: Verify = "on_access"
    threads: int = 0
    limits: Limits | None = None


class OpenParts:
    """The parts of one checkpoint, opened when they are needed and closed with this object."""

    def __init__(self, folder: Folder, record: Record, options: ReadOptions) -> None:
        self._folder = folder
        self._record = record
        self._options = options
        self._files: dict[int, _native.File] = {}
        self._tensors: dict[int, dict[str, _native.Tensor]] = {}

    def open(self, numbers: Iterable[int]) -> None:
        """Opens parts, of a store several at once. Raises an Error that names the folder and the part."""
        wanted = sorted(set(numbers) - self._files.keys())
        if is_remote(self._folder.path) and len(wanted) > 1:
            with ThreadPoolExecutor(8) as pool:
                self._files.update(zip(wanted, pool.map(self._open, wanted), strict=True))
        else:
            self._files.update((number, self._open(number)) for number in wanted)

    def _open(self, number: int) -> _native.File:
        part = self._record.parts[number]
        with self._about(part):
            file = open_file(
                self._folder.file(part.file),
                verify=self._options.verify,
                threads=self._options.threads,
                limits=self._options.limits,
            )
            found = (file.file_size, file.index_checksum)
            if found != (part.nbytes, part.digest):
                raise MismatchError(
                    f"is not the part that the record names: expected {part.nbytes} bytes, index checksum "
                    f"{part.digest}, found {found[0]} bytes, {found[1]}",
                    "part",
                )
            return file

    @contextlib.contextmanager
    def _about(self, part: Part) -> Iterator[None]:
        """Errors of the block name the folder and the part."""
        try:
            yield
        except MissingFileError as error:
            raise self._missing(part) from error
        except Error as error:
            message = f"{self._folder.path}: {part.file}: {error}"
            raise type(error)(message, error.condition, self._folder.file(part.file)) from error

    def _missing(self, part: Part) -> Error:
        """Not a MissingFileError: a program that begins anew where there is no checkpoint must not do so here."""
        at, path = f"{self._folder.path}: {part.file} is missing: ", self._folder.file(part.file)
        with contextlib.suppress(Error):
            if _record.read(self._folder).save_id != self._record.save_id:
                return IoError(at + "another save has replaced the checkpoint while it was read", "changed", path)
        named = f"the record of save {self._record.save_id} names it, with {part.nbytes} bytes"
        return CorruptError(at + named, "part", path)

    def check(self) -> None:
        """Opens all parts, and compares every checksum in them if that is the option."""
        self.open(range(len(self._record.parts)))

    def check_chunks(self, names: Iterable[str]) -> None:
        """Raises CorruptError unless the parts have the chunks of these tensors: before memory is allocated for what a
        record says, which may be anything."""
        chunks = [(name, chunk) for name in names for chunk in self._record.tensors[name].chunks]
        self.open(chunk.part for _, chunk in chunks)
        for name, chunk in chunks:
            with self._about(self._record.parts[chunk.part]):
                self._tensor(name, chunk)

    def read(self, requests: Iterable[Request]) -> None:
        """Reads boxes of tensors, only the chunks that hold their elements, into their places."""
        by_part: dict[int, list[Request]] = {}
        for request in requests:
            if request.to.numel():
                by_part.setdefault(request.chunk.part, []).append(request)
        self.open(by_part)
        for number, group in sorted(by_part.items()):
            with self._about(self._record.parts[number]):
                self._read_part(number, group)

    def _read_part(self, number: int, requests: list[Request]) -> None:
        direct: list[tuple[_native.Tensor, torch.Tensor]] = []
        staged: list[tuple[_native.Tensor, Request]] = []
        places = _Places()
        for request in requests:
            tensor = self._tensor(request.name, request.chunk)
            if tensor.bits < 8:
                self._read_packed(number, tensor, request)
                continue
            box = tensor.slice([(at, at + size, 1) for at, size in zip(request.offsets, request.lengths, strict=True)])
            if _is_memory(request.to, box) and places.add(request.to):
                direct.append((box, request.to))
            else:
                staged.append((box, request))
        self._read_into(number, direct)
        for batch in _batches(staged):
            buffers = [torch.empty(request.lengths, dtype=_tensors.DTYPES[box.dtype]) for box, request in batch]
            self._read_into(number, [(box, to) for (box, _), to in zip(batch, buffers, strict=True)])
            for (_, request), buffer in zip(batch, buffers, strict=True):
                request.to.copy_(buffer)

    def _read_into(self, number: int, reads: list[tuple[_native.Tensor, torch.Tensor]]) -> None:
        if reads:
            places = [(to.data_ptr(), to.numel() * to.element_size()) for _, to in reads]
            self._files[number].read_into([box for box, _ in reads], places, self._options.threads, None)

    def _read_packed(self, number: int, tensor: _native.Tensor, request: Request) -> None:
        """Of elements that share a byte all are read: the last dimension of torch counts bytes."""
        bytes_of = torch.empty(request.chunk.sizes, dtype=torch.uint8)
        self._read_into(number, [(tensor, bytes_of)])
        for dim, (at, size) in enumerate(zip(request.offsets, request.lengths, strict=True)):
            bytes_of = bytes_of.narrow(dim, at, size)
        request.to.view(torch.uint8).copy_(bytes_of)

    def _tensor(self, name: str, chunk: Chunk) -> _native.Tensor:
        """The tensor of an open part that is a chunk, which is as the record says."""
        if chunk.part not in self._tensors:
            self._tensors[chunk.part] = {tensor.name: tensor for tensor in self._files[chunk.part].tensors(TENSORS)}
        tensor = self._tensors[chunk.part].get(chunk.entry)
        if tensor is None:
            raise CorruptError(f"{name}: expected a tensor {chunk.entry!r}, which the part does not have", "record")
        expected, found = (self._record.tensors[name].dtype, chunk.sizes), (tensor.dtype, _tensors.shape_of(tensor))
        if found != expected:
            raise CorruptError(f"{name}: expected the dtype and the shape {expected}, found {found}", "record")
        _tensors.dtype_of(tensor)
        return tensor

    def values(self, names: Iterable[str]) -> dict[str, Any]:
        """Values by name, with the types that were saved."""
        by_part: dict[int, dict[str, str]] = {}
        for name in names:
            part, entry = self._record.values[name]
            by_part.setdefault(part, {})[name] = entry
        self.open(by_part)
        made: dict[str, Any] = {}
        for number, entries in sorted(by_part.items()):
            with self._about(self._record.parts[number]):
                found = _read_values(self._files[number], entries.values(), self._options.threads)
                for name, entry in entries.items():
                    if entry not in found:
                        raise CorruptError(
                            f"{name}: expected a value {entry!r}, which the part does not have", "record"
                        )
                    made[name] = found[entry]
        return made


def _read_values(file: _native.File, wanted: Iterable[str], threads: int) -> Mapping[str, Any]:
    """The values of a part; the tensors in those that are wanted are read, and no others."""
    if VALUES not in file.models():
        return {}
    plain: dict[str, Any] = file.model(VALUES, _same, _tensors.special)[0]
    tensors = [tensor for name in wanted for tensor in _tensors_in(plain.get(name))]
    if not tensors:
        return plain
    memory = Memory(file, tensors, mapped=False, threads=threads)
    numbers = {tensor.number for tensor in tensors}

    def make(tensor: _native.Tensor) -> Any:
        return _tensors.decode(tensor, memory) if tensor.number in numbers else None

    made: dict[str, Any] = file.model(VALUES, make, _tensors.special)[0]
    return made


def _same(tensor: _native.Tensor) -> Any:
    return tensor


def _tensors_in(value: Any) -> Iterator[_native.Tensor]:
    if isinstance(value, _native.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _tensors_in(each)
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _tensors_in(each)


def _is_memory(to: torch.Tensor, box: _native.Tensor) -> bool:
    """Whether the bytes of the file are those that the tensor has in memory."""
    return (
        to.device.type == "cpu"
        and to.dtype is _tensors.DTYPES[box.dtype]
        and to.is_contiguous()
        and not (to.is_conj() or to.is_neg())
    )


class _Places:
    """Memory that is read into at once. Tied tensors have the same: the second one is read after it."""

    def __init__(self) -> None:
        self._taken: list[tuple[int, int]] = []

    def add(self, to: torch.Tensor) -> bool:
        """Whether the memory of the tensor is apart from all others."""
        begin = to.data_ptr()
        end = begin + to.numel() * to.element_size()
        at = bisect_right(self._taken, (begin, end))
        before, after = self._taken[at - 1 : at], self._taken[at : at + 1]
        if (before and before[0][1] > begin) or (after and after[0][0] < end):
            return False
        self._taken.insert(at, (begin, end))
        return True


def _batches(staged: list[tuple[_native.Tensor, Request]]) -> Iterator[list[tuple[_native.Tensor, Request]]]:
    batch: list[tuple[_native.Tensor, Request]] = []
    nbytes = 0
    for each in staged:
        if batch and nbytes + each[0].nbytes > _STAGING_NBYTES:
            yield batch
            batch, nbytes = [], 0
        batch.append(each)
        nbytes += each[0].nbytes
    if batch:
        yield batch
