"""Our LeNet against the recipe's Net: initial weights, logits, steps in both directions, and what show prints."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import recipe
import torch
from canonical_text import Part, Parts, text_of
from checking import Check, Differs, Tools, expect_same_text, expect_within, largest_gap
from from_milepost import load
from to_milepost import encode

# Of the weights, and of the optimizer's state: a buffer moves the weights by lr, 0.001, times itself only, and where
# rounding makes a pool take another winner it moves by the whole difference of two gradients.
AFTER_MANY_STEPS = (1e-5, 1e-3)
AFTER_ONE_STEP = (1e-5, 1e-6)
# Of trained weights: one pool that takes another winner has moved exp_avg by 7e-6, where PyTorch had AVX2 and not AVX-512.
AFTER_FURTHER_STEP = (1e-6, 5e-5)
IN_FILE_ORDER = ["--no-shuffle", "--seed", 0, "--batch", recipe.BATCH]


@dataclass
class Method:
    """An optimizer that both sides have: lenet's options, PyTorch's constructor, the state it keeps."""

    name: str
    options: list
    make: Callable
    state: tuple[str, ...]
    steady: bool = True  # False: only single steps agree (Adam goes where the rounding of the least gradient sends it)


METHODS = [
    Method("SGD", ["--lr", 0.001, "--momentum", 0.9],
           lambda params: torch.optim.SGD(params, lr=0.001, momentum=0.9), ("momentum_buffer",)),
    Method("SGD without momentum", ["--lr", 0.001, "--momentum", 0],
           lambda params: torch.optim.SGD(params, lr=0.001), ()),
    Method("Adam", ["--optimizer", "adam"], torch.optim.Adam, ("step", "exp_avg", "exp_avg_sq"), steady=False),
    Method("AdamW, amsgrad", ["--optimizer", "adamw", "--amsgrad"],
           lambda params: torch.optim.AdamW(params, amsgrad=True),
           ("step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"), steady=False),
]


class Lenet:
    """Runs of lenet and of PyTorch from seed 0; a file that two checks need is made once."""

    def __init__(self, tools: Tools):
        self.tools = tools
        self.data = recipe.load_data(102 * recipe.BATCH)
        self.files = {}

    def file(self, method: Method, steps: int):
        """lenet's checkpoint after so many steps from seed 0."""
        name = f"lenet {method.name} {steps}"
        if name not in self.files:
            self.files[name] = self.save(name, *IN_FILE_ORDER, *method.options, "--steps", steps)
        return self.files[name]

    def save(self, name: str, *arguments):
        """Trains, saves to a folder of that name, and returns the newest file in it."""
        folder = self.tools.scratch / name
        self.tools.lenet("train", "--data", self.data.path, "--save", folder, *arguments)
        return max(folder.glob("*.milepost"))

    def torch_run(self, method: Method, steps: int):
        net = recipe.new_net(0)
        optimizer = method.make(net.parameters())
        loss = recipe.train(net, optimizer, self.data, 0, steps)
        return net, optimizer, loss

    def torch_run_from(self, method: Method, path):
        """The recipe's Net and optimizer with what the file holds, loaded as a user of PyTorch does."""
        parts = load(path)
        net = recipe.TheModelClass()
        answer = net.load_state_dict(parts.models[0].state_dict, strict=True)
        if str(answer) != "<All keys matched successfully>":
            raise Differs(f"load_state_dict says {answer}")
        optimizer = method.make(net.parameters())
        optimizer.load_state_dict(parts.optimizers[0].state_dict)
        return net, optimizer


def weights_of(state_dict: dict) -> list[torch.Tensor]:
    return [tensor.detach() for tensor in state_dict.values()]


def expect_same_run(net, optimizer, parts: Parts, method: Method, allowed: float, allowed_state: float) -> str:
    """Compares weights and the optimizer's state with those of a checkpoint of lenet."""
    ours, theirs = parts.optimizers[0].state_dict["state"], optimizer.state_dict()["state"]
    said = [expect_within(largest_gap(weights_of(net.state_dict()), weights_of(parts.models[0].state_dict)),
                          allowed, "weights")]
    for name in method.state:
        if list(ours) != list(theirs):
            raise Differs(f"state of parameters {list(theirs)}, found {list(ours)}")
        gap = largest_gap([theirs[i][name] for i in theirs], [ours[i][name] for i in theirs])
        said.append(expect_within(gap, allowed_state, name))
    return ", ".join(said)


# The checks


def initial_weights(lenet: Lenet) -> str:
    """Bit for bit where PyTorch's kernels fuse multiply and add, as lenet does; else they differ by 1 ulp."""
    found = load(lenet.file(METHODS[0], 0))
    net = recipe.new_net(0)
    fused = torch.backends.cpu.get_cpu_capability() != "DEFAULT"
    gap = largest_gap(weights_of(net.state_dict()), weights_of(found.models[0].state_dict))
    said = expect_within(gap, 0 if fused else 1e-7, "62,006 weights")
    if not torch.equal(torch.get_rng_state(), found.values["rng_state"]):
        raise Differs("the generator's state after them differs")
    return said + ", the generator's 5,056 bytes, too"


def names_and_types(lenet: Lenet, method: Method) -> str:
    """All of a run's file but the numbers in its tensors: keys, order, types, shapes, _metadata."""
    found = load(lenet.file(method, 1))
    net, optimizer, _ = lenet.torch_run(method, 1)
    net_state, optimizer_state = net.state_dict(), optimizer.state_dict()
    expected = text_of([shapes(net_state), dict(net_state._metadata), shapes(optimizer_state)])
    expect_same_text(type(optimizer).__name__, found.optimizers[0].algorithm, "algorithm")
    ours = found.models[0].state_dict, found.optimizers[0].state_dict
    expect_same_text(expected, text_of([shapes(ours[0]), dict(ours[0]._metadata), shapes(ours[1])]), "lenet's file")
    return "keys, order, types, shapes and _metadata of model and optimizer"


