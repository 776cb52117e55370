"""The storage pair for torch.distributed.checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch.distributed.checkpoint.metadata import (
    BytesStorageMetadata,
    ChunkStorageMetadata,
    Metadata,
    MetadataIndex,
    StorageMeta,
    TensorProperties,
    TensorStorageMetadata,
)
from torch.distributed.checkpoint.planner import LoadItemType, LoadPlan, ReadItem, SavePlan, WriteItem, WriteItemType
from torch.distributed.checkpoint.planner import LoadPlanner as AnyLoadPlanner
from torch.distributed.checkpoint.planner import SavePlanner as AnySavePlanner
from torch.distributed.checkpoint.storage import StorageReader as AnyStorageReader
from torch.distributed.checkpoint.storage import StorageWriter as AnyStorageWriter
from torch.distributed.checkpoint.storage import WriteResult
from torch.futures import Future

from milepost._errors import InvalidArgumentError, NotFoundError, UnsupportedError
from milepost._files import Path, Verify
from milepost._memory import Limits
from milepost._options import Codec
from milepost.torch import _tensors
from milepost.torch.distributed import _parts, _record
from milepost.torch.distributed._folder import Folder, new_save_id, part_name
from milepost.torch.distributed._opened import OpenParts, ReadOptions, Request
from milepost.torch.distributed._planners import LoadPlanner, SavePlanner
from milepost.torch.distributed._record import Chunk, Part, Record, StoredTensor
from milepost.torch.distributed._state import Paths, of_torch, torch_path


@dataclasses.dataclass(frozen=True)
class _Place:
    """What the coordinator tells a rank: which part of which save it writes."""

    save_id: str
    number: int


@dataclasses.dataclass(frozen=True)
class _Stored:
    """What a rank tells the coordinator of an item: where it is."""

    part: int
    entry: str


class StorageWriter(AnyStorageWriter):
    """Writes a checkpoint to a folder: a file for each rank, and then the record, which makes them the checkpoint.

        dcp.save(state_dict, storage_writer=StorageWriter("run/step-1000"), planner=SavePlanner())

    folder: a path, or a URL of fsspec. It need not exist. If it holds a checkpoint, that is in place until the record
    of the new one is written, and stays if anything fails.
    codec, level, durable, threads, limits: those of milepost.save, for each file.

    Needs a planner that does not pickle, such as SavePlanner, unless all of the state are tensors.
    """

    def __init__(
        self,
        folder: Path,
        *,
        codec: Codec = "raw",
        level: int = 1,
        durable: bool = True,
        threads: int = 0,
        limits: Limits | None = None,
        notes: Mapping[str, int | float] | None = None,
    ) -> None:
        self.checkpoint_id: Path = folder
        self._notes = dict(notes or {})
        self._options = _parts.Options(codec, level, durable, threads, limits)
        self._has_our_planner = False
        self._written: str | None = None

    def reset(self, checkpoint_id: Path | None = None) -> None:
        if checkpoint_id is not None:
            self.checkpoint_id = checkpoint_id
        self._written = None

    @property
    def _folder(self) -> Folder:
        return Folder(self.checkpoint_id)

    def set_up_storage_writer(self, is_coordinator: bool, *args: Any, **kwargs: Any) -> None:
        if not kwargs.get("use_collectives", True):
            raise InvalidArgumentError("use_collectives=False: one record names the parts of all ranks", "option")

    def storage_meta(self) -> StorageMeta | None:
        return StorageMeta(checkpoint_id=self.checkpoint_id)

    def prepare_local_plan(self, plan: SavePlan) -> SavePlan:
        self._has_our_planner = isinstance(plan.planner_data, Paths)
        if not self._has_our_planner:
            for item in plan.items:
                if item.type == WriteItemType.BYTE_IO:
                    raise _pickles(item.index.fqn, "SavePlanner")
        return plan

    def prepare_global_plan(self, plans: list[SavePlan]) -> list[SavePlan]:
        save_id = new_save_id()
        return [dataclasses.replace(plan, storage_data=_Place(save_id, i)) for i, plan in enumerate(plans)]

    def write_data(self, plan: SavePlan, planner: AnySavePlanner) -> Future[list[WriteResult]]:
        place: _Place = plan.storage_data
        contents = _Contents(plan.items, planner)
        self._written = part_name(place.save_id, place.number)
        options = dataclasses.replace(self._options, default=getattr(planner, "default", None))
        part = _parts.write_part(self._folder, place.save_id, place.number, contents.tensors, contents.values, options)
        results = [
            WriteResult(index, nbytes, _Stored(place.number, entry)) for index, entry, nbytes in contents.entries
        ]
        # One more than there are items: of the part itself.
        results.append(WriteResult(MetadataIndex(""), part.nbytes, (place.save_id, part)))
        done: Future[list[WriteResult]] = Future()
        done.set_result(results)
        return done

    def finish(self, metadata: Metadata, results: list[list[WriteResult]]) -> None:
        stored: dict[MetadataIndex, _Stored] = {}
        parts: list[Part] = []
        save_id = ""
        for each in results:
            *items, own = each
            save_id, part = own.storage_data
            parts.append(part)
            stored.update((item.index, item.storage_data) for item in items)
        _parts.commit(self._folder, self._record(metadata, save_id, parts, stored), self._options)

    def _record(
        self, metadata: Metadata, save_id: str, parts: list[Part], stored: dict[MetadataIndex, _Stored]
    ) -> Record:
        names = metadata.state_dict_metadata
        paths = metadata.planner_data if metadata.planner_data is not None else {name: (name,) for name in names}
        by_name = dict(paths if self._has_our_planner else of_torch(paths))
        record = Record(save_id, parts, {}, {}, by_name, self._notes)
        for name, described in names.items():
            if isinstance(described, BytesStorageMetadata):
                place = stored[MetadataIndex(name)]
                record.values[name] = (place.part, place.entry)
            else:
                record.tensors[name] = _stored_tensor(name, described, stored)
        return record

    def discard(self) -> None:
        """Removes what this rank wrote of a save that failed. Requires: the coordinator has given it up too."""
        if self._written is not None:
            _parts.discard(self._folder, self._written)
            self._written = None

    @classmethod
    def validate_checkpoint_id(cls, checkpoint_id: Path) -> bool:
        return bool(str(checkpoint_id))


def _pickles(name: str, ours: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{name}: is not a tensor, and the planner in use would pickle it: pass "
        f"planner=milepost.torch.distributed.{ours}()",
        "option",
    )


class _Contents:
    """What a rank writes: tensors and values by the names that they have in the part."""

    def __init__(self, items: Iterable[WriteItem], planner: AnySavePlanner) -> None:
        self.tensors: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self.entries: list[tuple[MetadataIndex, str, int]] = []
        tensor_names, value_names = _parts.Names(), _parts.Names()
        for item in items:
            if item.type != WriteItemType.BYTE_IO:
                entry = tensor_names.take(_entry_name(item))
                tensor = planner.resolve_data(item)
                assert isinstance(tensor, torch.Tensor)
                self.tensors[entry] = tensor.detach()
                self.entries.append((item.index, entry, tensor.numel() * tensor.element_size()))
            elif isinstance(planner, SavePlanner):
                entry = value_names.take(item.index.fqn)
                self.values[entry] = planner.value_of(item)
                self.entries.append((item.index, entry, 0))
            else:
                raise _pickles(item.index.fqn, "SavePlanner")


def _entry_name(item: WriteItem) -> str:
    """`fc.weight` for a whole tensor, `fc.weight[0:128,0:64]` for a chunk."""
    assert item.tensor_data is not None
    chunk = item.tensor_data.chunk
    return entry_name(item.index.fqn, tuple(item.tensor_data.size), tuple(chunk.offsets), tuple(chunk.sizes))


def entry_name(name: str, size: _record.Ints, offsets: _record.Ints, sizes: _record.Ints) -> str:
    if sizes == size:
        return name
    ranges = ",".join(f"{begin}:{begin + count}" for begin, count in zip(offsets, sizes, strict=True))
    return f"{name}[{ranges}]"


def _stored_tensor(name: str, described: TensorStorageMetadata, stored: dict[MetadataIndex, _Stored]) -> StoredTensor:
    properties = described.properties
    made = StoredTensor(
        _tensors.NAMES[properties.dtype],
        tuple(described.size),
        properties.requires_grad,
        str(properties.memory_format).removeprefix("torch."),
        properties.pin_memory,
    )
    for chunk in described.chunks:
        place = stored[MetadataIndex(name, chunk.offsets)]
        made.chunks.append(Chunk(place.part, place.entry, tuple(chunk.offsets), tuple(chunk.sizes)))
    return made


class StorageReader(AnyStorageReader):
    """Reads a checkpoint from its folder, into any number of ranks: only the elements that each one needs.

        dcp.load(state_dict, storage_reader=StorageReader("run/step-1000"), planner=LoadPlanner())

    folder: a path, or a URL of fsspec.
    verify, threads, limits: those of milepost.load, for each file. "on_access" compares the checksums of what is read,
    and of each part that is read from those of its index, which the record names.

    Needs a planner that does not unpickle, such as LoadPlanner, unless only tensors are asked for.
    """

    def __init__(
        self, folder: Path, *, verify: Verify = "on_access", threads: int = 0, limits: Limits | None = None
    ) -> None:
        self.checkpoint_id: Path = folder
        self._options = ReadOptions(verify, threads, limits)
        self._record: Record | None = None

    def reset(self, checkpoint_id: Path | None = None) -> None:
        if checkpoint_id is not None:
            self.checkpoint_id = checkpoint_id
        self._record = None

    def read_metadata(self, *args: Any, **options: Any) -> Metadata:
        # An argument named kwargs would make torch ask again, for the metadata of one rank alone.
        self._record = _record.read(Folder(self.checkpoint_id))
        return metadata_of(self._record, self.checkpoint_id)

    def set_up_storage_reader(self, metadata: Metadata, is_coordinator: bool, *args: Any, **options: Any) -> None:
        if self._record is None:
            self._record = _record.read(Folder(self.checkpoint_id))

    def prepare_local_plan(self, plan: LoadPlan) -> LoadPlan:
        return plan

    def prepare_global_plan(self, plans: list[LoadPlan]) -> list[LoadPlan]:
        return plans

    def read_data(self, plan: LoadPlan, planner: AnyLoadPlanner) -> Future[None]:
        assert self._record is not None
        values = [item for item in plan.items if item.type == LoadItemType.BYTE_IO]
        if values and not isinstance(planner, LoadPlanner):
            raise _pickles(values[0].storage_index.fqn, "LoadPlanner")
        parts = OpenParts(Folder(self.checkpoint_id), self._record, self._options)
        tensors = [(item, planner.resolve_tensor(item)) for item in plan.items if item.type == LoadItemType.TENSOR]
        parts.read(_request(item, to, self._record) for item, to in tensors)
        found = parts.values({item.storage_index.fqn for item in values})
        for item, to in tensors:
            planner.commit_tensor(item, to)
        for item in values:
            assert isinstance(planner, LoadPlanner)
            planner.load_value(item, found[item.storage_index.fqn])
        done: Future[None] = Future()
        done.set_result(None)
        return done

    @classmethod
    def validate_checkpoint_id(cls, checkpoint_id: Path) -> bool:
        return bool(str(checkpoint_id))


def _request(item: ReadItem, to: torch.Tensor, record: Record) -> Request:
    name = item.storage_index.fqn
    chunk = _find_chunk(record, item.storage_index)
    return Request(name, chunk, tuple(item.storage_offsets), tuple(item.lengths), to.detach())


def _find_chunk(record: Record, index: MetadataIndex) -> Chunk:
    chunks = record.tensors[index.fqn].chunks
    offsets = tuple(index.offset) if index.offset is not None else None
    hint = index.index
    if hint is not None and hint < len(chunks) and offsets in (None, chunks[hint].offsets):
        return chunks[hint]
    for chunk in chunks:
        if chunk.offsets == offsets:
            return chunk
    raise NotFoundError(f"{index.fqn}: the checkpoint does not have a chunk at {offsets}", "tensor")


def metadata_of(record: Record, checkpoint_id: Path) -> Metadata:
    """The record as torch.distributed.checkpoint has it."""
    described: dict[str, Any] = {name: _describe(name, tensor) for name, tensor in record.tensors.items()}
    described |= {name: BytesStorageMetadata() for name in record.values}
    return Metadata(
        described,
        planner_data={name: torch_path(path) for name, path in record.paths.items()},
        storage_meta=StorageMeta(checkpoint_id=checkpoint_id, save_id=record.save_id),
    )


def _describe(name: str, tensor: StoredTensor) -> TensorStorageMetadata:
    dtype = _tensors.dtype_named(tensor.dtype, name)
    memory_format = getattr(torch, tensor.memory_format, None)
    if not isinstance(memory_format, torch.memory_format):
        raise UnsupportedError(f"{name}: torch {torch.__version__} has no {tensor.memory_format!r}", "dtype")
    properties = TensorProperties(
        dtype, requires_grad=tensor.requires_grad, memory_format=memory_format, pin_memory=tensor.pin_memory
    )
    chunks = [ChunkStorageMetadata(torch.Size(each.offsets), torch.Size(each.sizes)) for each in tensor.chunks]
    return TensorStorageMetadata(properties, torch.Size(tensor.size), chunks)
