"""Objects that programs save with torch.save, and random ones: for check_pytorch.py and check_pytorch_export.py."""

from __future__ import annotations

import random
import struct
import warnings
from collections import Counter, OrderedDict
from typing import Any

import torch
from torch import float4_e2m1fn_x2, nn  # an ImportError where PyTorch is older than these objects are

warnings.filterwarnings("ignore")


def named_tensors() -> dict[str, torch.Tensor]:
    return {f"t{i}": torch.arange(i + 1, dtype=torch.float32) for i in range(5)}


def modules() -> dict[str, nn.Module]:
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    return {
        "linear": nn.Linear(2, 3),
        "conv": nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2)),
        "lstm": nn.LSTM(3, 4, 2),
        "transformer": nn.TransformerEncoderLayer(8, 2, 16),
        "embedding": nn.Embedding(10, 3),
        "tied": tied,
        "bf16": nn.Linear(4, 4).to(torch.bfloat16),
        "weight_norm": torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)),
    }


def stepped(kind: type[torch.optim.Optimizer], named: bool, **options: Any) -> torch.optim.Optimizer:
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(3, 4, bias=kind is not getattr(torch.optim, "Muon", None)), nn.Linear(4, 2, bias=False))
    if kind is torch.optim.SparseAdam:
        net = nn.Sequential(nn.Embedding(4, 3, sparse=True))
    optimizer = kind(net.named_parameters() if named else net.parameters(), **options)
    for _ in range(2):
        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            given = torch.tensor([0, 1]) if kind is torch.optim.SparseAdam else torch.ones(2, 3)
            loss = net(given).square().sum()
            loss.backward()
            return loss
        optimizer.step(closure)
    return optimizer


OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9}, "Adam": {"amsgrad": True}, "AdamW": {}, "SparseAdam": {}, "Adadelta": {}, "Adafactor": {},
    "Adagrad": {}, "Adamax": {}, "ASGD": {}, "LBFGS": {}, "Muon": {}, "NAdam": {}, "RAdam": {},
    "RMSprop": {"momentum": 0.5, "centered": True}, "Rprop": {},
}


def optimizer_objects() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, options in OPTIMIZERS.items():
        kind = getattr(torch.optim, name, None)
        if kind is None:
            continue
        made[f"optimizer {name}"] = stepped(kind, False, **options).state_dict()
        made[f"optimizer {name} in a run"] = {"optimizer": stepped(kind, True, **options).state_dict(), "epoch": 3}
    fresh = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
    made["optimizer before a step"] = fresh.state_dict()
    lists = fresh.state_dict()
    made["optimizer, params first"] = {"state": lists["state"], "param_groups": [{"params": [0, 1], "lr": 0.1, "param_names": ["a", "b"], "x": 1}]}
    by_name = {"state": {"fc.weight": {"exp_avg": torch.ones(2)}, "other": 3}, "param_groups": [{"lr": 1e-3, "params": ["fc.weight", "fc.bias"]}]}
    made["optimizer by name"] = {"optim": by_name}
    made["optimizer that is not one: a parameter in two groups"] = {"state": {}, "param_groups": [{"params": [0]}, {"params": [0]}]}
    made["optimizer that is not one: a name and an index"] = {"state": {}, "param_groups": [{"params": [0, "a"]}]}
    made["optimizer that is not one: order"] = {"param_groups": [], "state": {}}
    made["optimizer: a parameter twice"] = {"state": {}, "param_groups": [{"params": [1, 1, 2]}, {"params": [3]}]}
    made["optimizer: other keys"] = {"state": {7: {"a": 1}, "name": [1]}, "param_groups": [{"params": [7]}], "more": 1, "defaults": {"lr": 1}}
    made["optimizer that is not one: negative"] = {"state": {-1: {}}, "param_groups": [{"params": [0]}]}
    made["optimizer that is not one: a bool"] = {"state": {}, "param_groups": [{"params": [True]}]}
    made["optimizer without params"] = {"state": {}, "param_groups": []}
    made["optimizer, tensor lr"] = {"state": {}, "param_groups": [{"lr": torch.tensor(0.1), "betas": (torch.tensor(0.9), 0.99), "params": [0]}]}
    return made


def scheduler_objects() -> dict[str, Any]:
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler
    made = {
        "step": schedule.StepLR(optimizer, 2), "multi": schedule.MultiStepLR(optimizer, [2, 4]),
        "cosine": schedule.CosineAnnealingLR(optimizer, 5), "lambda": schedule.LambdaLR(optimizer, lambda e: 0.9**e),
        "plateau": schedule.ReduceLROnPlateau(optimizer), "one": schedule.OneCycleLR(optimizer, 0.5, 10),
        "cyclic": schedule.CyclicLR(optimizer, 0.1, 0.5),
        "sequential": schedule.SequentialLR(optimizer, [schedule.ConstantLR(optimizer), schedule.ExponentialLR(optimizer, 0.9)], [3]),
    }
    states = {f"scheduler {name}": {"scheduler": each.state_dict(), "opt": optimizer.state_dict()} for name, each in made.items()}
    # SequentialLR and CyclicLR keep objects of classes in some versions: those are refused by both sides.
    return states


