"""That the other checks can fail: each deviation, put in once, must be noticed."""

import copy
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from functools import partial

import check_lenet
import torch
from canonical_text import Part, Parts, text_of_parts
from checking import Check, Differs, Tools, expect_same_text, expect_within, largest_gap
from to_milepost import encode


def base() -> Parts:
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    model = OrderedDict(weight=weight, tied=weight, bias=torch.ones(2))
    model._metadata = OrderedDict({"": {"version": 1}})
    group = {"lr": 0.1, "betas": (0.9, 0.99), "momentum": 0, "foreach": None, "nesterov": False,
             "params": [0, 1], "param_names": ["weight", "bias"]}
    state = {0: {"step": torch.tensor(3.0), "sum": torch.zeros(2, 3)}, 1: {"step": torch.tensor(3.0)}}
    optimizer = {"state": state, "param_groups": [group]}
    values = {"epoch": 1, "milestones": Counter({2: 1}), "size": torch.Size([2]), "zero": 0.0, "text": "torch.float32",
              "nan": float("nan"), "ordered": OrderedDict(a=1), "bytes": b"x"}
    return Parts([Part("model", model)], [Part("optimizer", optimizer, "Adam")], values)


def model_of(parts: Parts) -> dict:
    return parts.models[0].state_dict


def group_of(parts: Parts) -> dict:
    return parts.optimizers[0].state_dict["param_groups"][0]


def state_of(parts: Parts) -> dict:
    return parts.optimizers[0].state_dict["state"]


def one_bit(parts: Parts) -> None:
    bias = model_of(parts)["bias"]
    bias.view(torch.int32)[1] ^= 1


def key_order(parts: Parts) -> None:
    group = group_of(parts)
    group["lr"] = group.pop("lr")


def value_order(parts: Parts) -> None:
    parts.values["epoch"] = parts.values.pop("epoch")


def put(place: Callable, key, value) -> Callable:
    """A deviation: another value under one key."""

    def deviate(parts: Parts) -> None:
        place(parts)[key] = value

    return deviate


def values_of(parts: Parts) -> dict:
    return parts.values


OTHER_NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000001))[0]

DEVIATIONS: dict[str, Callable[[Parts], None]] = {
    "one bit of a weight": one_bit,
    "an int became a float": put(group_of, "momentum", 0.0),
    "a bool became an int": put(group_of, "nesterov", 0),
    "None became False": put(group_of, "foreach", False),
    "a tuple became a list": put(group_of, "betas", [0.9, 0.99]),
    "a Size became a tuple": put(values_of, "size", (2,)),
    "a string became a dtype": put(values_of, "text", torch.float32),
    "bytes became a bytearray": put(values_of, "bytes", bytearray(b"x")),
    "0.0 became -0.0": put(values_of, "zero", -0.0),
    "the payload of a NaN": put(values_of, "nan", OTHER_NAN),
    "a Counter became a dict": put(values_of, "milestones", {2: 1}),
    "an int key became a string": put(values_of, "milestones", Counter({"2": 1})),
    "an OrderedDict became a dict": put(values_of, "ordered", {"a": 1}),
    "a float one unit off": put(group_of, "lr", 0.1 + 2**-56),
    "the order of keys": key_order,
    "the order of values": value_order,
    "the order of params": put(group_of, "params", [1, 0]),
    "a name of a parameter": put(group_of, "param_names", ["weight", "Bias"]),
    "a tie": lambda parts: model_of(parts).update(tied=copy.deepcopy(model_of(parts)["tied"])),
    "a new tie": lambda parts: state_of(parts)[1].update(step=state_of(parts)[0]["step"]),
    "a parameter became a tensor": lambda parts: model_of(parts).update(tied=model_of(parts)["weight"].detach()),
    "requires_grad": lambda parts: model_of(parts)["weight"].requires_grad_(False),
    "a shape": lambda parts: state_of(parts)[0].update(sum=torch.zeros(3, 2)),
    "[] became [1]": lambda parts: state_of(parts)[0].update(step=torch.tensor([3.0])),
    "a dtype": lambda parts: state_of(parts)[0].update(step=torch.tensor(3.0).view(torch.int32)),
    "strides": lambda parts: state_of(parts)[0].update(sum=torch.zeros(3, 2).t()),
    "a state without a parameter": lambda parts: state_of(parts).update({5: state_of(parts).pop(1)}),
    "a state that is empty": lambda parts: state_of(parts).update({2: {}}),
    "_metadata": lambda parts: model_of(parts)._metadata[""].update(version=2),
    "no _metadata": lambda parts: vars(model_of(parts)).clear(),
    "the algorithm": lambda parts: setattr(parts.optimizers[0], "algorithm", "AdamW"),
}


