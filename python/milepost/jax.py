"""Milepost for JAX: the functions of safetensors.flax, for files of Milepost.

    from milepost.jax import load_file, save_file

    save_file({"weight": jnp.zeros((512, 1024))}, "model.milepost")
    arrays = load_file("model.milepost")

Signatures, defaults and results are those of safetensors 0.8. Arrays of JAX cannot be written to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from milepost import _jax_arrays, _tensor_files
from milepost._files import Path

__all__ = ["load", "load_file", "save", "save_file"]


def save_file(
    tensors: dict[str, jax.Array], filename: Path, metadata: Mapping[str, Any] | None = None, **options: Any
) -> None:
    """Saves a dict of arrays. `options` are those of milepost.save: codec, durable and so on."""
    _tensor_files.save_file(tensors, filename, metadata, _jax_arrays, options)


def save(tensors: dict[str, jax.Array], metadata: Mapping[str, Any] | None = None, **options: Any) -> bytes:
    """The bytes of the file that save_file() would write."""
    return _tensor_files.save(tensors, metadata, _jax_arrays, options)


def load_file(filename: Path, *, backend: str = "mmap", **options: Any) -> dict[str, jax.Array]:
    """The arrays of a file by name. `options` are those of milepost.safe_open: verify, limits."""
    return _tensor_files.load_file(filename, "jax", "cpu", backend, options)


def load(data: bytes) -> dict[str, jax.Array]:
    """The arrays of what save() returned."""
    return _tensor_files.load(data, _jax_arrays)
