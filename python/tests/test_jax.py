"""Arrays of JAX, and pytrees."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import milepost
from same import assert_same

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

import jax.numpy as jnp  # noqa: E402

import milepost.jax as mj  # noqa: E402


def assert_same_tree(left: Any, right: Any) -> None:
    assert jax.tree_util.tree_structure(left) == jax.tree_util.tree_structure(right)
    for one, other in zip(jax.tree_util.tree_leaves(left), jax.tree_util.tree_leaves(right), strict=True):
        assert isinstance(other, jax.Array) == isinstance(one, jax.Array)
        assert_same(np.asarray(one), np.asarray(other))


DTYPES = ["float32", "bfloat16", "float16", "int32", "int8", "uint8", "bool", "complex64", "float8_e4m3fn", "int4"]


@pytest.mark.parametrize("name", DTYPES[:-1])
def test_dtypes(path: str, name: str) -> None:
    array = jnp.arange(12).reshape(3, 4).astype(name)
    milepost.save({"x": array, "n": 1, "scalar": jnp.asarray(1, name)}, path)
    loaded = milepost.load(path)
    assert isinstance(loaded["x"], jax.Array)
    assert_same_tree({"x": array, "n": 1, "scalar": jnp.asarray(1, name)}, loaded)


def test_in_place_of_safetensors_flax(path: str) -> None:
    arrays = {"embedding": jnp.zeros((512, 16)), "b": jnp.ones(3, jnp.bfloat16)}
    mj.save_file(arrays, path, {"a": "b"})
    assert_same_tree(arrays, mj.load_file(path))
    assert_same_tree(arrays, mj.load(mj.save(arrays)))
    with milepost.safe_open(path, "flax") as file:
        assert isinstance(file.get_slice("embedding")[2:4], jax.Array)


def test_what_cannot_be_stored(path: str) -> None:
    with pytest.raises(milepost.WrongTypeError, match=r"x: .*key_data"):
        milepost.save({"x": jax.random.key(0), "n": 1}, path)
    with pytest.raises(milepost.WrongTypeError, match="int4"):
        milepost.save({"x": jnp.ones(2, "int4"), "n": 1}, path)


def test_64_bits_are_not_cut_silently(path: str) -> None:
    milepost.save({"x": np.arange(3), "n": 1}, path)
    with pytest.raises(milepost.WrongTypeError, match="jax_enable_x64"):
        milepost.load(path, framework="jax")


class Pair(NamedTuple):
    first: Any
    second: Any


@jax.tree_util.register_pytree_node_class
class Scaled:
    def __init__(self, value: Any) -> None:
        self.value = value

    def tree_flatten(self) -> Any:
        return (self.value,), None

    @classmethod
    def tree_unflatten(cls, _: Any, children: Any) -> Scaled:
        return cls(*children)


def training() -> Any:
    params = {"w": jnp.ones((3, 2)), "b": [jnp.zeros(2), (jnp.ones(1, jnp.bfloat16), None)], "s": Scaled(jnp.ones(2))}
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(optax.linear_schedule(0.1, 0.0, 10)))
    state = optimizer.init(params)
    _, state = optimizer.update(params, state, params)
    return {
        "params": params,
        "opt_state": state,
        "step": 3,
        "pair": Pair(jnp.ones(1), {"x": 2}),
        "rng": jax.random.PRNGKey(1),
    }


def test_states_of_optax_come_back(path: str) -> None:
    tree = training()
    mj.save_pytree(tree, path)
    like = jax.tree_util.tree_map(lambda leaf: leaf * 0, tree)
    assert_same_tree(tree, mj.load_pytree(path, like=like))
    arrays = {key: tree[key] for key in ("params", "opt_state", "rng")}
    shapes = jax.eval_shape(lambda: arrays) | {"step": 0, "pair": like["pair"]}
    restored = mj.load_pytree(path, like=shapes)
    assert type(restored["opt_state"]) is type(tree["opt_state"])
    assert_same_tree(tree, restored)
    plain = mj.load_pytree(path)
    assert type(plain["opt_state"]) is tuple
    assert plain["pair"][1] == {"x": 2}


def test_differences_are_named(path: str) -> None:
    mj.save_pytree({"a": {"w": jnp.ones(2)}, "p": Pair(jnp.ones(1), 2)}, path)

    def like(**changes: Any) -> Any:
        return {"a": {"w": jnp.ones(2)}, "p": Pair(jnp.ones(1), 0)} | changes

    mj.load_pytree(path, like=like())
    for changed, words in (
        (like(a={"w": jnp.ones(3)}), "a/w: shape"),
        (like(a={"w": jnp.ones(2, jnp.int32)}), "a/w: dtype"),
        (like(a={"w": jnp.ones(2), "x": 1}), "a: the file does not have 'x'"),
        (like(a={}), "a: the file has 'w'"),
        (like(p=(1, 2, 3)), "p: builtins.tuple has 3 children"),
        (like(p=Pair(jnp.ones(1), jnp.ones(1))), "p/second: an array is wanted"),
        (like(a=1), "a: a leaf is wanted"),
    ):
        with pytest.raises(milepost.MismatchError, match=words):
            mj.load_pytree(path, like=changed)


def test_what_is_no_node_is_refused(path: str) -> None:
    with pytest.raises(milepost.WrongTypeError, match="x/0"):
        mj.save_pytree({"x": [object()]}, path)
