"""Milepost for NumPy: the functions of safetensors.numpy, for files of Milepost.

    from milepost.numpy import load_file, save_file

    save_file({"weight": np.zeros((512, 1024))}, "model.milepost")
    arrays = load_file("model.milepost")

Signatures, defaults and results are those of safetensors 0.8. Arrays that are loaded are read-only views of the
mapped file; with backend="pread" they are in memory, and may be written to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from milepost import _numpy_arrays, _tensor_files
from milepost._files import Path
from milepost._options import FileOptions, OpenOptions

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["load", "load_file", "save", "save_file"]


def save_file(
    tensor_dict: dict[str, np.ndarray[Any, Any]],
    filename: Path,
    metadata: Mapping[str, Any] | None = None,
    **options: Unpack[FileOptions],
) -> None:
    """Saves a dict of arrays. `options` are those of milepost.save: codec, durable and so on."""
    _tensor_files.save_file(tensor_dict, filename, metadata, _numpy_arrays, dict(options))


def save(
    tensor_dict: dict[str, np.ndarray[Any, Any]],
    metadata: Mapping[str, Any] | None = None,
    **options: Unpack[FileOptions],
) -> bytes:
    """The bytes of the file that save_file() would write."""
    return _tensor_files.save(tensor_dict, metadata, _numpy_arrays, dict(options))


def load_file(
    filename: Path, *, backend: str = "mmap", **options: Unpack[OpenOptions]
) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a file by name. `options` are those of milepost.safe_open: verify, limits."""
    return _tensor_files.load_file(filename, "numpy", "cpu", backend, dict(options))


def load(data: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of what save() returned."""
    return _tensor_files.load(data, _numpy_arrays)