def expect_differs(what: str, compare: Callable) -> str:
    try:
        compare()
    except Differs as differs:
        return str(differs)
    raise Differs(f"{what}: not noticed")


def deviation(tools: Tools, name: str) -> str:
    """Noticed in the text of Python, and in what C++ prints of a file that deviates so."""
    sound, deviant, path = base(), base(), tools.scratch / "deviant.milepost"
    DEVIATIONS[name](deviant)
    expected = text_of_parts(sound)
    said = expect_differs(f"{name}, Python", partial(expect_same_text, expected, text_of_parts(deviant), "Python"))
    path.write_bytes(encode(deviant))
    printed = tools.print_checkpoint(path)
    expect_differs(f"{name}, C++", partial(expect_same_text, expected, printed, "C++"))
    expect_same_text(text_of_parts(deviant), printed, "C++")
    return "noticed at " + said.split(": expected")[0].split(", ", 1)[1]


def gaps() -> str:
    ones = [torch.ones(3)]
    for what, other in (("NaN", torch.tensor([1, 1, float("nan")])), ("a shape", torch.ones(1, 3)),
                        ("an element", torch.tensor([1, 1, 1 + 2e-6]))):
        expect_differs(what, lambda other=other: expect_within(largest_gap(ones, [other]), 1e-6, "numbers"))
    expect_differs("nothing compared", lambda: expect_within(largest_gap([], []), 1e-6, "numbers"))
    return "NaN, a shape, an element 2e-06 off, and nothing at all"


def lenet_deviates(tools: Tools) -> str:
    """Each comparison with lenet, with one setting of PyTorch's side changed."""
    lenet = check_lenet.Lenet(tools)
    sound = check_lenet.METHODS[0]
    other = check_lenet.Method("SGD", sound.options, lambda params: torch.optim.SGD(params, lr=0.00105, momentum=0.9),
                               sound.state)
    # load_state_dict brings the file's settings along: what differs must come after it.
    nesterov = check_lenet.Method("SGD", sound.options, partial(_forced, nesterov=True), sound.state)
    said = [
        expect_differs("100 steps", partial(check_lenet.whole_run, lenet, other, 100)),
        expect_differs("a further step", partial(check_lenet.further_step, lenet, nesterov)),
        expect_differs("show, a type", partial(check_lenet.show, lenet, [], lr=0.001, momentum=0.9, dampening=0.0)),
        expect_differs("show, a number", partial(check_lenet.show, lenet, [], lr=0.001, momentum=0.90001)),
    ]
    return "; ".join(each.split(": expected")[0] for each in said)


class _Forced(torch.optim.SGD):
    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        self.param_groups[0].update(self.forced)


def _forced(params, **settings) -> torch.optim.SGD:
    optimizer = _Forced(params, lr=0.001, momentum=0.9)
    optimizer.forced = settings
    return optimizer


def checks(tools: Tools) -> Iterator[Check]:
    for name in DEVIATIONS:
        yield Check(f"can fail: {name}", partial(deviation, tools, name))
    yield Check("can fail: gaps", gaps)
    yield Check("can fail: lenet", partial(lenet_deviates, tools))
