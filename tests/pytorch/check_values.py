"""Models with all that a state_dict may hold, tensors of every kind, values of every type, states of generators."""

import copy
import math
import random
import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
import torch.nn as nn
from canonical_text import DTYPE_NAMES, Part, Parts, text_of
from checking import Check, Differs, Tools, check_file, expect_same_text
from from_milepost import load
from torch.optim.swa_utils import AveragedModel


class Everything(nn.Module):
    """Tied weights, buffers of each sort, extra state, half precision, strides, and what a state_dict leaves out."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(7, 4)
        self.norm = nn.BatchNorm1d(4)
        self.narrow = nn.Linear(4, 4).bfloat16()
        self.images = nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last)
        self.out = nn.Linear(4, 7, bias=False)
        self.out.weight = self.table.weight
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("scratch", torch.zeros(3), persistent=False)
        self.register_parameter("none", None)
        self.table.weight.requires_grad_(True)
        self.norm.weight.requires_grad_(False)

    def get_extra_state(self):
        return {"version": (1, 2.0), "words": ["a", None], "mean": torch.ones(2)}

    def set_extra_state(self, state):
        self.extra = state

    def forward(self, tokens):
        return self.out(self.narrow(self.norm(self.table(tokens)).bfloat16()).float())


# Models


def model(tools: Tools) -> str:
    torch.manual_seed(3)
    net = Everything()
    net(torch.tensor([1, 2, 3]))
    read = check_file(tools, Parts([Part("net", net.state_dict())]), "model").models[0].state_dict
    fresh = Everything()
    answer = fresh.load_state_dict(read, strict=True)
    expect_same_text(text_of(net.state_dict()), text_of(fresh.state_dict()), f"loaded ({answer})")
    tokens = torch.tensor([0, 5, 6, 1])
    if not torch.equal(net(tokens), fresh(tokens)):
        raise Differs("the loaded model answers otherwise")
    return f"{len(read)} entries and _metadata of {len(read._metadata)} modules bit for bit, tied weights tied"


def parameters_kept(tools: Tools) -> str:
    """keep_vars: parameters stay parameters, frozen or not; buffers stay buffers."""
    net = Everything()
    net.mask = nn.Buffer(torch.ones(2, 2).bool())
    read = check_file(tools, Parts([Part("net", net.state_dict(keep_vars=True))]), "parameters").models[0].state_dict
    kept = [each for each in read.values() if isinstance(each, nn.Parameter)]
    if [each.requires_grad for each in kept].count(False) != 1 or not isinstance(read["mask"], nn.Buffer):
        raise Differs("parameters and buffers are no longer what they were")
    return f"{len(kept)} parameters, one frozen"


def averaged(tools: Tools) -> str:
    net = nn.Linear(2, 2)
    average = AveragedModel(net)
    for _ in range(3):
        average.update_parameters(net)
    read = check_file(tools, Parts([Part("average", average.state_dict())]), "average").models[0].state_dict
    fresh = AveragedModel(nn.Linear(2, 2))
    fresh.load_state_dict(read)
    expect_same_text(text_of(average.state_dict()), text_of(fresh.state_dict()), "loaded")
    return f"n_averaged {fresh.n_averaged.item()} and {len(read) - 1} tensors bit for bit"


def general_checkpoint(tools: Tools) -> str:
    """Several models and optimizers, values between; torch.save and torch.load keep no more of it than we do."""
    nets = [nn.Linear(3, 2), nn.BatchNorm2d(2)]
    optimizers = [torch.optim.SGD(nets[0].parameters(), momentum=0.9), torch.optim.AdamW(nets[1].named_parameters())]
    nets[0](torch.ones(1, 3)).sum().backward()
    optimizers[0].step()
    parts = Parts(
        [Part(f"model{letter}_state_dict", net.state_dict()) for letter, net in zip("AB", nets)],
        [Part(f"optimizer{letter}_state_dict", each.state_dict()) for letter, each in zip("AB", optimizers)],
        {"epoch": 5, "loss": 0.4, "weight": nets[0].weight.detach()},  # the last one is tied to a model's
    )
    read, pt = check_file(tools, parts, "general"), tools.scratch / "general.pt"
    torch.save(parts_as_dict(parts), pt)
    expect_same_text(text_of(torch.load(pt)), text_of(parts_as_dict(read)), "torch.load")
    return f"{len(parts.names())} parts bit for bit, the same as torch.load gives"


def parts_as_dict(parts: Parts) -> dict:
    return {part.name: part.state_dict for part in parts.models + parts.optimizers} | parts.values


# Tensors


def every_dtype(tools: Tools) -> str:
    generator = torch.Generator().manual_seed(4)
    tensors = OrderedDict()
    for dtype, name in DTYPE_NAMES.items():
        noise = torch.randint(0, 2 if dtype == torch.bool else 256, (2, 3, 16), dtype=torch.uint8, generator=generator)
        tensors[name] = noise.view(dtype)
    check_file(tools, Parts([Part("dtypes", tensors)]), "dtypes")
    return f"{len(tensors)} dtypes, every bit at random"


def views(tools: Tools) -> str:
    whole = torch.arange(24.0).reshape(4, 6)
    wave = torch.view_as_complex(torch.arange(8.0).reshape(4, 2))
    tensors = OrderedDict(
        whole=whole, row=whole[1], column=whole[:, 2], turned=whole.t(), inner=whole[1:3, 2:5], last=whole[3, 5],
        every_other=whole[::2, ::3], repeated=whole[0].expand(3, 6), as_ints=whole.view(torch.int32)[2:],
        overlapping=whole.as_strided((3, 4), (2, 1), 3), none=whole[:0], also_none=torch.empty(3, 0, 2),
        single=torch.tensor(7.0), thin=whole.as_strided((1, 4), (99, 1)), alone=torch.tensor([1.0]).expand(5),
        wave=wave, conjugated=wave.conj(), imaginary=wave.imag, negated=wave.conj().imag,
        deep=torch.arange(64).reshape([2] * 6).permute(5, 3, 1, 0, 2, 4), wide=torch.ones([1] * 64),
    )  # fmt: skip
    read = check_file(tools, Parts([Part("views", tensors)]), "views").models[0].state_dict
    read["row"][0] = 99  # still one storage for all of them
    if read["whole"][1, 0] != 99 or read["turned"][0, 1] != 99:
        raise Differs("views of one storage are no longer tied")
    storages = {tensor.untyped_storage()._cdata for tensor in read.values()}
    return f"{len(tensors)} views of {len(storages)} storages bit for bit"


# Values

LONGEST = (1 << 2039) - 1  # 255 bytes
SCALARS = [
    None, True, False, 0, 1, -1, 127, 128, -129, 1 << 63, -(1 << 63) - 1, 0x1234567890ABCDEF1234567890ABCDEF, LONGEST,
    -LONGEST - 1, 0.0, -0.0, 1.0, 0.1, 1e-08, 5e-324, 1.7976931348623157e308, 1e16, 123456789012345680.0, 1e-05, 0.0001,
    math.inf, -math.inf, math.nan, struct.unpack("<d", struct.pack("<Q", 0x7FF8000000001234))[0],
    complex(-0.0, 2), complex(math.nan, -math.inf), "", "it's", 'say "it"', "both ' and \"", "tab\t, line\n, back\\",
    "\x00\x07\x7f", "é ü 漢字 🎉", b"\x00\xff", b"", bytearray(b"\x01'"), bytearray(), torch.float32,
    torch.bfloat16, torch.bool, torch.complex64, torch.device("cpu"), torch.device("cuda", 1), torch.strided, torch.sparse_coo,
]  # fmt: skip


def nested() -> dict:
    attributed = OrderedDict(b=1, a=2)
    attributed._metadata = OrderedDict({"": {"version": 1}, "a.b": {"version": 2}})
    attributed.note = "kept"
    deep = torch.ones(2)
    for _ in range(60):
        deep = [deep]
    return {
        "containers": [[], (), set(), {}, OrderedDict(), Counter(), torch.Size([]), [[[]], ((),)]],
        "numbers that look alike": [0, 0.0, -0.0, False, None, (1,), [1], torch.Size([1]), {1}, 1.0, True],
        "keys": {None: 0, 1: "one", -7: 2, "1": 3, 1.5: 4, math.inf: 5, b"x": 6, (1, (2.0, None)): 7, False: 8, "": 9},
        "order": [{"b": 1, "a": 2}, OrderedDict(b=1, a=2), attributed, Counter("abbccc"), Counter({4: 1, 2: 2})],
        "sets": [{3, 1, 2}, {"b", None, 2.5, (1, "x"), b"y"}],
        "deep": deep,
        "long": "x" * 100_000,
    }


def values(tools: Tools) -> str:
    held = {"scalars": SCALARS, **nested()}
    check_file(tools, Parts(values=held), "values")
    return f"{len(SCALARS)} scalars and {len(text_of(held))} bytes of text equal"


def refused(tools: Tools) -> str:
    """What the safe loader of PyTorch refuses, the writer refuses by name."""
    objects = [frozenset(), range(3), slice(1), torch.contiguous_format, Path("a"), defaultdict(int), print, ...]
    for each in objects:
        try:
            check_file(tools, Parts(values={"value": [each]}), "refused")
        except TypeError as error:
            if type(each).__name__ not in str(error):
                raise Differs(f"{type(each)} is not named: {error}") from error
            continue
        raise Differs(f"{type(each)} was written")
    return f"{len(objects)} types, each by its name"


def scaler(tools: Tools) -> str:
    live, off = torch.amp.GradScaler("cpu"), torch.amp.GradScaler("cpu", enabled=False)
    live.scale(torch.ones(2))
    live.update(512.0)
    parts = Parts(values={"scaler": live.state_dict(), "off": off.state_dict()})
    fresh = torch.amp.GradScaler("cpu")
    fresh.load_state_dict(check_file(tools, parts, "scaler").values["scaler"])
    expect_same_text(text_of(live.state_dict()), text_of(fresh.state_dict()), "loaded")
    return f"{fresh.state_dict()}"


def generators(tools: Tools) -> str:
    """Restored, each goes on as it would have: in the middle of its words, with a normal number in its cache."""
    torch.manual_seed(5)
    random.seed(5)
    own = torch.Generator().manual_seed(6)
    torch.rand(1000), torch.randn(3), random.gauss(0, 1), torch.rand(3, generator=own)
    pcg64 = {"bit_generator": "PCG64", "state": {"state": (1 << 127) + 5, "inc": (1 << 128) - 1}, "has_uint32": 0}
    held = {"torch": torch.get_rng_state(), "own": own.get_state(), "python": random.getstate(), "numpy": pcg64}
    read = check_file(tools, Parts(values=copy.deepcopy(held)), "generators").values
    draws = []
    for state in (held, read):
        torch.set_rng_state(state["torch"])
        own.set_state(state["own"])
        random.setstate(state["python"])
        drawn = [torch.randn(40), torch.rand(700), torch.randperm(9), torch.rand(4, generator=own)]
        draws.append(text_of([*drawn, random.gauss(0, 1), random.random()]))
    expect_same_text(draws[0], draws[1], "draws")
    return "torch, a torch.Generator, random: the states bit for bit, the next draws equal"


def damaged(tools: Tools) -> str:
    """A flipped bit in a weight is refused by both sides, where torch.load would not see it."""
    path = tools.scratch / "damaged.milepost"
    check_file(tools, Parts([Part("model", {"weight": torch.arange(100.0)})]), "damaged")
    data = bytearray(path.read_bytes())
    data[64 + 123] ^= 1
    path.write_bytes(data)
    refusals = []
    for read in (tools.print_checkpoint, load):
        try:
            read(path)
        except Exception as error:
            refusals.append("chunk_checksum" in str(error))
    if refusals != [True, True]:
        raise Differs(f"refused for its checksum, C++ and Python: {refusals}")
    return "a flipped bit of a weight is refused by C++ and by Python"


def checks(tools: Tools) -> Iterator[Check]:
    yield Check("model: all that a state_dict holds", partial(model, tools))
    yield Check("model: parameters and buffers kept", partial(parameters_kept, tools))
    yield Check("model: AveragedModel", partial(averaged, tools))
    yield Check("model: several, with optimizers", partial(general_checkpoint, tools))
    yield Check("tensors: dtypes", partial(every_dtype, tools))
    yield Check("tensors: views", partial(views, tools))
    yield Check("tensors: damage", partial(damaged, tools))
    yield Check("values: every type", partial(values, tools))
    yield Check("values: refused", partial(refused, tools))
    yield Check("values: GradScaler", partial(scaler, tools))
    yield Check("values: generators", partial(generators, tools))
