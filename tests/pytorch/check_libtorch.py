"""milepost/libtorch.hpp: its cases in C++ (tests/libtorch), and runs that go on in the other language.

The build has no LibTorch, so the header is compiled here, against that of this PyTorch."""

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
import torch.nn as nn
from canonical_text import Part, Parts, text_of
from checking import Check, Differs, Tools, expect_same_text, expect_within, largest_gap
from from_milepost import load
from to_milepost import encode
from torch import optim

ROOT = Path(__file__).resolve().parents[2]
TORCH = Path(torch.__file__).parent
PROGRAMS = {"libtorch_test": "tests/libtorch/main.cpp", "libtorch_example": "examples/libtorch.cpp"}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"]
STEPS = 3
# After one step from the same state: both languages compute the same in another order.
ALLOWED_GAP = 2e-6


class Net(nn.Module):
    """That of tests/libtorch/support.hpp."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(2, 2))
        self.scale = nn.Parameter(torch.tensor(1.5))
        self.first, self.norm, self.last = nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)

    def loss(self, step: int) -> torch.Tensor:
        x = torch.arange(20, dtype=torch.float32).sin().reshape(5, 4) + step
        return (self.last(torch.tanh(self.norm(self.first(x)))) * self.scale - 1).square().mean()


@dataclass
class Case:
    """A name of make_optimizer in tests/libtorch/optimizer_cases.hpp, and the same optimizer here."""

    name: str
    algorithm: type
    settings: dict = field(default_factory=dict)

    def start(self, seed: int) -> tuple[Net, optim.Optimizer]:
        torch.manual_seed(seed)
        net = Net()
        return net, self.algorithm(net.parameters(), **self.settings)


CASES = [
    Case("SGD", optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01}),
    Case("SGD plain", optim.SGD, {"lr": 0.1}),
    Case("Adam", optim.Adam, {"lr": 0.01, "betas": (0.8, 0.99), "weight_decay": 0.01}),
    Case("Adam amsgrad", optim.Adam, {"lr": 0.01, "amsgrad": True}),
    Case("AdamW", optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
    Case("RMSprop", optim.RMSprop, {"lr": 0.01}),
    Case("RMSprop all", optim.RMSprop, {"lr": 0.01, "centered": True, "momentum": 0.5, "weight_decay": 0.01}),
    Case("Adagrad", optim.Adagrad, {"lr": 0.05, "lr_decay": 0.1, "initial_accumulator_value": 0.5}),
    Case("LBFGS", optim.LBFGS, {"lr": 0.5, "max_iter": 4, "history_size": 5}),
    Case("LBFGS search", optim.LBFGS, {"lr": 1, "max_iter": 4, "line_search_fn": "strong_wolfe"}),
]


# Programs


def program(tools: Tools, name: str) -> Path:
    return tools.build / "tests" / "libtorch" / name


def run(command: list) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=600, check=False, env=environment)
    if done.returncode:
        raise Differs(f"{' '.join(map(str, command))}: exit {done.returncode}: {(done.stdout + done.stderr).strip()[-4000:]}")
    return done.stdout


def compile_program(tools: Tools, name: str) -> None:
    """As a user's program that needs nothing but the public headers and both libraries."""
    target = program(tools, name)
    compiler = os.environ.get("CXX", "g++").split()
    library, torch_library = tools.build / "lib", TORCH / "lib"
    run([*compiler, "-std=c++20", *WARNINGS, f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}",
         "-I", ROOT / "include", "-I", tools.build / "include", "-isystem", TORCH / "include",
         "-isystem", TORCH / "include/torch/csrc/api/include", "-c", ROOT / PROGRAMS[name], "-o", f"{target}.o"])
    run([*compiler, f"{target}.o", "-o", target, library / "libmilepost.so", "-L", torch_library, "-ltorch", "-ltorch_cpu",
         "-lc10", f"-Wl,-rpath,{library}:{torch_library}"])


def compile_programs(tools: Tools) -> str:
    program(tools, "").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(partial(compile_program, tools), PROGRAMS))
    return " and ".join(PROGRAMS.values())


def run_cases(tools: Tools) -> str:
    return run([program(tools, "libtorch_test")]).strip().split("\n")[-3]


