"""What each optimizer of PyTorch holds after some steps: written, read by C++ and by Python, loaded, and stepped on."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn as nn
from canonical_text import Part, Parts, text_of, text_of_parts
from checking import Check, Tools, check_file, expect_same_text
from torch import optim


class Small(nn.Module):
    """Parameters of two, one and no dimensions, and one that never has a gradient."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 3)
        self.unused = nn.Parameter(torch.zeros(2, 2))
        self.last = nn.Linear(3, 2)
        self.scale = nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        return self.last(torch.tanh(self.first(x))) * self.scale

    def loss(self, step: int) -> torch.Tensor:
        x = torch.arange(20, dtype=self.scale.dtype).sin().reshape(5, 4) + step
        return (self(x) - 1).square().mean()


class Matrices(Small):
    """For Muon: two dimensions, nothing else."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 3, bias=False), nn.Linear(3, 2, bias=False)
        del self.scale
        self.register_buffer("scale", torch.tensor(1.5))


class Table(nn.Module):
    """For SparseAdam: gradients are sparse."""

    def __init__(self):
        super().__init__()
        self.rows = nn.Embedding(6, 3, sparse=True)

    def loss(self, step: int) -> torch.Tensor:
        return (self.rows(torch.tensor([1, 4, step % 6])) - 1).square().sum()


@dataclass
class Case:
    """An optimizer's settings; `params` gives what it is built from, if that is neither of the usual two."""

    name: str
    algorithm: str
    settings: dict = field(default_factory=dict)
    model: Callable = Small
    steps: int = 3
    params: Callable | None = None
    stepped_on: bool = True  # False for settings that PyTorch steps with on an accelerator only

    def start(self, params: Callable) -> tuple[nn.Module, optim.Optimizer]:
        torch.manual_seed(1)
        model = self.model()
        return model, getattr(optim, self.algorithm)(params(model), **copy.deepcopy(self.settings))


def plain(model: nn.Module):
    return model.parameters()


def named(model: nn.Module):
    return model.named_parameters()


# As the user wrote them, with a key of his own: the keys of each group keep their order.


def groups(model: Small) -> list[dict]:
    return [
        {"lr": 1, "params": list(model.first.parameters()), "note": "first", "decay_at": (3, 5.0)},
        {"params": [model.unused, model.scale], "weight_decay": 0.25},
        {"params": model.last.parameters(), "momentum": 0.5},
    ]


def named_groups(model: Small) -> list[dict]:
    return [
        {"lr": 0.5, "params": list(model.first.named_parameters("first"))},
        {"params": [("scale", model.scale)], "momentum": 0.25, "nesterov": True},
    ]


def given_twice(model: Small) -> list[dict]:
    return [{"params": [model.first.weight, model.scale, model.scale]}, {"params": [model.last.bias]}]


def in_double(model: Callable) -> Callable:
    return lambda: model().double()


def in_bf16(model: Callable) -> Callable:
    return lambda: model().bfloat16()