def values() -> dict[str, Any]:
    nan = struct.unpack("<d", b"\x01\x00\x00\x00\x00\x00\xf4\x7f")[0]
    return {
        "none": None, "true": True, "false": False, "zero": 0, "minus one": -1, "byte": 255, "word": 65535, "int": 2**31 - 1,
        "long": 2**31, "i64": -(2**63), "u64": 2**64 - 1, "128 bits": 2**127 + 1, "minus 128 bits": -(2**127), "big": 2**2000,
        "minus 129": -129, "minus 32769": -32769, "float": 0.1, "minus zero": -0.0, "inf": float("inf"), "nan": nan,
        "complex": complex(1, -0.0), "str": "é\U0001f600", "empty": "", "bytes": b"\x00\xff", "bytearray": bytearray(b"\x80abc"),
        "list": [1, [2, [3, []]]], "tuple": (1, (2, ()), (3, 4, 5, 6)), "set": {1, "a", (2, 3)}, "dict": {1: "a", "b": {}},
        "ordered": OrderedDict(a=1, b=OrderedDict()), "counter": Counter({2: 1, 4: 2}), "size": torch.Size([1, 2]),
        "device": torch.device("cuda", 1), "cpu": torch.device("cpu"), "dtype": torch.bfloat16, "dtype2": torch.quint8,
        "layout": torch.strided, "layout2": torch.sparse_coo, "keys": {None: 1, 1.5: 2, b"x": 3, (1, ("a",)): 4, "k": 5, -0.5: 6},
        "large list": list(range(3000)), "long str": "x" * 70000, "control": {"a\nb": 1}, "slash": {"a/b": torch.ones(1)},
    }


def rng_objects() -> dict[str, Any]:
    return {"torch": torch.get_rng_state(), "python": random.Random(3).getstate()}


def dtype_tensors() -> dict[str, torch.Tensor]:
    made = {}
    for dtype in (
        torch.bool, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16, torch.uint32, torch.uint64,
        torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128, torch.float8_e4m3fn,
        torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu,
    ):
        size = torch.empty(0, dtype=dtype).element_size()
        raw = torch.arange(6 * size, dtype=torch.uint8) % 2 if dtype is torch.bool else torch.arange(6 * size, dtype=torch.uint8)
        made[str(dtype)] = raw.view(dtype).reshape(2, 3)
    made["f4"] = torch.arange(6, dtype=torch.uint8).view(float4_e2m1fn_x2).reshape(2, 3)
    return made


def views() -> dict[str, Any]:
    base = torch.arange(24.0).reshape(4, 6)
    same = torch.ones(3)
    z = torch.complex(torch.arange(6.0), torch.arange(6.0) + 1).reshape(2, 3)
    return {
        "row": base[1], "column": base[:, 2], "part": base[1:3, 2:5], "transposed": base.t(), "whole": base,
        "expanded": torch.ones(1).expand(3, 4), "empty": torch.empty(0, 5), "scalar": torch.tensor(3), "same": same, "again": same,
        "alias": same[1:], "list": [same, [same]], "unsqueezed": base[:, :1], "empty of a view": base[:0],
        "conj": z.conj(), "adjoint": z.conj().t(), "neg": z.conj().imag.clone(), "grad": torch.ones(2, requires_grad=True),
        "parameter": nn.Parameter(torch.ones(2)), "frozen": nn.Parameter(torch.ones(2), requires_grad=False),
        "buffer": nn.Buffer(torch.ones(3)) if hasattr(nn, "Buffer") else same,
    }


def attributed() -> dict[str, Any]:
    parameter = nn.Parameter(torch.ones(2))
    parameter.partition_dim = 0  # type: ignore[attr-defined]
    tensor = torch.ones(2)
    tensor.note = "x"  # type: ignore[attr-defined]
    return {"parameter": parameter, "tensor": tensor}


