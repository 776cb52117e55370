"""Milepost for JAX: the functions of safetensors.flax, for files of Milepost.

    from milepost.jax import load_file, save_file

    save_file({"weight": jnp.zeros((512, 1024))}, "model.milepost")
    arrays = load_file("model.milepost")

Signatures, defaults and results are those of safetensors 0.8. Arrays of JAX cannot be written to.

    from milepost.jax import load_pytree, save_pytree

    save_pytree({"params": params, "opt_state": opt_state, "step": 3}, "run.milepost")
    state = load_pytree("run.milepost", like={"params": params, "opt_state": opt_state, "step": 0})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax

from milepost import _jax_arrays, _pytrees, _tensor_files
from milepost._files import Path
from milepost._load import load as _load
from milepost._options import FileOptions, LoadOptions, OpenOptions, PytreeOptions
from milepost._save import save as _save

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["load", "load_file", "load_pytree", "save", "save_file", "save_pytree"]


def save_file(
    tensors: dict[str, jax.Array],
    filename: Path,
    metadata: Mapping[str, Any] | None = None,
    **options: Unpack[FileOptions],
) -> None:
    """Saves a dict of arrays. `options` are those of milepost.save: codec, durable and so on."""
    _tensor_files.save_file(tensors, filename, metadata, _jax_arrays, dict(options))


def save(
    tensors: dict[str, jax.Array], metadata: Mapping[str, Any] | None = None, **options: Unpack[FileOptions]
) -> bytes:
    """The bytes of the file that save_file() would write."""
    return _tensor_files.save(tensors, metadata, _jax_arrays, dict(options))


def load_file(filename: Path, *, backend: str = "mmap", **options: Unpack[OpenOptions]) -> dict[str, jax.Array]:
    """The arrays of a file by name. `options` are those of milepost.safe_open: verify, limits."""
    return _tensor_files.load_file(filename, "jax", "cpu", backend, dict(options))


def load(data: bytes) -> dict[str, jax.Array]:
    """The arrays of what save() returned."""
    return _tensor_files.load(data, _jax_arrays)


def save_pytree(tree: Any, path: Path, **options: Unpack[PytreeOptions]) -> None:
    """Saves a tree of any nodes that JAX knows: containers, NamedTuples such as states of optax, registered classes.

    A NamedTuple is stored as a tuple, any other node that is not a built-in container as a dict of its children, or as
    a tuple where they have no names. `options` are those of milepost.save.
    """
    _save(tree, path, default=_pytrees.plain_node, **options)


def load_pytree(path: Path, like: Any = None, **options: Unpack[LoadOptions]) -> Any:
    """The tree of a file.

    like: a tree with the nodes that are wanted, whose leaves are arrays or jax.ShapeDtypeStruct: what was stored as a
        tuple or a dict becomes such nodes again, shapes and dtypes are compared, and arrays go to the devices of
        those of `like`. None: dicts, lists and tuples, as they are in the file.

    `options` are those of milepost.load. Raises MismatchError, with the path of what differs.
    """
    loaded = _load(path, **options)
    return loaded if like is None else _pytrees.restore(like, loaded)