def compare_page(tools: Tools) -> str:
    """docs/libtorch.md quotes the example, which is compiled."""
    blocks = re.findall(r"^```cpp\n(.*?)^```$", (ROOT / "docs/libtorch.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    example = (ROOT / PROGRAMS["libtorch_example"]).read_text(encoding="utf-8")
    for block in blocks:
        if block not in example:
            raise Differs(f"docs/libtorch.md has code that the example has not: {block}")
    return f"{len(blocks)} blocks of docs/libtorch.md are those of the example"


def run_example(tools: Tools) -> str:
    """A run in two parts ends as one in one part does."""
    outputs = {name: [run([program(tools, "libtorch_example"), tools.scratch / f"{name}.milepost", steps]) for steps in parts]
               for name, parts in {"whole": [30], "parts": [13, 30]}.items()}
    if (tools.scratch / "whole.milepost").read_bytes() != (tools.scratch / "parts.milepost").read_bytes():
        raise Differs("a run that was resumed ends with another file")
    return outputs["whole"][0].strip().split("\n")[-1]


# Runs that go on in the other language


def step_on(net: Net, optimizer: optim.Optimizer, first: int, steps: int) -> None:
    for step in range(first, first + steps):

        def closure(step=step):
            optimizer.zero_grad()
            loss = net.loss(step)
            loss.backward()
            return loss

        optimizer.step(closure)


def tensors_of(value) -> list[torch.Tensor]:
    """All numbers, as tensors: a number may be a tensor in one language and a float in the other."""
    if isinstance(value, torch.Tensor):
        return [value.detach()]
    if isinstance(value, (int, float)):
        return [torch.tensor(value, dtype=torch.float64)]
    values = list(value.values()) if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else []
    return [tensor for each in values for tensor in tensors_of(each)]


def compare_ends(net: Net, optimizer: optim.Optimizer, end: Parts) -> str:
    """What Python's step and C++'s step made of the same state."""
    here, there = tensors_of(optimizer.state_dict()["state"]), tensors_of(end.optimizers[0].state_dict["state"])
    if here or there:
        expect_within(largest_gap(here, there), ALLOWED_GAP, "states")
    return expect_within(largest_gap(tensors_of(net.state_dict()), tensors_of(end.models[0].state_dict)), ALLOWED_GAP, "weights")


def form_of(value) -> str:
    """Types and keys without the numbers."""
    if isinstance(value, torch.Tensor):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {form_of(each)}' for key, each in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}[{', '.join(map(form_of, value))}]"
    return "number" if type(value) in (int, float) else repr(value)


def expect_same_form(here: optim.Optimizer, there: dict) -> None:
    """The same keys in the same order, and values of the same types; C++ has a float where Python may have an int."""
    expected, found = here.state_dict(), there
    known = [{key: value for key, value in group.items() if key in expected["param_groups"][0]} for group in found["param_groups"]]
    expect_same_text(form_of(expected["param_groups"]), form_of(known), "param_groups")
    if not isinstance(here, optim.LBFGS):  # its state has as many lists as there were steps
        expect_same_text(form_of(expected["state"]), form_of(dict(sorted(found["state"].items()))), "state")


def from_cpp(tools: Tools, case: Case) -> str:
    file, end = tools.scratch / "cpp.milepost", tools.scratch / "cpp.next.milepost"
    run([program(tools, "libtorch_test"), "save", case.name, file, end])
    parts = load(file)
    net, optimizer = case.start(7)
    expect_same_text(text_of(net.state_dict()._metadata), text_of(parts.models[0].state_dict._metadata), "_metadata")
    if list(net.state_dict()) != list(parts.models[0].state_dict):
        raise Differs(f"keys of the model: {list(parts.models[0].state_dict)}")
    step_on(net, optimizer, 0, STEPS)
    expect_same_form(optimizer, parts.optimizers[0].state_dict)
    net.load_state_dict(parts.models[0].state_dict)
    optimizer.load_state_dict(parts.optimizers[0].state_dict)
    step_on(net, optimizer, STEPS, 1)
    return compare_ends(net, optimizer, load(end)) + " after a step in Python"


def to_cpp(tools: Tools, case: Case) -> str:
    net, optimizer = case.start(8)
    step_on(net, optimizer, 0, STEPS)
    parts = Parts([Part("net", net.state_dict())], [Part("optimizer", optimizer.state_dict(), "")])
    file, end = tools.scratch / "python.milepost", tools.scratch / "python.next.milepost"
    file.write_bytes(encode(parts))
    run([program(tools, "libtorch_test"), "load", case.name, file, end])
    step_on(net, optimizer, STEPS, 1)
    return compare_ends(net, optimizer, load(end)) + " after a step in C++"


def checks(tools: Tools) -> Iterator[Check]:
    yield Check("libtorch: compiles", partial(compile_programs, tools))
    yield Check("libtorch: cases", partial(run_cases, tools))
    yield Check("libtorch: example", partial(run_example, tools))
    yield Check("libtorch: page", partial(compare_page, tools))
    for case in CASES:
        yield Check(f"libtorch: {case.name}, from C++ to Python", partial(from_cpp, tools, case))
        yield Check(f"libtorch: {case.name}, from Python to C++", partial(to_cpp, tools, case))