def shapes(value):
    """The same with each tensor replaced by its dtype and its size."""
    if isinstance(value, torch.Tensor):
        return (value.dtype, value.size())
    if isinstance(value, dict):
        return {key: shapes(each) for key, each in value.items()}
    return [shapes(each) for each in value] if isinstance(value, list) else value


def logits(lenet: Lenet, steps: int) -> str:
    path, count = lenet.file(METHODS[0], steps), 2 * recipe.BATCH
    printed = lenet.tools.print_logits(path, lenet.data.path, count)
    found = torch.tensor([[float(number) for number in line.split()] for line in printed.splitlines()])
    net, _ = lenet.torch_run_from(METHODS[0], path)
    with torch.no_grad():
        gap = largest_gap([net(lenet.data.inputs[:count])], [found])
    return expect_within(gap, 1e-5, f"load_state_dict(strict=True), logits of {count} images")


def whole_run(lenet: Lenet, method: Method, steps: int) -> str:
    found = load(lenet.file(method, steps))
    net, optimizer, loss = lenet.torch_run(method, steps)
    said = expect_same_run(net, optimizer, found, method, *(AFTER_MANY_STEPS if steps > 1 else AFTER_ONE_STEP))
    return f"{said}, {expect_within(abs(loss - found.values['loss']), 1e-5, 'loss')} ({loss:.9f})"


def further_step(lenet: Lenet, method: Method) -> str:
    """A file of lenet goes on in PyTorch, and in lenet."""
    path = lenet.file(method, 100)
    further = lenet.save("further", "--resume", path, "--steps", 1)
    net, optimizer = lenet.torch_run_from(method, path)
    recipe.train(net, optimizer, lenet.data, 100, 1)
    return "step 101: " + expect_same_run(net, optimizer, load(further), method, *AFTER_FURTHER_STEP)


def resume_from_torch(lenet: Lenet, method: Method) -> str:
    """A run of PyTorch, written by the Python writer, goes on in lenet."""
    path = lenet.tools.scratch / "from torch.milepost"
    first, more = 50, 50 if method.steady else 1
    net, optimizer, loss = lenet.torch_run(method, first)
    values = {"epoch": 0, "step": first, "loss": loss, "batch": recipe.BATCH, "shuffle": False,
              "rng_state": torch.get_rng_state(), "data_order": torch.arange(lenet.data.count),
              "data_position": first * recipe.BATCH % lenet.data.count}
    held = Part("optimizer", optimizer.state_dict(), type(optimizer).__name__)
    parts = Parts([Part("model", net.state_dict())], [held], values)
    path.write_bytes(encode(parts))
    trained = lenet.save("from torch", "--resume", path, "--steps", more)
    recipe.train(net, optimizer, lenet.data, first, more)
    allowed = AFTER_MANY_STEPS if method.steady else AFTER_FURTHER_STEP
    said = expect_same_run(net, optimizer, load(trained), method, *allowed)
    return f"{first} steps in PyTorch, {more} in lenet: {said}"


def show(lenet: Lenet, options: list, **hyperparameters) -> str:
    path = lenet.save("show", "--steps", 0, *options)
    net = recipe.TheModelClass()
    optimizer = torch.optim.SGD(net.parameters(), **hyperparameters)
    expected = recipe.recipe_output(net.state_dict(), optimizer.state_dict())
    expect_same_text(expected, lenet.tools.lenet("show", path), "lenet show")
    return f"{len(expected)} bytes equal to the recipe's"


def show_state(lenet: Lenet) -> str:
    """With momentum buffers: lenet prints the dtype and the shape of a tensor, where PyTorch prints the shape of one
    without elements."""
    path = lenet.file(METHODS[0], 100)
    parts = load(path)
    state_dict = parts.optimizers[0].state_dict
    for state in state_dict["state"].values():
        state["momentum_buffer"] = state["momentum_buffer"].to("meta")
    printed = recipe.recipe_output(parts.models[0].state_dict, state_dict)
    expected = re.sub(r"tensor\(\.\.\., device='meta', size=\(([\d, ]*?),?\)\)", r"f32[\1]", printed)
    expect_same_text(expected, lenet.tools.lenet("show", path), "lenet show")
    return f"{len(expected)} bytes equal to the recipe's on tensors without elements"


def checks(tools: Tools) -> Iterator[Check]:
    lenet = Lenet(tools)
    yield Check("lenet: initial weights", partial(initial_weights, lenet))
    for steps in (0, 100):
        yield Check(f"lenet: logits at step {steps}", partial(logits, lenet, steps))
    for method in METHODS:
        yield Check(f"lenet: {method.name}, names and types", partial(names_and_types, lenet, method))
        for steps in (1, 100) if method.steady else ():
            yield Check(f"lenet: {method.name}, up to step {steps}", partial(whole_run, lenet, method, steps))
        yield Check(f"lenet: {method.name}, one further step", partial(further_step, lenet, method))
        yield Check(f"lenet: {method.name}, resumes a run of PyTorch", partial(resume_from_torch, lenet, method))
    yield Check("lenet: show", partial(show, lenet, [], lr=0.001, momentum=0.9))
    yield Check("lenet: show, other settings", partial(show, lenet, ["--lr", 1e-05, "--momentum", 0], lr=1e-05))
    yield Check("lenet: show, with state", partial(show_state, lenet))
