"""The f32 tensors of an ONNX model: the few fields of its Protocol Buffers that hold them, so that no package is needed."""

from typing import Iterator

import numpy as np

# Fields: of ModelProto, GraphProto, NodeProto, AttributeProto and TensorProto.
GRAPH, NODE, INITIALIZER, ATTRIBUTE, ATTRIBUTE_TENSOR, OUTPUT = 7, 1, 5, 5, 5, 2
DIMS, DATA_TYPE, FLOAT_DATA, NAME, RAW_DATA = 1, 2, 4, 8, 9
FLOAT = 1


def varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field of a message: an int, or bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
            yield number, value
        else:
            size, at = varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            yield number, data[at:at + size]
            at += size


def tensor(data: memoryview, name: str = "") -> tuple[str, np.ndarray] | None:
    """Name and values of a TensorProto; None unless it is of f32."""
    dims: list[int] = []
    values, kind = b"", 0
    for number, value in fields(data):
        if number == DIMS:
            dims += [value] if isinstance(value, int) else packed_ints(value)
        elif number == DATA_TYPE:
            kind = value
        elif number in (RAW_DATA, FLOAT_DATA):
            values += bytes(value)
        elif number == NAME:
            name = name or bytes(value).decode()
    return (name, np.frombuffer(values, np.float32).reshape(dims)) if kind == FLOAT else None


def packed_ints(data: memoryview) -> list[int]:
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def constant(node: memoryview) -> tuple[str, np.ndarray] | None:
    """The tensor of a node that is a constant, under the name of its output."""
    name, found = "", None
    for number, value in fields(node):
        if number == OUTPUT:
            name = bytes(value).decode()
        elif number == ATTRIBUTE:
            for inner, content in fields(value):
                if inner == ATTRIBUTE_TENSOR and isinstance(content, memoryview):
                    found = content
    return tensor(found, name) if found is not None else None


def weights_of(model: bytes) -> Iterator[tuple[str, np.ndarray]]:
    for number, graph in fields(memoryview(model)):
        if number != GRAPH:
            continue
        for part, value in fields(graph):
            read = tensor if part == INITIALIZER else constant if part == NODE else None
            found = read(value) if read is not None else None
            if found is not None and found[1].size > 0:
                yield found
