"""Pytrees of JAX: any tree of nodes that JAX knows, as built-in types, and back."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from milepost._errors import MismatchError

_BUILTIN = (dict, list, tuple)


def plain_node(given: Any) -> Any:
    """For `default=` of milepost.save: one node as a dict or a tuple of its children. Raises TypeError for a leaf."""
    if _is_leaf(given):
        raise TypeError(f"{type(given).__module__}.{type(given).__qualname__} is not a node of a pytree")
    children, _ = _children(given)
    names = [_name_of(key) for key, _ in children]
    if isinstance(given, tuple) or None in names:  # a NamedTuple has names, but its place decides
        return tuple(child for _, child in children)
    return {name: child for name, (_, child) in zip(names, children, strict=True)}


def _is_leaf(given: Any) -> bool:
    return bool(jax.tree_util.all_leaves([given]))


def _children(node: Any) -> tuple[list[tuple[Any, Any]], Any]:
    """The keys and the children of a node, and the structure that makes the node of them."""
    paths, structure = jax.tree_util.tree_flatten_with_path(node, is_leaf=lambda each: each is not node)
    return [(path[0] if path else None, child) for path, child in paths], structure


def _name_of(key: Any) -> str | None:
    name = getattr(key, "name", getattr(key, "key", None))
    return name if isinstance(name, str) else None


def restore(like: Any, loaded: Any, path: str = "") -> Any:
    """A tree with the nodes of `like` and the leaves of what was loaded. Shapes and dtypes must be those of `like`.

    An array goes where that of `like` is (its sharding). Raises MismatchError, with the path.
    """
    if _is_leaf(like):
        return _leaf(like, loaded, path)
    children, structure = _children(like)
    found = _loaded_children(children, like, loaded, path)
    made = [
        restore(child, value, f"{path}/{_step(key)}" if path else _step(key))
        for (key, child), value in zip(children, found, strict=True)
    ]
    return jax.tree_util.tree_unflatten(structure, made)


def _step(key: Any) -> str:
    for attribute in ("name", "key", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _loaded_children(children: list[tuple[Any, Any]], like: Any, loaded: Any, path: str) -> list[Any]:
    """The values for the children, in their order."""
    kind = f"{type(like).__module__}.{type(like).__qualname__}"
    if isinstance(loaded, dict) and not isinstance(like, tuple | list):
        keys = [getattr(key, "key", getattr(key, "name", None)) for key, _ in children]
        if missing := [key for key in keys if key not in loaded]:
            raise MismatchError(f"{path or 'the tree'}: the file does not have {missing[0]!r}", "missing")
        if unexpected := [key for key in loaded if key not in keys]:
            raise MismatchError(f"{path or 'the tree'}: the file has {unexpected[0]!r}, {kind} has not", "unexpected")
        return [loaded[key] for key in keys]
    if isinstance(loaded, tuple | list) and len(loaded) == len(children):
        return list(loaded)
    if not children and loaded is None:
        return []
    raise MismatchError(
        f"{path or 'the tree'}: {kind} has {len(children)} children, the file {_describe(loaded)}", "missing"
    )


def _describe(loaded: Any) -> str:
    return f"a {type(loaded).__name__}" + (f" of {len(loaded)}" if isinstance(loaded, _BUILTIN) else "")


def _leaf(like: Any, loaded: Any, path: str) -> Any:
    if not hasattr(like, "shape"):
        if isinstance(loaded, _BUILTIN):
            raise MismatchError(f"{path}: a leaf is wanted, the file has {_describe(loaded)}", "unexpected")
        return loaded
    if not hasattr(loaded, "shape"):
        raise MismatchError(f"{path}: an array is wanted, the file has {_describe(loaded)}", "missing")
    if tuple(like.shape) != tuple(loaded.shape):
        raise MismatchError(
            f"{path}: shape {tuple(loaded.shape)} in the file, wanted {tuple(like.shape)}", "other_shape"
        )
    if np.dtype(like.dtype) != np.dtype(loaded.dtype):
        raise MismatchError(f"{path}: dtype {loaded.dtype} in the file, wanted {like.dtype}", "other_dtype")
    sharding = getattr(like, "sharding", None)
    return loaded if sharding is None else jax.device_put(loaded, sharding)
