"""The image of a checkpoint (image.hpp says what it looks like), made from what the second reader reads."""

import re

import content
from conventions import checksum128

MOST_ELEMENTS = 1024  # of a tensor whose content is hashed by itself
ESCAPED = re.compile(r'[\x00-\x1f\x7f"\\]')


def quoted(text: str) -> str:
    return '"' + ESCAPED.sub(lambda found: f"\\x{ord(found[0]):02x}", text) + '"'


def elements_of(shape: list[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


class Imager:
    def __init__(self, given: content.Content):
        self.given = given
        self.numbers: dict[int, int] = {}  # of storages: in the file -> in the image
        self.lines: list[str] = []

    def image(self) -> bytes:
        self.lines.append(" ".join(["order"] + [quoted(name) for name in self.given.order]))
        for model in self.given.models:
            self.lines += [f"model {quoted(model.name)}", f"metadata {self.text(model.metadata)}"]
            self.put(model.entries)
        for optimizer in self.given.optimizers:
            self.put_optimizer(optimizer)
        self.lines.append("values")
        self.put(self.given.values)
        for stored, shown in self.numbers.items():
            data = self.given.storages[stored].data
            self.lines.append(f"storage {shown} nbytes {len(data)} hash {checksum128(data).hex()}")
        return "".join(f"{line}\n" for line in self.lines).encode("utf-8")

    def put(self, entries: content.Entries) -> None:
        for name, value in entries:
            self.lines.append(f" {quoted(name)} = {self.text(value)}")

    def put_optimizer(self, optimizer: content.Optimizer) -> None:
        keys = "".join(f" {quoted(key)}" for key in optimizer.param_keys)
        self.lines.append(f"optimizer {quoted(optimizer.name)} algorithm {quoted(optimizer.algorithm)}{keys}")
        for group in optimizer.groups:
            position = "-" if group.param_names is None else group.param_names_position
            names = "".join(f" {quoted(name)}" for name in group.param_names or [])
            self.lines.append(f"group params {group.params_position} names {position} {group.params}{names}")
            self.put(group.hyperparameters)
        for state in optimizer.states:
            self.lines.append(f"state {state.index}")
            self.put(state.entries)
        self.lines.append("state extra")
        self.put(optimizer.state_extras)
        self.lines.append("extra")
        self.put(optimizer.extras)

    # Values: recursive, as deep as the reader's limit lets them be

    def text(self, value) -> str:
        return TEXTS[type(value)](self, value)

    def texts(self, items: list) -> str:
        return ", ".join(self.text(item) for item in items)

    def set(self, value: content.Set) -> str:
        return "{" + ", ".join(sorted(self.text(item) for item in value.items)) + "}"

    def pairs(self, items: list[tuple]) -> str:
        return "{" + ", ".join(f"{self.text(key)}: {self.text(value)}" for key, value in items) + "}"

    def dict(self, value: content.Dict) -> str:
        shown = f"d{value.subtype}{self.pairs(value.items)}"
        return shown if value.attributes is None else f"{shown}@{self.pairs(value.attributes.items)}"

    def tensor(self, tensor: content.Tensor) -> str:
        dtype = tensor.dtype
        storage = self.numbers.setdefault(tensor.storage, len(self.numbers))
        strides = "-" if tensor.strides is None else tensor.strides
        return (
            f"t({dtype.code}:{quoted(dtype.name)}:{dtype.bits} shape {tensor.shape} strides {strides} "
            f"offset {tensor.offset} role {tensor.role} grad {int(tensor.requires_grad)} storage {storage} "
            f"content {self.content(tensor)})"
        )

    def content(self, tensor: content.Tensor) -> str:
        count = elements_of(tensor.shape)
        if count > MOST_ELEMENTS:
            return "-"
        return checksum128(contiguous_bytes(tensor, count, self.given.storages[tensor.storage].data)).hex()


def contiguous_bytes(tensor: content.Tensor, count: int, data: bytes) -> bytes:
    if tensor.strides is None:
        return data[tensor.offset : tensor.offset + count * tensor.dtype.bits // 8]
    nbytes, positions = tensor.dtype.bits // 8, [tensor.offset]
    for size, stride in zip(tensor.shape, tensor.strides):
        if size != 1:
            steps = range(0, size * stride * nbytes, stride * nbytes) if stride else [0] * size
            positions = [position + step for position in positions for step in steps]
    return b"".join([data[position : position + nbytes] for position in positions])


def integer(value: content.Int) -> str:
    magnitude = value.value if value.value >= 0 else ~value.value
    return "i:" + value.value.to_bytes(magnitude.bit_length() // 8 + 1, "little", signed=True).hex()


def bits(number: content.Float) -> str:
    return number.raw[::-1].hex()


TEXTS = {
    content.Null: lambda imager, value: "null",
    content.Bool: lambda imager, value: "true" if value.value else "false",
    content.Int: lambda imager, value: integer(value),
    content.Float: lambda imager, value: "f:" + bits(value),
    content.Complex: lambda imager, value: f"c:{bits(value.real)}:{bits(value.imag)}",
    content.String: lambda imager, value: f"s{value.subtype}{quoted(value.text)}",
    content.Bytes: lambda imager, value: f"b{value.subtype}:{value.data.hex()}",
    content.List: lambda imager, value: f"[{imager.texts(value.items)}]",
    content.Tuple: lambda imager, value: f"({value.subtype}; {imager.texts(value.items)})",
    content.Set: Imager.set,
    content.Dict: Imager.dict,
    content.Tensor: Imager.tensor,
}


def image_of(given: content.Content) -> bytes:
    return Imager(given).image()