def ordered_with(**attributes: Any) -> OrderedDict[str, Any]:
    made: OrderedDict[str, Any] = OrderedDict(a=torch.ones(1))
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def objects() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, module in modules().items():
        made[f"module {name}"] = module.state_dict()
        made[f"parameters {name}"] = dict(module.named_parameters())
        made[f"plain {name}"] = OrderedDict(module.state_dict().items())
        made[f"run {name}"] = {"epoch": 1, "model": module.state_dict(), "plain": dict(module.state_dict()), "loss": 0.5}
    made |= optimizer_objects() | scheduler_objects()
    everything = values()
    made["values"] = everything
    made["values in a list"] = [everything, (everything,)]
    for name, value in everything.items():
        made[f"value {name}"] = value
    made |= {
        "rng": rng_objects(), "dtypes": dtype_tensors(), "views": views(), "views as values": {"x": 1, "in": views()},
        "attributed": attributed(), "empty dict": {}, "empty list": [], "empty parts": {"a": {}, "b": OrderedDict(), "c": []},
        "tensor": torch.ones(2, 2), "tensors": [torch.ones(1), torch.zeros(2)], "ordered": ordered_with(),
        "metadata": ordered_with(_metadata={"": {"version": 1}}), "metadata alone": {"m": ordered_with(_metadata=OrderedDict())},
        "no metadata": {"m": ordered_with(_metadata=[1])}, "two attributes": {"m": ordered_with(_metadata={}, x=1)},
        "odd keys": {1: torch.ones(1)}, "odd name": {"a\x85": torch.ones(1), "b": 2}, "long name": {"n" * 5000: torch.ones(1)},
        "name of 4096": {"n" * 4096: torch.ones(1), "m": 1}, "nested": {"a": {"b": {"c": {"d": torch.ones(1)}}}},
        "named tensors": named_tensors(), "ordered parts": OrderedDict(a=1, b=torch.ones(1)), "extra state": {"m": ordered_with(_metadata={}) | {}},
    }
    shared = [1, 2]
    made["shared"] = {"a": shared, "b": shared, "c": [shared, shared]}
    return made


def more_objects() -> dict[str, Any]:
    """What the writer of pickles has several forms for."""
    return {
        "no bytes": [b"", bytearray(), {"a": b""}],
        "large dict": {i: str(i) for i in range(2001)},
        "large set": set(range(1001)),
        "thousand": list(range(1000)),
        "deep": deep(40),
        "many": [torch.full((2,), float(i)) for i in range(300)],
        "dtype keys": Counter({torch.float32: 1}),
    } | {f"dtype {name}": tensor for name, tensor in dtype_tensors().items()}


def deep(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


class RandomObjects:
    """Nested objects of all types, with ties and shared parts."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._base = torch.arange(self._random.choice([0, 1, 24, 200]), dtype=self._random.choice([torch.float32, torch.int64, torch.uint8]))
        self._made: list[Any] = []

    def make(self, depth: int = 0) -> Any:
        if self._made and self._random.random() < 0.1:
            return self._random.choice(self._made)
        kinds = [self._plain, self._tensor] if depth > 3 else [self._plain, self._tensor, self._list, self._dict, self._dict, self._optimizer]
        made = self._random.choice(kinds)(depth) if depth else self._dict(depth)
        self._made.append(made)
        return made

    def _plain(self, _depth: int) -> Any:
        return self._random.choice(list(values().values()))

    def _tensor(self, _depth: int) -> torch.Tensor:
        made = self._base if self._random.random() < 0.5 else torch.ones(self._random.randrange(40))
        if made.numel() >= 4 and self._random.random() < 0.7:
            begin = self._random.randrange(made.numel() // 2)
            made = made[begin : begin + 1 + self._random.randrange(made.numel() // 2)]
            made = made[:: self._random.choice([1, 2])]
            if made.numel() % 4 == 0:
                made = made.reshape(2, -1).t()
        return nn.Parameter(made, False) if self._random.random() < 0.2 else made

    def _list(self, depth: int) -> Any:
        return self._random.choice([list, tuple])(self.make(depth + 1) for _ in range(self._random.randrange(4)))

    def _dict(self, depth: int) -> Any:
        keys = self._random.sample(["a", "b.c", "d/e", "", "state", "x\n", "é", "model", 1, 2.5, None, (1, "x"), b"k"], self._random.randrange(5))
        if self._random.random() < 0.7:
            keys = [key for key in keys if isinstance(key, str)]
        make = self._tensor if self._random.random() < 0.3 else self.make
        made = self._random.choice([dict, dict, OrderedDict])((key, make(depth + 1)) for key in keys)
        if type(made) is OrderedDict and self._random.random() < 0.5:
            made._metadata = self._random.choice([{"": {"version": 2}}, OrderedDict(a=1), {1: 2}, None])  # type: ignore[attr-defined]
        return made

    def _optimizer(self, depth: int) -> Any:
        params = self._random.sample([0, 1, 2, 7, "fc.w", "fc.b", True], self._random.randrange(1, 4))
        if self._random.random() < 0.7:
            params = [param for param in params if type(param) is int]
        groups: list[dict[Any, Any]] = [{"lr": 0.1, "params": params, "x": self._plain(depth)}, {"params": [9]}]
        if self._random.random() < 0.3:
            groups[0]["param_names"] = ["n"] * len(params)
        state = {param: self._random.choice([{}, {"step": self._tensor(depth)}, {"s": 1}]) for param in params[:2]}
        return {"state": state, "param_groups": groups[: self._random.randrange(3)]} | self._random.choice([{}, {"more": 1}])
