"""What each learning rate scheduler of PyTorch holds after some steps: written, read, loaded, and stepped on."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from canonical_text import Part, Parts, text_of
from checking import Check, Tools, check_file, expect_same_text
from torch import optim
from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR

STEPS = 5


class Decay:
    """A callable object: schedulers save what is in it."""

    def __init__(self, factor: float):
        self.factor = factor
        self.seen = [0, (1, 2.0), None]

    def __call__(self, epoch: int) -> float:
        return self.factor**epoch


def sgd() -> optim.Optimizer:
    """Two groups with learning rates of their own."""
    parameters = [torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(3))]
    return optim.SGD([{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.5}], lr=0.1, momentum=0.9)


def sgd_with_tensors() -> optim.Optimizer:
    return optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=torch.tensor(0.1))


def adam() -> optim.Optimizer:
    return optim.Adam([torch.nn.Parameter(torch.ones(2))], lr=0.1)


@dataclass
class Case:
    name: str
    make: Callable[[optim.Optimizer], object]
    optimizer: Callable[[], optim.Optimizer] = sgd

    def start(self):
        torch.manual_seed(2)
        optimizer = self.optimizer()
        for parameter in (each for group in optimizer.param_groups for each in group["params"]):
            parameter.grad = torch.ones_like(parameter)
        return optimizer, self.make(optimizer)


def sequential(optimizer: optim.Optimizer):
    parts = [lr_scheduler.ConstantLR(optimizer, 0.5, 2), lr_scheduler.MultiStepLR(optimizer, [1, 2, 2])]
    return lr_scheduler.SequentialLR(optimizer, [*parts, lr_scheduler.ExponentialLR(optimizer, 0.9)], [2, 4])


def chained(optimizer: optim.Optimizer):
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, 10)
    return lr_scheduler.ChainedScheduler([lr_scheduler.LinearLR(optimizer, 0.25, total_iters=3), cosine])


CASES = [
    Case("StepLR", lambda o: lr_scheduler.StepLR(o, 2)),
    Case("StepLR, gamma an int", lambda o: lr_scheduler.StepLR(o, 2, gamma=1)),
    Case("StepLR, lr a tensor", lambda o: lr_scheduler.StepLR(o, 2), sgd_with_tensors),
    Case("ExponentialLR", lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    Case("PolynomialLR", lambda o: lr_scheduler.PolynomialLR(o, 7, 2.0)),
    Case("ConstantLR", lambda o: lr_scheduler.ConstantLR(o, 0.5, 3)),
    Case("LinearLR", lambda o: lr_scheduler.LinearLR(o, 0.25, total_iters=6)),
    Case("MultiStepLR, a Counter", lambda o: lr_scheduler.MultiStepLR(o, [2, 4, 4, 7])),
    Case("CosineAnnealingLR", lambda o: lr_scheduler.CosineAnnealingLR(o, 10, eta_min=0.01)),
    Case("CosineAnnealingWarmRestarts", lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3, 2)),
    Case("LambdaLR, functions", lambda o: lr_scheduler.LambdaLR(o, [lambda e: 0.9**e, lambda e: 1 + e])),
    Case("LambdaLR, an object", lambda o: lr_scheduler.LambdaLR(o, [Decay(0.9), lambda e: 1])),
    Case("MultiplicativeLR, an object", lambda o: lr_scheduler.MultiplicativeLR(o, Decay(0.75))),
    Case("ReduceLROnPlateau", lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1, cooldown=1)),
    Case("ReduceLROnPlateau, max", lambda o: lr_scheduler.ReduceLROnPlateau(o, "max", min_lr=[0.01, 0])),
    Case("CyclicLR", lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=2)),
    Case("CyclicLR, beta1", lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, mode="exp_range", gamma=0.9), adam),
    Case("CyclicLR, an object", lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, scale_fn=Decay(0.5))),
    Case("OneCycleLR", lambda o: lr_scheduler.OneCycleLR(o, [0.1, 0.2], total_steps=10)),
    Case("OneCycleLR, three phases", lambda o: lr_scheduler.OneCycleLR(
        o, 0.1, total_steps=20, three_phase=True, anneal_strategy="linear"), adam),
    Case("SequentialLR", sequential),
    Case("ChainedScheduler", chained),
    Case("SWALR", lambda o: SWALR(o, 0.05, anneal_epochs=3, anneal_strategy="linear")),
]


def step_on(optimizer: optim.Optimizer, scheduler, steps: int) -> None:
    for _ in range(steps):
        optimizer.step()
        if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
            scheduler.step(1.0)  # no progress from the first step on
        else:
            scheduler.step()


def parts_of(optimizer: optim.Optimizer, scheduler) -> Parts:
    part = Part("optimizer", optimizer.state_dict(), type(optimizer).__name__)
    return Parts(optimizers=[part], values={"scheduler": scheduler.state_dict()})


def new_plateau(tools: Tools) -> str:
    """Before the first step the best loss, and the worse mode, are infinite."""
    optimizer, scheduler = Case("", lr_scheduler.ReduceLROnPlateau).start()
    state = check_file(tools, parts_of(optimizer, scheduler), "scheduler").values["scheduler"]
    infinite = [key for key, value in state.items() if value == float("inf")]
    return f"{len(state)} keys bit for bit, infinite: {', '.join(infinite)}"


def run(tools: Tools, case: Case) -> str:
    optimizer, scheduler = case.start()
    step_on(optimizer, scheduler, STEPS)
    live = copy.deepcopy(parts_of(optimizer, scheduler))
    read = check_file(tools, live, "scheduler")
    ends = [go_on(case, parts) for parts in (live, read)]
    expect_same_text(ends[0], ends[1], "loaded from the file and stepped on")
    return f"{len(read.values['scheduler'])} keys bit for bit, read, loaded, and after 3 further steps"


def go_on(case: Case, parts: Parts) -> str:
    """Loads into a fresh optimizer and scheduler; the text of what these then hold, before and after some steps."""
    optimizer, scheduler = case.start()
    optimizer.load_state_dict(parts.optimizers[0].state_dict)
    scheduler.load_state_dict(parts.values["scheduler"])
    loaded = text_of([optimizer.state_dict(), scheduler.state_dict()])
    step_on(optimizer, scheduler, 3)
    return loaded + text_of([optimizer.state_dict(), scheduler.state_dict()])


def checks(tools: Tools) -> Iterator[Check]:
    for case in CASES:
        yield Check(f"scheduler: {case.name}", partial(run, tools, case))
    yield Check("scheduler: ReduceLROnPlateau, no step", partial(new_plateau, tools))
