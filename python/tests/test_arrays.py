"""Arrays of NumPy, and objects with tensors of several frameworks."""

from __future__ import annotations

import dataclasses
import enum
import subprocess
import sys
from collections import OrderedDict, defaultdict
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest

import milepost
from milepost import _native, _numpy_arrays
from same import assert_same

NAMES = list(_numpy_arrays._NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_dtype_of_numpy(round_trip: Any, name: str) -> None:
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    bits = {"float4_e2m1fn": 4, "float6_e2m3fn": 6, "float6_e3m2fn": 6}.get(name)
    if bits is not None:
        array = (np.arange(24, dtype=np.uint8) % 2**bits).view(dtype)
    else:
        array = (np.arange(24 * dtype.itemsize, dtype=np.uint8) % 2).view(dtype)
    loaded = round_trip({"x": array.reshape(2, 12), "empty": array[:0], "n": 1})
    assert loaded["x"].dtype == dtype
    if bits is None:
        round_trip({"scalar": array[3:4].reshape(()), "n": 1})


def test_views_strides_and_byte_orders(path: str, round_trip: Any) -> None:
    base = np.arange(24.0).reshape(4, 6)
    loaded = round_trip(
        {"t": base.T, "part": base[1:, ::2], "back": base[::-1], "n": 1, "wide": np.broadcast_to(base[0], (3, 6))}
    )
    assert loaded["t"].strides == base.T.strides
    milepost.save({"x": base.astype(">f8"), "n": 1}, path)
    assert_same(milepost.load(path)["x"], base)
    fortran = np.asfortranarray(base)
    assert round_trip({"x": fortran, "n": 1})["x"].flags.f_contiguous


def test_views_of_one_array_stay_tied(path: str) -> None:
    base = np.arange(24.0)
    milepost.save({"a": base, "b": base.reshape(4, 6)[1]}, path)
    loaded = milepost.load(path)
    assert np.shares_memory(loaded["a"], loaded["b"])
    milepost.save({"few": np.zeros(1_000_000)[5:8]}, path)
    assert np.array_equal(milepost.load(path)["few"], np.zeros(3))


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a"]),
        np.array([object()]),
        np.array([1, 2], dtype="datetime64[s]"),
        np.zeros(2, dtype=[("x", "f4")]),
        np.array([1], dtype=np.longdouble),
        np.ma.array([1, 2], mask=[True, False]),
    ],
    ids=lambda array: str(array.dtype),
)
def test_arrays_that_cannot_be_stored(path: str, array: Any) -> None:
    with pytest.raises(milepost.WrongTypeError, match="x/0: "):
        milepost.save({"x": [array]}, path)


def test_frameworks_are_kept_apart(round_trip: Any, path: str) -> None:
    torch = pytest.importorskip("torch")
    state = {
        "model": OrderedDict(w=torch.ones(2)),
        "arrays": {"w": np.ones(2), "x": np.zeros(3)},
        "mixed": [np.ones(1), {"t": torch.ones(1), (1, "k"): np.zeros(1), 2.5: np.ones(1), None: [np.ones(1)]}, b"x"],
        "keys": {b"\x00\xff": np.ones(1), True: torch.ones(1), 2**70: np.ones(1), (b"a", (1,)): np.ones(1)},
        "optimizer": {"state": {1: {"m": torch.ones(2)}, 3: {"m": np.ones(2)}}, "param_groups": [{"params": [1, 3]}]},
        "odict": OrderedDict(a=np.ones(1), b=torch.ones(1), c=3),
    }
    loaded = round_trip(state)
    assert type(loaded["optimizer"]["state"][3]["m"]) is np.ndarray
    record = _native.File.open(path.encode(), {}).value("milepost.python", repr, repr)
    assert list(record) == ["ordered", "arrays"]


def test_a_file_of_arrays_needs_no_torch(path: str) -> None:
    milepost.save({"x": np.ones(2), "n": [1, 2]}, path)
    program = (
        "import sys, milepost; loaded = milepost.load(sys.argv[1]); "
        "assert loaded['x'].sum() == 2 and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, path], check=True)


def test_import_takes_no_framework() -> None:
    program = "import sys, milepost; assert not {'torch', 'numpy', 'jax', 'fsspec'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_missing_package_is_named(path: str) -> None:
    milepost.save({"x": np.ones(2, ml_dtypes.bfloat16), "n": 1}, path)
    for package, options in (("ml_dtypes", ""), ("torch", ", framework='torch'"), ("jax", ", framework='jax'")):
        program = (
            f"import sys; sys.modules['{package}'] = None\nimport milepost\n"
            f"try: milepost.load(sys.argv[1]{options})\n"
            f"except ImportError as error: assert error.name == '{package}' and '{package}' in str(error), error\n"
            "else: raise SystemExit('no error')"
        )
        subprocess.run([sys.executable, "-c", program, path], check=True)


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass
class Config:
    lr: float
    sizes: list[int]


class Mode(enum.Enum):
    TRAIN = "train"


class Level(enum.IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.float64(2.0), 2.0),
        (Point(1, [2]), (1, [2])),
        (Config(0.1, [1]), {"lr": 0.1, "sizes": [1]}),
        (Mode.TRAIN, "train"),
        (Level.LOW, 1),
        (type("Word", (str,), {"__str__": lambda self: "other"})("mine"), "mine"),
        (type("Raw", (bytearray,), {})(b"x"), bytearray(b"x")),
        (type("Ordered", (OrderedDict,), {})(a=1), OrderedDict(a=1)),
        (frozenset({1}), {1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        ([Point(Mode.TRAIN, Config(np.float32(1), []))], [("train", {"lr": 1.0, "sizes": []})]),
    ],
    ids=repr,
)
def test_plain_forms(path: str, given: Any, stored: Any) -> None:
    with pytest.raises(milepost.WrongTypeError, match=r"default=milepost\.plain"):
        milepost.save({"x": given}, path)
    milepost.save({"x": given}, path, default=milepost.plain)
    assert_same(milepost.load(path), {"x": stored})


def test_default_converts_or_refuses(path: str) -> None:
    def default(given: Any) -> Any:
        if isinstance(given, complex | range):
            return list(given)
        raise TypeError(f"not a {type(given).__name__}")

    milepost.save({"x": [range(3), {"y": range(1)}]}, path, default=default)
    assert milepost.load(path) == {"x": [[0, 1, 2], {"y": [0]}]}
    with pytest.raises(milepost.WrongTypeError, match=r"x/1: .*not a object"):
        milepost.save({"x": [1, object()]}, path, default=default)
    with pytest.raises(ZeroDivisionError):
        milepost.save({"x": object()}, path, default=lambda given: 1 // 0)
    with pytest.raises(milepost.LimitExceededError):
        milepost.save({"x": object()}, path, default=lambda given: object())


def test_arrays_that_are_not_aligned_are_copied(round_trip: Any) -> None:
    round_trip({"x": np.arange(100, dtype="u1")[1:41].view("f4"), "n": 1})


def test_a_long_double_has_no_plain_form(path: str) -> None:
    with pytest.raises(milepost.WrongTypeError, match=r"x: .*no plain form"):
        milepost.save({"x": np.longdouble(1)}, path, default=milepost.plain)
