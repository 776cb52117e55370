"""Section 6.4: keys, their canonical keys and their texts in a path."""

import math
import struct

from conventions import refuse
from walk import BOOL, BYTES, FLOAT, INT, KIND_NAMES, NULL, STRING, TUPLE, Walk


def canonical_key(walk: Walk, i: int) -> bytes:
    """The canonical key of value i; refuses what is not a key. The depth is bounded by rule 19."""
    kind = walk.columns.values[i].kind
    if kind == NULL:
        return b"\x00"
    if kind == BOOL:
        return integer_key(walk.columns.values[i].subtype)
    if kind == INT:
        return integer_key(walk.integer(i))
    if kind == FLOAT:
        return float_key(walk.number(i), i)
    if kind == STRING:
        return b"\x03" + struct.pack("<I", len(walk.payload(i))) + walk.payload(i)
    if kind == BYTES:
        return b"\x04" + struct.pack("<I", len(walk.payload(i))) + walk.payload(i)
    if kind == TUPLE:
        keys = [canonical_key(walk, child) for child in walk.children(i)]
        return b"\x05" + struct.pack("<I", len(keys)) + b"".join(keys)
    refuse("corrupt/value_key", f"values[{i}]: expected a kind that can be a key, found {KIND_NAMES[kind]}")


def integer_key(integer: int) -> bytes:
    raw = minimal(integer)
    return bytes([1, len(raw)]) + raw


def minimal(integer: int) -> bytes:
    """Two's complement, little-endian, as few bytes as possible, at least one."""
    magnitude = integer if integer >= 0 else ~integer
    return integer.to_bytes(magnitude.bit_length() // 8 + 1, "little", signed=True)


def float_key(number: float, i: int) -> bytes:
    if math.isnan(number):
        refuse("corrupt/value_key", f"values[{i}]: expected a key, found NaN")
    if number.is_integer():
        return integer_key(int(number))
    return b"\x02" + struct.pack("<d", number)


def key_text(walk: Walk, i: int) -> str:
    value = walk.columns.values[i]
    if value.kind == NULL:
        return "None"
    if value.kind == BOOL:
        return "True" if value.subtype else "False"
    if value.kind == INT:
        return str(walk.integer(i))
    if value.kind == FLOAT:
        return repr(walk.number(i))
    if value.kind == STRING:
        return walk.payload(i).decode("utf-8")
    if value.kind == BYTES:
        return "b" + walk.payload(i).hex()
    return "(" + ",".join(key_text(walk, child) for child in walk.children(i)) + ")"
