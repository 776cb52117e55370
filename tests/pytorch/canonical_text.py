"""Objects of Python and PyTorch as exact text: the twin of canonical_text.cpp, made from the live objects alone.

What differs in a type, a bit, an order or in which tensors share a storage differs in the text."""

import ctypes
import math
import struct
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

import torch

DTYPE_NAMES = {
    torch.bool: "bool",
    torch.int8: "i8",
    torch.int16: "i16",
    torch.int32: "i32",
    torch.int64: "i64",
    torch.uint8: "u8",
    torch.uint16: "u16",
    torch.uint32: "u32",
    torch.uint64: "u64",
    torch.float16: "f16",
    torch.bfloat16: "bf16",
    torch.float32: "f32",
    torch.float64: "f64",
    torch.complex64: "c64",
    torch.complex128: "c128",
    torch.float8_e4m3fn: "f8_e4m3fn",
    torch.float8_e5m2: "f8_e5m2",
    torch.float8_e4m3fnuz: "f8_e4m3fnuz",
    torch.float8_e5m2fnuz: "f8_e5m2fnuz",
    torch.float8_e8m0fnu: "f8_e8m0fnu",
}


@dataclass
class Part:
    """A model's or an optimizer's state_dict with its name; `algorithm` is the optimizer's class."""

    name: str
    state_dict: dict
    algorithm: str = ""


@dataclass
class Parts:
    """What one checkpoint holds, as live objects."""

    models: list[Part] = field(default_factory=list)
    optimizers: list[Part] = field(default_factory=list)
    values: dict = field(default_factory=dict)

    def names(self) -> list[str]:
        return [part.name for part in self.models + self.optimizers] + list(self.values)


def raw_bytes(tensor: torch.Tensor) -> bytes:
    """The elements, contiguous; what a view only promises (conjugation, negation) is carried out."""
    plain = tensor.detach().resolve_conj().resolve_neg().contiguous()
    return ctypes.string_at(plain.data_ptr(), plain.numel() * plain.element_size()) if plain.numel() else b""


def role_text(tensor: torch.Tensor) -> str:
    text = ""
    if isinstance(tensor, torch.nn.Parameter):
        text = ", parameter"
    elif isinstance(tensor, torch.nn.Buffer):
        text = ", buffer"
    return text + (", requires_grad" if tensor.requires_grad else "")


def float_text(number: float) -> str:
    return "nan:" + struct.pack(">d", number).hex() if math.isnan(number) else repr(number)


def quoted(text: str) -> str:
    """In double quotes; what is not printable ASCII, quotes and backslashes as code points: <233>."""
    plain = [each if " " <= each <= "~" and each not in '"\\' else f"<{ord(each)}>" for each in text]
    return '"' + "".join(plain) + '"'


class Text:
    def __init__(self):
        self.numbers: dict[int, int] = {}  # of storages, by their first appearance
        self.kept: list[torch.UntypedStorage] = []  # so that no two have one identity

    def of(self, value) -> str:
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        return WRITERS[type(value)](self, value)

    def joined(self, values) -> str:
        return ", ".join([self.of(value) for value in values])

    def dict(self, value: dict) -> str:
        name = type(value).__name__
        items = ", ".join([f"{self.of(key)}: {self.of(each)}" for key, each in value.items()])
        attributes = getattr(value, "__dict__", {})
        return f"{name}{{{items}}}" + (f" with {self.dict(dict(attributes))}" if attributes else "")

    def tensor(self, tensor: torch.Tensor) -> str:
        if tensor.is_conj() or tensor.is_neg():
            tensor = tensor.resolve_conj().resolve_neg()
        storage = tensor.untyped_storage()
        self.kept.append(storage)
        number = self.numbers.setdefault(storage._cdata, len(self.numbers))
        strided = not tensor.is_contiguous() and tensor.numel()
        strides = f", strides {list(tensor.stride())}" if strided else ""
        offset = tensor.storage_offset() * tensor.element_size()
        return (
            f"tensor({DTYPE_NAMES[tensor.dtype]}, {list(tensor.shape)}{strides}, storage {number} of "
            f"{storage.nbytes()} from {offset}{role_text(tensor)}, {raw_bytes(tensor).hex()})"
        )

    # The parts, each as lines

    def model(self, part: Part) -> list[str]:
        lines = [f"model {quoted(part.name)}"]
        lines += [f"  {quoted(name)}: {self.of(value)}" for name, value in part.state_dict.items()]
        return lines + [f"  metadata: {self.of(getattr(part.state_dict, '_metadata', None))}"]

    def optimizer(self, part: Part) -> list[str]:
        lines = [f"optimizer {quoted(part.name)} {quoted(part.algorithm)}"]
        lines += [f"  group: {self.of(group)}" for group in part.state_dict["param_groups"]]
        state = part.state_dict["state"]
        params = [param for group in part.state_dict["param_groups"] for param in group["params"]]
        named = [key for key in dict.fromkeys(params) if type(key) is str and key in state]  # param keys, by number
        others = [key for key in state if type(key) is str and key not in named]
        for key in sorted(key for key in state if type(key) is int) + named + others:
            lines.append(f"  state {key if type(key) is int else quoted(key)}: {self.of(state[key])}")
        extra = [key for key in part.state_dict if key not in ("state", "param_groups")]
        return lines + [f"  {quoted(key)}: {self.of(part.state_dict[key])}" for key in extra]


WRITERS = {
    type(None): lambda text, value: "None",
    bool: lambda text, value: repr(value),
    int: lambda text, value: repr(value),
    float: lambda text, value: float_text(value),
    complex: lambda text, value: f"complex({float_text(value.real)}, {float_text(value.imag)})",
    str: lambda text, value: quoted(value),
    bytes: lambda text, value: "b" + value.hex(),
    bytearray: lambda text, value: f"bytearray(b{value.hex()})",
    torch.dtype: lambda text, value: f"dtype({quoted(str(value))})",
    torch.device: lambda text, value: f"device({quoted(str(value))})",
    torch.layout: lambda text, value: f"layout({quoted(str(value))})",
    list: lambda text, value: f"[{text.joined(value)}]",
    tuple: lambda text, value: f"tuple({text.joined(value)})",
    torch.Size: lambda text, value: f"Size({text.joined(value)})",
    set: lambda text, value: f"set({', '.join(sorted(text.of(each) for each in value))})",
    dict: Text.dict,
    OrderedDict: Text.dict,
    Counter: Text.dict,
}


def text_of(value) -> str:
    """One value, with numbers of storages of its own."""
    return Text().of(value)


def text_of_parts(parts: Parts) -> str:
    """What print_checkpoint prints of the file that holds these."""
    text, lines = Text(), ["order " + " ".join(quoted(name) for name in parts.names())]
    for model in parts.models:
        lines += text.model(model)
    for optimizer in parts.optimizers:
        lines += text.optimizer(optimizer)
    lines += [f"value {quoted(name)}: {text.of(value)}" for name, value in parts.values.items()]
    return "".join(line + "\n" for line in lines)
