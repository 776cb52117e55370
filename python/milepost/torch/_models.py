"""save_model and load_model of safetensors.torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch

from milepost import _tensor_files
from milepost._files import Path
from milepost._options import FileOptions, OpenOptions
from milepost.torch import _tensors

if TYPE_CHECKING:
    from typing_extensions import Unpack


def save_model(
    model: torch.nn.Module,
    filename: Path,
    metadata: Mapping[str, Any] | None = None,
    force_contiguous: bool = True,
    **options: Unpack[FileOptions],
) -> None:
    """Saves the state_dict of a module. Tied tensors are stored once, and under all their names."""
    state_dict = model.state_dict()
    if force_contiguous:
        state_dict = {name: tensor.contiguous() for name, tensor in state_dict.items()}
    _tensor_files.save_file(state_dict, filename, metadata, _tensors, dict(options))


def load_model(
    model: torch.nn.Module,
    filename: Path,
    strict: bool = True,
    device: str | int = "cpu",
    *,
    backend: str = "mmap",
    **options: Unpack[OpenOptions],
) -> tuple[set[str], list[str]]:
    """Loads a file into a module. Returns the names that the file lacks and those that the module lacks.

    A tensor of the module that is tied to one that is loaded is not missing. If strict and there are such names, raises
    RuntimeError as safetensors does, and nothing has changed. milepost.load_into does more: it reports shapes and
    dtypes, renames, casts, and changes nothing after any error.
    """
    tensors = _tensor_files.load_file(filename, "torch", device, backend, dict(options))
    live = model.state_dict()
    tied = _tied_names(live)
    missing = {name for name in live if name not in tensors and not tied[name] & tensors.keys()}
    unexpected = [name for name in tensors if name not in live]
    if strict and (missing or unexpected):
        raise RuntimeError(_describe(type(model).__name__, missing, unexpected))
    model.load_state_dict(tensors, strict=False)
    return missing, unexpected


def _tied_names(state_dict: dict[str, torch.Tensor]) -> dict[str, set[str]]:
    """For each name those whose tensor is the same memory."""
    groups: dict[Any, set[str]] = {}
    places = {name: _place(name, tensor) for name, tensor in state_dict.items()}
    for name, place in places.items():
        groups.setdefault(place, set()).add(name)
    return {name: groups[place] for name, place in places.items()}


def _place(name: str, tensor: Any) -> Any:
    if not isinstance(tensor, torch.Tensor) or tensor.device.type == "meta" or not tensor.numel():
        return name
    return tensor.device, tensor.data_ptr(), tensor.shape, tensor.stride()


def _describe(kind: str, missing: Iterable[str], unexpected: Iterable[str]) -> str:
    text = f"Error(s) in loading state_dict for {kind}:"
    for what, names in (("Missing", missing), ("Unexpected", unexpected)):
        if listed := ", ".join(f'"{name}"' for name in sorted(names)):
            text += f"\n    {what} key(s) in state_dict: {listed}"
    return text
