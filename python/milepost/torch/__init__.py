"""Milepost for PyTorch: the functions of safetensors.torch, for files of Milepost.

    from milepost.torch import load_file, save_file

    save_file({"weight": torch.zeros(512, 1024)}, "model.milepost", metadata={"step": 3})
    tensors = load_file("model.milepost")

Signatures, defaults and results are those of safetensors 0.8. Beyond that: tensors may share memory and be strided,
and come back so; metadata may hold any value; the options of milepost.save and milepost.safe_open are keywords.
Errors are those of milepost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from milepost import _tensor_files
from milepost._files import Path
from milepost._options import FileOptions, OpenOptions
from milepost.torch import _tensors
from milepost.torch._models import load_model, save_model

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["load", "load_file", "load_model", "save", "save_file", "save_model"]


def save_file(
    tensors: dict[str, torch.Tensor],
    filename: Path,
    metadata: Mapping[str, Any] | None = None,
    **options: Unpack[FileOptions],
) -> None:
    """Saves a dict of tensors. `options` are those of milepost.save: codec, durable and so on."""
    _tensor_files.save_file(tensors, filename, metadata, _tensors, dict(options))


def save(
    tensors: dict[str, torch.Tensor], metadata: Mapping[str, Any] | None = None, **options: Unpack[FileOptions]
) -> bytes:
    """The bytes of the file that save_file() would write."""
    return _tensor_files.save(tensors, metadata, _tensors, dict(options))


def load_file(
    filename: Path, device: str | int = "cpu", *, backend: str = "mmap", **options: Unpack[OpenOptions]
) -> dict[str, torch.Tensor]:
    """The tensors of a file by name. `options` are those of milepost.safe_open: verify, limits."""
    return _tensor_files.load_file(filename, "torch", device, backend, dict(options))


def load(data: bytes) -> dict[str, torch.Tensor]:
    """The tensors of what save() returned."""
    return _tensor_files.load(data, _tensors)
