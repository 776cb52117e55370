"""milepost.save and milepost.load: the whole state of a training run, and what they make of it in the file."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import milepost
from milepost import _native
from same import assert_same

torch = pytest.importorskip("torch")

import milepost.torch._tensors  # noqa: E402


def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 6, 5), torch.nn.BatchNorm2d(6), torch.nn.Linear(24, 10))


def trained(module: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    for _ in range(2):
        optimizer.zero_grad()
        module(torch.randn(2, 3, 8, 28)).square().mean().backward()
        optimizer.step()


def training_state() -> dict[str, Any]:
    module = net()
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.01)
    trained(module, optimizer)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10)
    return {
        "model": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "epoch": 3,
        "loss": 0.25,
        "rng": torch.get_rng_state(),
        "random": random.getstate(),
        "numpy": np.random.default_rng(3).bit_generator.state,
        "numpy_legacy": np.random.RandomState(3).get_state(),
    }


VALUES = [
    None,
    True,
    0,
    -1,
    2**63,
    -(2**63),
    2**200,
    -(2**200) - 1,
    0.0,
    -0.0,
    float("inf"),
    float("nan"),
    1e-320,
    1 + 2j,
    "",
    "a\nb\x00\U0001f600",
    b"",
    b"\x00\xff",
    bytearray(b"ab"),
    [],
    (),
    set(),
    {},
    [1, [2, [3]]],
    (1, (2.0,), None),
    {1, "a", (2, b"c")},
    {1: 2, "1": 3, None: 4, (1, "x"): [5], b"y": {}, 2.5: 6},
    OrderedDict(b=1, a=2),
    Counter("abracadabra"),
    torch.float32,
    torch.bfloat16,
    torch.device("cpu"),
    torch.device("cuda", 1),
    torch.strided,
    torch.sparse_coo,
    torch.Size([]),
    torch.Size([2, 3]),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back(round_trip: Any, value: Any) -> None:
    round_trip({"value": value})
    round_trip(value)
    round_trip([value, {"nested": (value, value)}])


def test_training_state_comes_back(round_trip: Any) -> None:
    for codec in ("raw", "planes", "zstd", "smallest"):
        round_trip(training_state(), codec=codec)


def test_training_goes_on_as_if_it_had_not_stopped(path: str) -> None:
    module = net()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    trained(module, optimizer)
    milepost.save(
        {"model": module.state_dict(), "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}, path
    )
    trained(module, optimizer)

    state = milepost.load(path)
    resumed = net()
    resumed.load_state_dict(state["model"])
    resumed_optimizer = torch.optim.SGD(resumed.parameters(), lr=9)
    resumed_optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["rng"])
    trained(resumed, resumed_optimizer)
    assert_same(module.state_dict(), resumed.state_dict())
    assert_same(optimizer.state_dict(), resumed_optimizer.state_dict())


def test_parts_of_the_file_are_models_optimizers_and_values(path: str) -> None:
    milepost.save({**training_state(), "plain": {"a": torch.ones(2)}}, path)
    file = _native.File.open(path.encode(), {})
    assert file.models() == ["model", "plain"]
    assert file.optimizers() == ["optimizer"]
    assert file.values()[0] == "scheduler"
    assert file.tensor("optimizer/state/0/exp_avg").shape == (6, 3, 5, 5)


@pytest.mark.parametrize(
    ("given", "models", "optimizers", "values"),
    [
        (OrderedDict(a=torch.ones(2)), ["model"], [], ["milepost.python"]),
        ({"a": torch.ones(2), "b": torch.zeros(0)}, ["model"], [], ["milepost.python"]),
        ({"state": {}, "param_groups": [{"lr": 1, "params": [0]}]}, [], ["optimizer"], ["milepost.python"]),
        ([1, torch.ones(1)], [], [], ["object", "milepost.python"]),
        ({1: 2}, [], [], ["object", "milepost.python"]),
        ({}, [], [], []),
        ({"": 1}, [], [], ["object", "milepost.python"]),
        ({"a\n": 1}, [], [], ["object", "milepost.python"]),
        ({"m": OrderedDict(), "x": {}}, [], [], ["m", "x"]),
    ],
    ids=repr,
)
def test_whole_object(round_trip: Any, path: str, given: Any, models: Any, optimizers: Any, values: Any) -> None:
    round_trip(given)
    file = _native.File.open(path.encode(), {})
    assert (file.models(), file.optimizers(), file.values()) == (models, optimizers, values)


def test_state_dicts(round_trip: Any) -> None:
    module = net()
    round_trip(module.state_dict())
    round_trip({"a": module.state_dict(), "b": {"nested": module.state_dict()}})
    edited = OrderedDict((key, value) for key, value in module.state_dict().items())
    round_trip({"edited": edited, "model": module.state_dict()})
    empty = torch.nn.ReLU().state_dict()
    assert "_metadata" in vars(round_trip({"empty": empty})["empty"])
    with_more = module.state_dict()
    with_more.note = "kept"
    assert round_trip({"model": with_more})["model"].note == "kept"
    with_extra = module.state_dict()
    with_extra["_extra_state"] = {"scale": 2.0, "history": torch.ones(3)}
    round_trip({"model": with_extra})


OPTIMIZERS = [
    {"state": {}, "param_groups": []},
    {"state": {}, "param_groups": [{"params": []}, {"params": [3, 3, 4], "lr": 0.1}]},
    {"state": {0: {}, 5: {"x": None}}, "param_groups": [{"lr": torch.tensor(0.1), "params": [0]}], "extra": [1]},
    {
        "state": {0: {"step": 1}, "note": "kept"},
        "param_groups": [{"param_names": ["a"], "lr": 1, "params": [0], "z": 2}],
    },
    {"state": {"w": {"step": 1}, "gone": {"step": 2}}, "param_groups": [{"params": ["b", "w"], "lr": 0}]},
    # Not in the form of a file: values.
    {"state": {0: 1}, "param_groups": [{"params": [0]}]},
    {"state": {0: {1: 2}}, "param_groups": [{"params": [0]}]},
    {"state": {}, "param_groups": [{"params": [0]}, {"params": [0]}]},
    {"state": {}, "param_groups": [{"params": [0, "a"]}]},
    {"state": {}, "param_groups": [{"params": (0,)}]},
    {"state": {}, "param_groups": [{"lr": 1}]},
    {"state": {}, "param_groups": [{"params": [True]}]},
    {"state": {-1: {}}, "param_groups": [{"params": [0]}]},
    {"state": {}, "param_groups": ({"params": [0]},)},
    {"param_groups": [], "state": {}},
    {"state": {}, "param_groups": [{"params": [0], "param_names": ["a", "b"]}]},
    {"state": {"a\n": {}}, "param_groups": []},
    {"state": OrderedDict(), "param_groups": []},
]


@pytest.mark.parametrize("number", range(len(OPTIMIZERS)))
def test_optimizers(round_trip: Any, path: str, number: int) -> None:
    given = OPTIMIZERS[number]
    round_trip({"optimizer": given})
    assert len(_native.File.open(path.encode(), {}).optimizers()) == (number < 5)
    round_trip(given)


def test_every_optimizer_of_torch(round_trip: Any, path: str) -> None:
    for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.NAdam):
        module = net()
        optimizer = kind(module.named_parameters(), lr=0.01)
        trained(module, optimizer)
        round_trip({"optimizer": optimizer.state_dict()})
        assert _native.File.open(path.encode(), {}).optimizers() == ["optimizer"]


class Colour:
    pass


@pytest.mark.parametrize(
    ("given", "where", "what"),
    [
        ({"a": {"b": [1, lambda: 2]}}, "a/b/1", "holds no code"),
        ({"net": torch.nn.Linear(1, 1)}, "net", "save its state_dict()"),
        ({"opt": torch.optim.SGD([torch.ones(1)], lr=1)}, "opt", "save its state_dict()"),
        ({"x": np.float32(1)}, "x", "default=milepost.plain"),
        ({"x": np.array(["a"]), "n": 1}, "x", "dtype"),
        ({"x": Colour()}, "x", "test_state.Colour"),
        ({"x": Path("a")}, "x", "PosixPath"),
        ({"x": frozenset({1})}, "x", "frozenset"),
        ({"x": torch.ones(2).to_sparse()}, "model/x", "to_dense()"),
        ({"x": [torch.ones(2, device="meta")]}, "x/0", "meta"),
        ({"x": torch.Generator()}, "x", "get_state()"),
        ({"x": {"y": range(3)}}, "x/y", "range"),
        ({"x": {(1, 2): object()}}, "x/(1,2)", "object"),
        ({"opt": {"state": {0: {"m": object()}}, "param_groups": []}}, "opt/state/0/m", "object"),
        ([object()], "object/0", "object"),
    ],
    ids=repr,
)
def test_what_is_not_data_is_refused(path: str, given: Any, where: str, what: str) -> None:
    milepost.save("old", path)
    with pytest.raises(milepost.WrongTypeError) as caught:
        milepost.save(given, path)
    assert str(caught.value).startswith(where + ": ")
    assert what in str(caught.value)
    assert isinstance(caught.value, TypeError)
    assert milepost.load(path) == "old"
    assert [each.name for each in Path(path).parent.iterdir()] == ["file.milepost"]


def test_a_tensor_without_memory_is_refused(path: str) -> None:
    def save(tensor: torch.Tensor) -> torch.Tensor:
        milepost.save({"x": [tensor]}, path)
        return tensor

    with pytest.raises(milepost.WrongTypeError, match=r"x/0: has no memory"):
        torch.vmap(save)(torch.ones(2, 3))


def test_names_and_texts_that_cannot_be_stored(path: str) -> None:
    with pytest.raises(milepost.InvalidArgumentError, match=r"milepost\.python.*reserved"):
        milepost.save({"milepost.python": 1}, path)
    with pytest.raises(milepost.InvalidArgumentError, match=r"a/0: .*surrogate"):
        milepost.save({"a": ["\ud800"]}, path)
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(milepost.LimitExceededError, match="contains itself"):
        milepost.save({"a": endless}, path)
    assert not Path(path).exists()


def nested(depth: int) -> Any:
    made: Any = 1
    for _ in range(depth):
        made = [made]
    return made


def test_depth_is_limited_and_the_limit_can_be_raised(path: str) -> None:
    with pytest.raises(milepost.LimitExceededError):
        milepost.save({"a": nested(200)}, path)
    milepost.save({"a": nested(900)}, path, limits={"max_depth": 1000})
    with pytest.raises(milepost.LimitExceededError):
        milepost.load(path)
    assert milepost.load(path, limits={"max_depth": 1000}) == {"a": nested(900)}


def test_views_do_not_save_their_storage_unless_asked(path: str) -> None:
    large, matrix = torch.zeros(1_000_000), torch.zeros(1000, 1000)
    milepost.save({"few": large[10:20], "row": matrix[:, 3]}, path)
    assert Path(path).stat().st_size < 50_000
    milepost.save({"few": large[10:20]}, path, keep_storages=True)
    assert Path(path).stat().st_size > 4_000_000
    assert milepost.load(path)["few"].untyped_storage().nbytes() == 4_000_000


def test_tied_tensors_stay_tied(path: str) -> None:
    weight = torch.arange(6.0)
    milepost.save({"a": weight, "b": weight.view(2, 3).t(), "c": [weight[2:]], "other": torch.arange(6.0)}, path)
    for options in ({}, {"mmap": False}, {"verify": "never"}):
        loaded = milepost.load(path, **options)
        loaded["a"][2] = 70.0
        assert loaded["b"][2, 0] == 70.0
        assert loaded["c"][0][0] == 70.0
        assert loaded["b"].stride() == (1, 3)
        assert loaded["other"][2] == 2.0


def test_parameters_and_gradients_are_kept(round_trip: Any) -> None:
    loaded = round_trip(
        {
            "p": torch.nn.Parameter(torch.ones(2)),
            "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False),
            "leaf": torch.ones(2, requires_grad=True),
            "x": torch.ones(2),
            "more": [torch.nn.Parameter(torch.ones(0))],
        }
    )
    assert type(loaded["frozen"]) is torch.nn.Parameter


@pytest.mark.parametrize("dtype", list(milepost.torch._tensors.NAMES), ids=str)
def test_every_dtype_of_torch(round_trip: Any, dtype: torch.dtype) -> None:
    raw = torch.arange(48, dtype=torch.uint8) % 2
    tensor = raw.view(dtype).reshape(1, -1)
    round_trip({"x": tensor, "nothing": tensor[:0]})
    if dtype.itemsize and str(dtype) != "torch.float4_e2m1fn_x2":
        round_trip({"scalar": tensor[0, 0]})


def test_strides_offsets_and_views(round_trip: Any) -> None:
    base = torch.arange(24.0).reshape(2, 3, 4)
    round_trip({"t": base.permute(2, 0, 1), "part": base[1, 1:, ::2], "wide": torch.ones(1).expand(1000), "x": [base]})
    z = torch.randn(3, dtype=torch.complex64)
    round_trip({"conj": z.conj().clone(), "plain": z})
    assert milepost.torch._tensors.encode(z.conj(), "", {}) is not None


def test_conjugate_and_negative_views_are_stored_as_what_they_show(path: str) -> None:
    z = torch.randn(3, dtype=torch.complex64)
    milepost.save({"conj": z.conj(), "negative": z.conj().imag, "n": 1}, path)
    loaded = milepost.load(path)
    assert torch.equal(loaded["conj"], z.conj())
    assert torch.equal(loaded["negative"], -z.imag)


def test_devices(path: str) -> None:
    weight = torch.arange(6.0)
    milepost.save({"a": weight, "b": [weight[2:]], "p": torch.nn.Parameter(weight)}, path)
    loaded = milepost.load(path, device="meta")
    assert loaded["a"].device.type == "meta"
    assert type(loaded["p"]) is torch.nn.Parameter
    assert loaded["b"][0].untyped_storage()._cdata == loaded["a"].untyped_storage()._cdata
    assert milepost.load(path, device=torch.device("cpu"))["a"].sum() == 15
    for device in (torch.float16, 1.5, "nonsense", -1, "cuda:99"):
        with pytest.raises(milepost.InvalidArgumentError):
            milepost.load(path, device=device)
        with pytest.raises(milepost.InvalidArgumentError):
            milepost.safe_open(path, "pt", device=device).get_tensor("a")
    with pytest.raises(milepost.InvalidArgumentError, match="CPU"):
        milepost.load(path, framework="numpy", device="cuda")


def test_default_is_asked_for_tensors_that_cannot_be_stored(path: str) -> None:
    def dense(given: object) -> object:
        if isinstance(given, torch.Tensor):
            return given.to_dense()
        raise TypeError

    milepost.save({"x": torch.ones(2).to_sparse(), "n": 1}, path, default=dense)
    assert milepost.load(path)["x"].tolist() == [1, 1]
    with pytest.raises(milepost.WrongTypeError, match="returned its argument"):
        milepost.save({"x": object()}, path, default=lambda given: given)
