#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""Writes the fixtures of tests/convert/files/ with the PyTorch that this Python imports, and what it reads back of them.

    make_pytorch_files.py FOLDER [--tag TAG]      TAG, by default the version, begins the names of the files

Run by hand, once for each version; expect_pytorch_files.py then adds what an importer must make of them. It runs in Python
2.7 and in 3.6 and newer, with PyTorch 1.0 and newer. The committed files were made with

    tag         PyTorch                                Python   NumPy
    1.0.1       pip install torch==1.0.1 numpy six     3.6      1.19
    1.2.0       pip install torch==1.2.0 numpy six     3.7      1.21
    1.4.0-py27  pip install torch==1.4.0 numpy six     2.7      1.16
    1.4.0       pip install torch==1.4.0 numpy         3.8      1.24
    1.6.0       pip install torch==1.6.0 numpy future  3.8      1.24
    1.10.2      pip install torch==1.10.2 "numpy<2"    3.9      1.26
    1.13.1      python3-torch of Debian 12             3.11     1.24
    2.3.1       pip install torch==2.3.1 "numpy<2"     3.10     1.26
    2.13.0      pip install torch==2.13.0 numpy        3.11     2.4

Values come from a formula, not from a generator of random numbers, so all versions write the same tensors. A second run
writes the same bytes where storages have numbers as keys: in zip archives of 1.10 and newer. In the others the keys are
addresses, as are the keys of the state of optimizers before 1.5; what torch.load makes of the rest is the same.
"""

from __future__ import print_function, unicode_literals

import argparse
import collections
import hashlib
import io
import json
import os
import platform
import random
import sys
import warnings

import numpy
import torch

VERSION = tuple(int(part) for part in torch.__version__.split("+")[0].split("a")[0].split(".")[:2])
PY2 = sys.version_info[0] == 2
HAS_ZIP = VERSION >= (1, 6)  # 1.4 and 1.5 could write an unfinished form of it

# (name, object, what is expected, options of torch.save); see main().
MAKERS = []


def fixture(maker):
    MAKERS.append(maker)
    return maker


def numbers(*shape, **options):
    """1/8, 2/8, ...: exact in every dtype of floats."""
    count = 1
    for dim in shape:
        count *= dim
    begin = options.get("begin", 0)
    made = [(number + begin) % 61 / 8.0 - 3 for number in range(1, count + 1)]
    return torch.tensor(made, dtype=options.get("dtype", torch.float32)).reshape(shape)


def set_numbers(module):
    with torch.no_grad():
        for index, (_, parameter) in enumerate(sorted(module.named_parameters())):
            parameter.copy_(numbers(*parameter.shape, begin=index))
    return module


class Net(torch.nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv = torch.nn.Conv2d(1, 2, 2)
        self.norm = torch.nn.BatchNorm2d(2)
        self.head = torch.nn.Linear(8, 2)

    def forward(self, x):
        return self.head(torch.relu(self.norm(self.conv(x))).reshape(x.shape[0], -1))


class Tied(torch.nn.Module):
    def __init__(self):
        super(Tied, self).__init__()
        self.encode = torch.nn.Linear(3, 3)
        self.decode = torch.nn.Linear(3, 3, bias=False)
        self.decode.weight = self.encode.weight


def net():
    return set_numbers(Net())


def trained(optimizer_of, steps=2, scheduler_of=None):
    model = net()
    optimizer = optimizer_of(model.parameters())
    scheduler = scheduler_of(optimizer) if scheduler_of else None

    def closure():
        optimizer.zero_grad()
        loss = model(numbers(2, 1, 3, 3)).pow(2).sum()
        loss.backward()
        # Sums in another order would give other bits: the gradients are a formula, too.
        with torch.no_grad():
            for index, parameter in enumerate(model.parameters()):
                parameter.grad.copy_(numbers(*parameter.shape, begin=index * 7) / 4)
        return loss.detach() * 0 + 0.5

    for _ in range(steps):
        optimizer.step(closure)
        if scheduler:
            scheduler.step()
    made = collections.OrderedDict()
    made["epoch"] = 3
    made["model_state_dict"] = model.state_dict()
    made["optimizer_state_dict"] = optimizer.state_dict()
    made["loss"] = 0.125
    if scheduler:
        made["scheduler"] = scheduler.state_dict()
    return dict(made) if not PY2 else made


@fixture
def models():
    yield "state_dict", net().state_dict(), None, {}
    yield "tied", Tied().state_dict() if not set_numbers(Tied()) else set_numbers(Tied()).state_dict(), None, {}
    yield "cuda", net().head.state_dict(), None, {"location": "cuda:0"}
    yield "data_parallel", torch.nn.DataParallel(net()).state_dict(), None, {}
    yield "no_metadata", dict(net().state_dict()), None, {}
    yield "several_models", {"generator": net().state_dict(), "discriminator": set_numbers(Tied()).state_dict(), "best": {"score": 1.5, "weights": net().head.state_dict()}}, None, {}


@fixture
def checkpoints():
    yield "sgd", trained(lambda p: torch.optim.SGD(p, lr=0.5, momentum=0.5),
                         scheduler_of=lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=2)), None, {}
    yield "adam", trained(lambda p: torch.optim.Adam(p, lr=0.5, betas=(0.5, 0.75), eps=0.125, amsgrad=True)), None, {}
    yield "lbfgs", trained(lambda p: torch.optim.LBFGS(p, lr=1, max_iter=2, history_size=3)), None, {}


@fixture
def tensors():
    base = numbers(4, 6)
    yield "views", {
        "base": base, "row": base[1], "column": base[:, 2], "transposed": base.t(), "every_second": base[::2, 1::2],
        "expanded": numbers(3, 1).expand(3, 4), "scalar": base[2, 3], "overlapping": torch.as_strided(base, (4, 3), (1, 2), 5),
        "end": base[3:, 5:], "nothing": base[4:]}, None, {}
    yield "one_row", {"row": numbers(50, 8)[7]}, None, {}
    yield "empty", {"none": torch.empty(0), "rows": torch.empty(0, 3), "columns": torch.empty(3, 0, 2), "number": torch.tensor(2.5),
                    "list": [], "tuple": (), "dict": {}, "ordered": collections.OrderedDict(), "text": ""}, None, {}
    parameter = torch.nn.Parameter(numbers(2, 2))
    frozen = torch.nn.Parameter(numbers(2), requires_grad=False)
    wanted = numbers(3)
    wanted.requires_grad = True
    yield "parameters", {"trained": parameter, "frozen": frozen, "leaf": wanted, "again": [parameter, parameter.data]}, None, {}
    yield "tensor", numbers(2, 3), None, {}
    yield "list", [numbers(2), {"a": numbers(1)}, (1, "x", None)], None, {}
    yield "dtypes", {name: tensor for name, tensor in dtypes(in_legacy=True)}, None, {}
    if VERSION >= (2, 0):
        new = {name: tensor for name, tensor in dtypes(in_legacy=False)}
        yield "complex32", {"x": new.pop("complex32")}, "unsupported/feature", {}
        yield "new_dtypes", new, None, {}
    if VERSION >= (1, 10):
        pair = torch.complex(numbers(2, 2), numbers(2, 2, begin=9))
        yield "conj_neg", {"plain": pair, "conj": pair.conj(), "transposed": pair.conj().t(), "neg": torch._neg_view(numbers(3)), "both": torch._neg_view(pair.conj())[1]}, None, {}
    if VERSION >= (2, 0):
        yield "meta", {"meta": torch.empty(2, device="meta")}, "unsupported/feature", {}


def dtypes(in_legacy):
    """Those that have a class of storages of their own, or those that came later and have none."""
    names = ["float32", "float64", "float16", "uint8", "int8", "int16", "int32", "int64", "bool", "bfloat16", "complex64",
             "complex128", "complex32", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz",
             "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn_x2"]
    for name in names:
        dtype = getattr(torch, name, None)
        if dtype is None or (name == "bool" and VERSION < (1, 2)) or (name == "bfloat16" and VERSION < (1, 3)):
            continue
        if name.startswith("complex") and VERSION < (1, 6) or name == "complex32" and VERSION < (2, 0):
            continue
        if name in ("uint16", "uint32", "uint64") and VERSION < (2, 4):  # it could make them, but not save them
            continue
        if in_legacy == (name == "complex32" or name.startswith(("float8", "float4", "uint")) and name != "uint8"):
            continue
        try:
            if name.startswith(("float8", "float4")):
                yield str(name), torch.tensor([0, 1, 57, 128, 200, 255], dtype=torch.uint8).view(dtype)
            elif name == "bool":
                yield str(name), torch.tensor([1, 0, 1], dtype=torch.uint8).to(dtype)
            elif name.startswith("uint") and name != "uint8":
                yield str(name), torch.tensor([0, 1, 65535, 7], dtype=torch.int64).to(dtype)
            else:
                yield str(name), torch.tensor([1, 0, 2, 3], dtype=torch.int64).to(dtype)
        except (RuntimeError, TypeError) as error:
            print("    no tensor of {}: {}".format(name, str(error)[:60]))


@fixture
def values():
    inf = float("inf")
    made = collections.OrderedDict()
    made["ints"] = [0, 1, 255, 256, 65535, 65536, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63), 2**63, 2**64, -(2**64), 2**127, -1, 3**200]
    made["floats"] = [0.0, -0.0, 1.5, inf, -inf, float("nan"), 1e-320, 1.7976931348623157e308]
    made["constants"] = [None, True, False]
    made["complex"] = [1.5 - 2j, complex(inf, -0.0)]
    made["bytes"] = b"ab\x00\xff" if not PY2 else "ab"
    made["bytearray"] = bytearray(b"\x00\x80\xff")
    made["tuple"] = (1, (2.5, ("x", ())), [3])
    made["set"] = {1, 2, 3}
    made["counter"] = collections.Counter("abca") if not PY2 else collections.Counter([1, 1, 2])
    made["ordered"] = collections.OrderedDict([("b", 1), ("a", collections.OrderedDict([("c", [])]))])
    made["keys"] = {1: "int", "1": "text", None: "none", (1, 2): "tuple", 2.5: "float"}
    made["size"] = torch.Size([2, 3])
    made["device"] = [torch.device("cpu"), torch.device("cuda", 1)]
    made["dtype"] = [torch.float32, torch.int64]
    made["long_text"] = "x" * 300
    shared = [1, 2]
    made["shared"] = [shared, shared]
    yield "values", made, None, {}
    names = collections.OrderedDict()
    for text in ["größe", "重み", "имя", "\U0001f600", "a b", "a/b.c", "weight\u0301"]:
        names[text] = text
    names["tensor größe"] = numbers(2)
    yield "unicode", names, None, {}
    yield "text", "just a text", None, {}
    yield "frozenset", {"x": frozenset([1])}, "unsupported/global", {}
    yield "defaultdict", {"x": collections.defaultdict(list)}, "unsupported/global", {}
    yield "numpy_scalar", {"loss": numpy.float64(0.25), "epoch": 3}, "unsupported/global", {}
    yield "numpy_array", {"mean": numpy.arange(3, dtype=numpy.float32), "weight": numbers(2)}, "unsupported/global", {}


@fixture
def random_states():
    random.seed(7)
    torch.manual_seed(7)
    yield "rng", {"torch": torch.get_rng_state(), "python": random.getstate()}, None, {}


@fixture
def protocols():
    content = {"a": numbers(3), "b": [1, 2.5, "x", None, (True, {"y": 7})], "c": {1, 2}, "d": b"\x01\xff" if not PY2 else "x", "e": "y" * 300, "f": numbers(2)[1:], "g": 2**70}
    if VERSION in ((1, 13), (2, 13), (1, 4), (1, 10)):
        for protocol in range(3, 6):
            if protocol == 5 and sys.version_info < (3, 8) or PY2:
                continue
            yield "protocol_{}".format(protocol), content, None, {"pickle_protocol": protocol}
    yield "buffer", content, None, {"in_memory": True}


@fixture
def refused():
    yield "module", torch.nn.Sequential(torch.nn.Linear(1, 1)), "unsupported/global", {}
    yield "module_in_dict", {"epoch": 1, "model": torch.nn.ReLU()}, "unsupported/global", {}
    yield "optimizer", torch.optim.SGD(net().parameters(), lr=0.5, momentum=0.5), "unsupported/global", {}
    yield "namespace", {"args": argparse.Namespace(lr=0.5), "state_dict": net().head.state_dict()}, "unsupported/global", {}
    yield "sparse", {"x": torch.sparse_coo_tensor(torch.tensor([[0, 1], [1, 0]]), numbers(2), (2, 2))}, "unsupported/feature", {}
    yield "storage", {"x": numbers(4).storage() if VERSION < (2, 0) else numbers(4).untyped_storage()}, "unsupported/feature", {}
    if VERSION >= (1, 3):
        yield "quantized", {"x": torch.quantize_per_tensor(numbers(4), 0.125, 3, torch.quint8)}, "unsupported/feature", {}


# Some fixtures once more in the other form.
LEGACY_TOO = {"state_dict", "cuda", "tied", "sgd", "views", "dtypes", "values", "protocol_4", "parameters", "unicode", "buffer", "storage"}
ZIP_TOO = {"state_dict"}
#: Large, or the same in every version.
ONLY = {"cuda": [(1, 0), (1, 6), (2, 13)], "rng": [(1, 0), (2, 13)], "list": [(1, 2), (2, 3)], "text": [(1, 6), (2, 13)], "several_models": [(1, 4), (1, 10), (2, 13)],
        "no_metadata": [(1, 6), (2, 13)], "lbfgs": [(1, 2), (1, 13), (2, 13)], "adam": [(1, 0), (1, 10), (2, 3), (2, 13)],
        "one_row": [(1, 2), (2, 3)], "data_parallel": [(1, 0), (1, 6), (2, 13)], "sgd": [(1, 0), (1, 4), (1, 6), (1, 13), (2, 13)],
        "tensor": [(1, 0), (2, 3), (2, 13)], "frozenset": [(1, 4), (2, 13)], "defaultdict": [(1, 10)], "module_in_dict": [(1, 2), (2, 13)],
        "optimizer": [(1, 4), (2, 13)], "buffer": [(1, 0), (1, 6), (2, 13)], "unicode": [(1, 2), (1, 4), (1, 13), (2, 13)],
        "empty": [(1, 0), (1, 6), (1, 13), (2, 13)]}


def described(given):
    """What a loaded object is, in a form that JSON holds and that does not depend on the version."""
    if isinstance(given, torch.Tensor):
        return described_tensor(given)
    if isinstance(given, dict):
        items = [[described(key), described(item)] for key, item in given.items()]
        if type(given) is not collections.OrderedDict:  # without an order in Python 2
            items.sort(key=json.dumps)
        return {"kind": type(given).__name__, "items": items}
    if isinstance(given, torch.Size):
        return {"kind": "Size", "items": list(given)}
    if isinstance(given, (list, tuple)):
        return {"kind": type(given).__name__, "items": [described(item) for item in given]}
    if isinstance(given, (set, frozenset)):
        return {"kind": type(given).__name__, "items": sorted((described(item) for item in given), key=json.dumps)}
    if given is None or isinstance(given, bool):
        return given
    if isinstance(given, float):
        return {"float": given.hex()}
    if isinstance(given, complex):
        return {"complex": [given.real.hex(), given.imag.hex()]}
    if isinstance(given, bytearray):
        return {"bytearray": [int(byte) for byte in given]}
    if isinstance(given, bytes) and not PY2:
        return {"bytes": [int(byte) for byte in given]}
    if isinstance(given, (torch.device, torch.dtype)):
        return {"torch": str(given)}
    if type(given).__name__ in ("int", "long"):
        return given if -(2**53) < given < 2**53 else {"int": str(given)}
    return given if type(given).__name__ in ("str", "unicode") else {"other": type(given).__name__}


def described_tensor(given):
    made = {"kind": "parameter" if isinstance(given, torch.nn.Parameter) else "tensor", "dtype": str(given.dtype)[6:],
            "shape": list(given.shape), "requires_grad": given.requires_grad}
    if given.is_sparse or given.is_quantized if VERSION >= (1, 3) else given.is_sparse:
        return made
    if given.device.type == "meta":
        return made
    made["strides"] = list(given.stride())
    made["sha256"] = hashlib.sha256(bytes_of(given)).hexdigest()[:16]
    return made


def bytes_of(given):
    whole = given.detach().contiguous()
    if VERSION >= (1, 10):
        whole = whole.resolve_conj().resolve_neg()
    if whole.numel() == 0:
        return b""
    if VERSION >= (2, 0):
        return whole.reshape(-1).view(torch.uint8).numpy().tobytes()
    if whole.dtype == getattr(torch, "bfloat16", None):
        return whole.float().numpy().view(numpy.uint16)[..., 1::2].tobytes() if whole.dim() else whole.reshape(1).float().numpy().view(numpy.uint16)[1::2].tobytes()
    if whole.dtype == getattr(torch, "complex32", None):
        return b""
    if whole.dtype == torch.int8:  # NumPy of old versions does not take it
        return whole.to(torch.int16).numpy().astype(numpy.int8).tobytes()
    if VERSION >= (1, 2) and whole.dtype == torch.bool:
        whole = whole.to(torch.uint8)
    return whole.numpy().tobytes()


# Storages of this process are on the CPU; a file can still have the location that a machine with a GPU would write.
SAVED_LOCATION = [None]
torch.serialization.register_package(1, lambda storage: SAVED_LOCATION[0], lambda storage, location: None)


def save(given, path, options):
    options = dict(options)
    SAVED_LOCATION[0] = options.pop("location", None)
    try:
        save_here(given, path, options)
    finally:
        SAVED_LOCATION[0] = None


def save_here(given, path, options):
    if options.pop("in_memory", False):
        buffer = io.BytesIO()
        torch.save(given, buffer, **options)
        with open(path, "wb") as file:
            file.write(buffer.getvalue())
        return
    torch.save(given, path, **options)


def forms(name):
    """(form, options): that of the version, and the other one for some."""
    if HAS_ZIP:
        yield "zip", {}
        if name in LEGACY_TOO:
            yield "legacy", {"_use_new_zipfile_serialization": False}
    else:
        yield "legacy", {}
        if VERSION >= (1, 4) and not PY2 and name in ZIP_TOO:
            yield "zip", {"_use_new_zipfile_serialization": True}


def load(path):
    options = {"weights_only": False} if VERSION >= (1, 13) else {}
    return torch.load(path, map_location="cpu", **options)


def scripted(folder, tag, records):
    """TorchScript: another format in the same container."""
    if VERSION < (1, 4) or PY2:
        return
    name = "{}-script-module.pt".format(tag)
    torch.jit.save(torch.jit.trace(net().eval(), numbers(1, 1, 3, 3)), os.path.join(folder, name))
    records[name] = {"refused": "unsupported/feature", "loaded": None}
    print("   ", name)


def write(folder, tag):
    records = collections.OrderedDict()
    for maker in MAKERS:
        for name, given, refusal, options in maker():
            if name in ONLY and VERSION not in ONLY[name]:
                continue
            for form, more in forms(name):
                file = "{}-{}-{}.pt".format(tag, form, name)
                path = os.path.join(folder, file)
                try:
                    save(given, path, dict(options, **more))
                    loaded = load(path)
                except Exception as error:
                    print("    {} cannot be made: {}".format(file, str(error)[:100]))
                    if os.path.exists(path):
                        os.remove(path)
                    continue
                if form == "zip" and not HAS_ZIP:
                    refusal = "corrupt/foreign"  # its storages are in another folder, which later versions do not know
                records[file] = {"refused": refusal, "loaded": described(loaded) if refusal is None else None}
                print("   ", file, os.path.getsize(path))
    scripted(folder, tag, records)
    return records


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--tag", default=torch.__version__.split("+")[0])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    made_by = {"torch": torch.__version__, "python": platform.python_version(), "numpy": numpy.__version__}
    records = write(arguments.folder, arguments.tag)
    with open(os.path.join(arguments.folder, arguments.tag + ".json"), "wb") as file:
        file.write(json.dumps({"made_by": made_by, "files": records}, ensure_ascii=True).encode("ascii"))
    print("{}: {} files".format(arguments.tag, len(records)))


if __name__ == "__main__":
    main()
