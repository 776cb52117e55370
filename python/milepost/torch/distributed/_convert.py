"""Whole state without a process group: a folder as one object or one file, and back."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import torch

from milepost._encoding import Default
from milepost._errors import InvalidArgumentError, NotFoundError, WrongTypeError
from milepost._files import Path, Verify
from milepost._load import load as load_file
from milepost._memory import Limits
from milepost._options import Codec, SaveOptions
from milepost._save import save as save_file
from milepost.torch import _tensors
from milepost.torch.distributed import _parts, _record
from milepost.torch.distributed._folder import Folder, new_save_id
from milepost.torch.distributed._opened import OpenParts, ReadOptions, Request
from milepost.torch.distributed._record import Chunk, Part, Record, StoredTensor
from milepost.torch.distributed._state import flatten, unflatten
from milepost.torch.distributed._storage import entry_name

if TYPE_CHECKING:
    from typing_extensions import Unpack


def read(
    folder: Path,
    keys: Collection[str] | None = None,
    *,
    verify: Verify = "on_access",
    threads: int = 0,
    limits: Limits | None = None,
) -> dict[Any, Any]:
    """The state of a checkpoint as nested dicts and lists of whole tensors on the CPU. Needs no process group.

        state = milepost.torch.distributed.read("run/step-1000")
        weights = milepost.torch.distributed.read("run/step-1000", ["model"])

    keys: which names, and all that is below them ("model", "model.fc.weight"); None is all. Raises NotFoundError for
    one that the checkpoint does not have.
    """
    at = Folder(folder)
    record = _record.read(at)
    names = _select(record, keys)
    parts = OpenParts(at, record, ReadOptions(verify, threads, limits))
    tensors = [name for name in names if name in record.tensors]
    parts.check_chunks(tensors)
    flat: dict[str, Any] = {name: _empty(name, record.tensors[name]) for name in tensors}
    parts.read(
        Request(name, chunk, (0,) * len(chunk.sizes), chunk.sizes, _box(tensor, chunk))
        for name, tensor in flat.items()
        for chunk in record.tensors[name].chunks
    )
    for name, tensor in flat.items():
        tensor.requires_grad_(record.tensors[name].requires_grad)
    flat |= parts.values(name for name in names if name in record.values)
    return unflatten(flat, record.paths)


def _select(record: Record, keys: Collection[str] | None) -> list[str]:
    names = [*record.tensors, *record.values]
    if keys is None:
        return names
    if isinstance(keys, str):
        raise WrongTypeError(f"keys is the str {keys!r}, expected a list of them", "wrong_type")
    selected = []
    for key in keys:
        found = [name for name in names if name == key or name.startswith(f"{key}.")]
        if not found:
            raise NotFoundError(f"{key}: the checkpoint does not have it", "tensor")
        selected += found
    return list(dict.fromkeys(selected))


def _empty(name: str, stored: StoredTensor) -> torch.Tensor:
    return torch.empty(stored.size, dtype=_tensors.dtype_named(stored.dtype, name))


def _box(tensor: torch.Tensor, chunk: Chunk) -> torch.Tensor:
    for dim, (at, size) in enumerate(zip(chunk.offsets, chunk.sizes, strict=True)):
        tensor = tensor.narrow(dim, at, size)
    return tensor


def verify(folder: Path, *, full: bool = True, threads: int = 0, limits: Limits | None = None) -> None:
    """Raises an Error that names the first part that is missing, damaged or of another save. If full, compares the
    checksums of all bytes; else only those of the indexes."""
    at = Folder(folder)
    OpenParts(at, _record.read(at), ReadOptions("full" if full else "on_access", threads, limits)).check()


def consolidate(folder: Path, file: Path, *, verify: Verify = "on_access", **options: Unpack[SaveOptions]) -> None:
    """Saves the state of a checkpoint as one file, which milepost.load and C++ programs read. Takes the memory that
    the state takes. `options` are those of milepost.save."""
    save_file(read(folder, verify=verify), file, **options)


def split(
    file: Path,
    folder: Path,
    parts: int = 1,
    *,
    codec: Codec = "raw",
    level: int = 1,
    durable: bool = True,
    threads: int = 0,
    default: Default | None = None,
    limits: Limits | None = None,
) -> None:
    """The way back from consolidate(): saves what is in a file as a checkpoint, to be loaded by any number of ranks.

    parts: each tensor is cut into so many along its first dimension, as FSDP does for so many ranks, which can then
    read one part each. Values are in the first part. The file must hold a dict.
    """
    if parts < 1:
        raise InvalidArgumentError(f"parts is {parts}, expected 1 or more", "option")
    state = load_file(file, framework="torch")
    if not isinstance(state, dict):
        raise WrongTypeError(f"{file}: holds a {type(state).__name__}, expected a dict", "wrong_type")
    options = _parts.Options(codec, level, durable, threads, limits, default)
    flat, paths = flatten(state)
    record = Record(new_save_id(), [], {}, {}, paths)
    contents: list[dict[str, Any]] = [{} for _ in range(parts)]
    tensor_names = [_parts.Names() for _ in range(parts)]
    value_names = _parts.Names()
    values: dict[str, Any] = {}
    for name, value in flat.items():
        if isinstance(value, torch.Tensor):
            record.tensors[name] = _cut(name, value, contents, tensor_names)
        else:
            entry = value_names.take(name)
            values[entry] = value
            record.values[name] = (0, entry)
    at = Folder(folder)
    record.parts = _write(at, record.save_id, contents, values, options)
    _parts.commit(at, record, options)


def _cut(name: str, tensor: torch.Tensor, contents: list[dict[str, Any]], names: list[_parts.Names]) -> StoredTensor:
    """Gives each part its chunk of a tensor. Tensors without a dimension go to the first part."""
    if fault := _tensors.fault_of(tensor):
        raise WrongTypeError(f"{name}: {fault}", "wrong_type")
    size = tuple(tensor.shape)
    made = StoredTensor(_tensors.NAMES[tensor.dtype], size, tensor.requires_grad)
    tensor = tensor.detach()
    chunks = tensor.chunk(len(contents)) if size and tensor.numel() else (tensor,)
    begin = 0
    for part, chunk in enumerate(chunks):
        sizes = tuple(chunk.shape)
        offsets = (begin, *(0 for _ in size[1:])) if size else ()
        entry = names[part].take(entry_name(name, size, offsets, sizes))
        contents[part][entry] = chunk
        made.chunks.append(Chunk(part, entry, offsets, sizes))
        begin += sizes[0] if sizes else 0
    return made


def _write(
    folder: Folder, save_id: str, contents: list[dict[str, Any]], values: dict[str, Any], options: _parts.Options
) -> list[Part]:
    return [
        _parts.write_part(folder, save_id, number, tensors, {} if number else values, options)
        for number, tensors in enumerate(contents)
    ]
