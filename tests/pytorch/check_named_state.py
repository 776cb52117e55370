"""Optimizer state keyed by names, as torch.distributed.checkpoint gives and takes it: written, read by C++ and by
Python, loaded into an optimizer with other groups, and stepped on."""

import copy
import warnings
from collections.abc import Callable, Iterator
from functools import partial

import torch
from canonical_text import Part, Parts, text_of, text_of_parts
from check_optimizers import TABLE, Case, Small, groups, named, named_groups, plain, step_on
from checking import Check, Differs, Tools, check_file, expect_same_text
from torch import nn, optim
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict, set_optimizer_state_dict

# torch.distributed.checkpoint cannot load two of them: the state of LBFGS is one for all parameters, and SparseAdam
# does not take the dense gradients with which it fills a fresh optimizer.
NAMED_TABLE = [case for case in TABLE if case.algorithm not in ("LBFGS", "SparseAdam") and case.steps]
IN_GROUPS = [
    Case("SGD, groups", "SGD", {"momentum": 0.9}, params=groups),
    Case("SGD, named groups", "SGD", {"momentum": 0.9}, params=named_groups),
]


def named_state(model: nn.Module, optimizer: optim.Optimizer) -> dict:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return get_optimizer_state_dict(model, optimizer)


def load_named_state(model: nn.Module, optimizer: optim.Optimizer, state: dict) -> None:
    """Not strict: a parameter that never had a gradient has no state."""
    set_optimizer_state_dict(model, optimizer, state, options=StateDictOptions(strict=False))


def parts_of(model: nn.Module, optimizer: optim.Optimizer) -> Parts:
    part = Part("optimizer", named_state(model, optimizer), type(optimizer).__name__)
    return Parts([Part("model", model.state_dict())], [part])


def expect_same_order(live: dict, read: dict) -> None:
    """The order of the parameters, which dicts that are equal may not have in common."""
    if list(live["state"]) != list(read["state"]):
        raise Differs(f"keys of state: expected {list(live['state'])}, found {list(read['state'])}")


def run(tools: Tools, case: Case, params: Callable) -> str:
    model, optimizer = case.start(params)
    step_on(model, optimizer, 0, case.steps)
    live = parts_of(model, optimizer)
    read = check_file(tools, live, "named")
    expect_same_order(live.optimizers[0].state_dict, read.optimizers[0].state_dict)
    ends = [go_on(case, params, parts) for parts in (copy.deepcopy(live), read)]
    expect_same_text(ends[0], ends[1], "loaded from the file and stepped on")
    return f"state of {len(live.optimizers[0].state_dict['state'])} names bit for bit, read, loaded, and after a further step"


def go_on(case: Case, params: Callable, parts: Parts) -> str:
    """Loads into a fresh model and optimizer; what these then hold, before and after a further step."""
    model, optimizer = case.start(params)
    model.load_state_dict(parts.models[0].state_dict)
    load_named_state(model, optimizer, parts.optimizers[0].state_dict)
    loaded = text_of_parts(parts_of(model, optimizer))
    step_on(model, optimizer, case.steps, 1)
    return loaded + text_of_parts(parts_of(model, optimizer))


def other_order(tools: Tools) -> str:
    """A file that names its parameters is loaded into an optimizer that has them in another order."""
    model, optimizer = Case("", "Adam").start(plain)
    step_on(model, optimizer, 0, 2)
    read = check_file(tools, parts_of(model, optimizer), "order").optimizers[0].state_dict
    other = Small()
    reversed_optimizer = optim.Adam(list(other.parameters())[::-1])
    load_named_state(other, reversed_optimizer, read)
    found = named_state(other, reversed_optimizer)
    for name, state in read["state"].items():
        expect_same_text(text_of(state), text_of(found["state"][name]), f"state of {name}")
    return f"state of {len(read['state'])} names"


def beside_indices(tools: Tools) -> str:
    """Two optimizers in one file: one keyed by names, one by indices. State of a name that no group lists."""
    model, optimizer = Case("", "SGD", {"momentum": 0.9}).start(named)
    step_on(model, optimizer, 0, 1)
    names = named_state(model, optimizer)
    names["state"]["frozen.weight"] = {"step": 3, "sum": torch.ones(2)}
    names["param_groups"].append({"params": ["only.here"], "lr": 0.5})  # without state
    names["defaults"] = {"lr": 0.1}
    empty = {"state": {}, "param_groups": [{"params": []}]}
    parts = Parts([], [Part("a", optimizer.state_dict()), Part("b", names, "SGD"), Part("c", optimizer.state_dict()),
                       Part("d", empty)])  # fmt: skip
    read = check_file(tools, parts, "both")
    for live, found in zip(parts.optimizers, read.optimizers):
        expect_same_text(text_of(live.state_dict["param_groups"]), text_of(found.state_dict["param_groups"]), live.name)
        expect_same_order(live.state_dict, found.state_dict)
    return f"{len(read.optimizers)} optimizers"


def one_name_changed(tools: Tools) -> str:
    """Of two names that are exchanged, the check finds it."""
    model, optimizer = Case("", "SGD", {"momentum": 0.9}).start(plain)
    step_on(model, optimizer, 0, 1)
    parts = parts_of(model, optimizer)
    read = check_file(tools, parts, "exchanged")
    params = read.optimizers[0].state_dict["param_groups"][0]["params"]
    params[0], params[1] = params[1], params[0]
    try:
        expect_same_text(text_of_parts(parts), text_of_parts(read), "exchanged")
    except Differs as difference:
        return str(difference)
    raise Differs("two exchanged names were not found")


def checks(tools: Tools) -> Iterator[Check]:
    for case in NAMED_TABLE:
        if case.algorithm == "Muon" and not hasattr(optim, "Muon"):
            continue  # PyTorch before 2.9
        for params in (plain, named):
            yield Check(f"named state: {case.name}, {params.__name__}", partial(run, tools, case, params))
    for case in IN_GROUPS:
        yield Check(f"named state: {case.name}", partial(run, tools, case, case.params))
    yield Check("named state: another order", partial(other_order, tools))
    yield Check("named state: beside indices", partial(beside_indices, tools))
    yield Check("can fail: named state", partial(one_name_changed, tools))