# The table, in its order; each is built from parameters and from named ones.
TABLE = [
    Case("SGD", "SGD"),
    Case("SGD, momentum", "SGD", {"momentum": 0.9}),
    Case("SGD, all", "SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01, "maximize": True}),
    Case("Adam", "Adam"),
    Case("Adam, amsgrad", "Adam", {"amsgrad": True}),
    Case("AdamW", "AdamW"),
    Case("SparseAdam", "SparseAdam", model=Table),
    Case("Adadelta", "Adadelta"),
    Case("Adafactor", "Adafactor"),
    Case("Adagrad", "Adagrad"),
    Case("Adagrad, no step", "Adagrad", {"initial_accumulator_value": 0.5}, steps=0),
    Case("Adamax", "Adamax"),
    Case("ASGD", "ASGD"),
    Case("LBFGS", "LBFGS"),
    Case("LBFGS, line search", "LBFGS", {"line_search_fn": "strong_wolfe", "max_iter": 5}),
    Case("Muon", "Muon", model=Matrices),
    Case("NAdam", "NAdam"),
    Case("RAdam", "RAdam"),
    Case("RMSprop", "RMSprop"),
    Case("RMSprop, centered, momentum", "RMSprop", {"centered": True, "momentum": 0.5}),
    Case("Rprop", "Rprop"),
]

# Types and shapes of settings that a user may choose.
VARIANTS = [
    Case("SGD, no step", "SGD", {"momentum": 0.9}, steps=0, params=plain),
    Case("SGD, ints", "SGD", {"lr": 1, "momentum": 0, "weight_decay": 0}, params=plain),
    Case("SGD, floats", "SGD", {"lr": 1.0, "momentum": 0.0, "weight_decay": 0.0}, params=plain),
    Case("SGD, fused", "SGD", {"momentum": 0.9, "fused": True}, params=plain),
    Case("SGD, groups", "SGD", params=groups),
    Case("SGD, named groups", "SGD", {"momentum": 0.9}, params=named_groups),
    Case("SGD, a parameter twice", "SGD", {"momentum": 0.9}, params=given_twice),
    Case("SGD, lr a tensor", "SGD", {"lr": torch.tensor(0.01), "momentum": 0.9}, params=plain),
    Case("Adam, lr a tensor [1]", "Adam", {"lr": torch.tensor([0.01])}, params=plain),
    Case("Adam, lr a tensor f64", "Adam", {"lr": torch.tensor(0.01, dtype=torch.float64)}, params=named),
    Case("Adam, betas are tensors", "Adam",
         {"lr": torch.tensor(0.01), "betas": (torch.tensor(0.9), torch.tensor(0.99)), "foreach": False,
          "capturable": True}, params=plain, steps=0, stepped_on=False),
    Case("Adam, fused", "Adam", {"fused": True}, params=plain),
    Case("Adam, f64", "Adam", model=in_double(Small), params=plain),
    Case("AdamW, bf16", "AdamW", model=in_bf16(Small), params=named),
]


def step_on(model: nn.Module, optimizer: optim.Optimizer, first: int, steps: int) -> None:
    for step in range(first, first + steps):

        def closure(step=step):
            optimizer.zero_grad()
            loss = model.loss(step)
            loss.backward()
            return loss

        optimizer.step(closure)


def parts_of(model: nn.Module, optimizer: optim.Optimizer) -> Parts:
    state_dict = optimizer.state_dict()
    return Parts([Part("model", model.state_dict())], [Part("optimizer", state_dict, type(optimizer).__name__)])


def run(tools: Tools, case: Case, params: Callable) -> str:
    model, optimizer = case.start(params)
    step_on(model, optimizer, 0, case.steps)
    live = parts_of(model, optimizer)
    read = check_file(tools, live, "optimizer")
    ends = [go_on(case, params, parts) for parts in (copy.deepcopy(live), read)]
    expect_same_text(ends[0], ends[1], "loaded from the file and stepped on")
    tensors = sum(isinstance(value, torch.Tensor) for value in flat(live.optimizers[0].state_dict))
    then = ", and after a further step" if case.stepped_on else ""
    return f"{tensors} tensors and {len(keys(live))} keys of groups bit for bit, read, loaded{then}"


def go_on(case: Case, params: Callable, parts: Parts) -> str:
    """Loads into a fresh model and optimizer; the text of what these then hold, before and after a further step."""
    model, optimizer = case.start(params)
    model.load_state_dict(parts.models[0].state_dict)
    optimizer.load_state_dict(parts.optimizers[0].state_dict)
    loaded = text_of_parts(parts_of(model, optimizer))
    if case.stepped_on:
        step_on(model, optimizer, case.steps, 1)
    return loaded + text_of_parts(parts_of(model, optimizer))


def flat(value) -> Iterator:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from flat(each)
    else:
        yield value


def keys(parts: Parts) -> list[str]:
    return [key for group in parts.optimizers[0].state_dict["param_groups"] for key in group]


def unknown_keys(tools: Tools) -> str:
    """Keys that PyTorch keeps though it does not know them: beside the two parts, in a group, in the state."""
    model, optimizer = Case("", "SGD", {"momentum": 0.9}).start(plain)
    step_on(model, optimizer, 0, 1)
    parts = parts_of(model, optimizer)
    state_dict = parts.optimizers[0].state_dict
    state_dict["state"]["shared"] = {"count": 3, "sum": torch.ones(2)}
    state_dict["state"][7] = {}  # a state without a parameter
    state_dict["defaults"] = {"lr": 0.1, "tuple": (1, 1.0, True, None)}
    state_dict["param_groups"][0] = {"params": [42, 7, 9, 3, 1, 0], "lr": 0.1}  # the order as found
    check_file(tools, parts, "unknown")
    return f"{len(text_of(state_dict))} bytes of text equal"


def checks(tools: Tools) -> Iterator[Check]:
    for case in TABLE:
        if case.algorithm == "Muon" and not hasattr(optim, "Muon"):
            continue  # PyTorch before 2.9
        for params in (plain, named):
            yield Check(f"optimizer: {case.name}, {params.__name__}", partial(run, tools, case, params))
    for case in VARIANTS:
        yield Check(f"optimizer: {case.name}", partial(run, tools, case, case.params))
    yield Check("optimizer: unknown keys", partial(unknown_keys, tools))
