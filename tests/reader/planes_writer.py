"""Section 4.4: makes chunks of planes from chosen parts. It is plain, so that its output is easy to check by hand.

A plane is encoded by a function of its values and their width in bits: equal, packed, shortest or coded(lengths)."""

import heapq
from collections import Counter
from typing import Callable

from planes import BLOCK_WORDS, LARGEST_SYMBOLS, LARGEST_WIDTH, WORDS, Word

LARGEST_LENGTH = 15
Plane = Callable[[list[int], int], bytes]


def encode_planes(raw: bytes, parameter: int) -> bytes:
    """A whole chunk; each block and each plane has the form that is the smallest."""
    nbytes = WORDS[parameter].nbytes
    end, step = len(raw) // nbytes * nbytes, BLOCK_WORDS * nbytes
    blocks = [smallest_block(raw[at : min(at + step, end)], parameter) for at in range(0, end, step)]
    return chunk_of(blocks, raw[end:])


def chunk_of(blocks: list[bytes], rest: bytes = b"") -> bytes:
    return b"".join(u32_bytes(len(block)) for block in blocks) + b"".join(blocks) + rest


def u32_bytes(number: int) -> bytes:
    return number.to_bytes(4, "little")


def smallest_block(raw: bytes, parameter: int) -> bytes:
    word = WORDS[parameter]
    choices = [raw_block(raw)]
    if word.nbytes == 1:
        choices.append(byte_block(raw, shortest))
    elif splits := possible_splits(raw, word):
        choices.append(planes_block(raw, parameter, splits[-1], [shortest] * word.nbytes))
    return min(choices, key=len)


def raw_block(raw: bytes) -> bytes:
    return b"\0" + raw


def byte_block(raw: bytes, plane: Plane) -> bytes:
    """Form 1 for parameter 1."""
    return b"\1" + plane(list(raw), 8)


def planes_block(raw: bytes, parameter: int, b: int, planes: list[Plane]) -> bytes:
    """Form 1 for the parameters with exponents; an encoder for each plane."""
    word = WORDS[parameter]
    tops, exponents = top_bits_of(raw, word), exponents_of(raw, word)
    left = word.top_bits - b
    listed = sum(1 << exponent for exponent in exponents).to_bytes((1 << word.exponent_bits) // 8, "little")
    ranks = {exponent: rank for rank, exponent in enumerate(exponents)}
    mantissas = [top & (1 << word.top_bits) - 1 for top in tops]
    symbols = [ranks[exponent_of(top, word)] << b | m >> left for top, m in zip(tops, mantissas)]
    others = [(top >> 15) << left | m & (1 << left) - 1 for top, m in zip(tops, mantissas)]
    below = [list(raw[place :: word.nbytes]) for place in reversed(range(word.nbytes - 2))]
    encoded = [planes[0](symbols, 8), planes[1](others, 1 + left)]
    encoded += [plane(values, 8) for plane, values in zip(planes[2:], below, strict=True)]
    return b"\1" + bytes([b]) + listed + b"".join(encoded)


def top_bits_of(raw: bytes, word: Word) -> list[int]:
    """The 16 highest bits of each word."""
    return [high << 8 | low for high, low in zip(raw[word.nbytes - 1 :: word.nbytes], raw[word.nbytes - 2 :: word.nbytes])]


def exponent_of(top: int, word: Word) -> int:
    return top >> word.top_bits & (1 << word.exponent_bits) - 1


def exponents_of(raw: bytes, word: Word) -> list[int]:
    return sorted({exponent_of(top, word) for top in top_bits_of(raw, word)})


def possible_splits(raw: bytes, word: Word) -> list[int]:
    """Each b that P5 allows."""
    exponents = len(exponents_of(raw, word))
    return [b for b in range(word.top_bits + 1)
            if 1 + word.top_bits - b <= LARGEST_WIDTH and exponents << b <= LARGEST_SYMBOLS]  # fmt: skip


# Planes


def shortest(values: list[int], width: int) -> bytes:
    if len(set(values)) == 1:
        return equal(values, width)
    lengths = huffman_lengths(values)
    choices = [packed(values, width)]
    if max(lengths.values()) <= LARGEST_LENGTH:
        choices.append(coded(lengths)(values, width))
    return min(choices, key=len)


def equal(values: list[int], _width: int) -> bytes:
    (value,) = set(values)
    return bytes([0, value])


def packed(values: list[int], width: int) -> bytes:
    return b"\1" + bits_to_bytes("".join(format(value, f"0{width}b")[::-1] for value in values))


def bits_to_bytes(bits: str) -> bytes:
    """The first bit is the lowest one of the first byte."""
    return int("0" + bits[::-1], 2).to_bytes((len(bits) + 7) // 8, "little")


def coded(lengths: dict[int, int]) -> Plane:
    """A code whose code words have these lengths."""

    def encode(values: list[int], _width: int) -> bytes:
        words = words_of(lengths)
        bits = node_bits([words[value] for value in values], set(words.values()), 0)
        return b"\2" + length_bytes(lengths) + u32_bytes(len(bits)) + bits_to_bytes(bits)

    return encode


def length_bytes(lengths: dict[int, int]) -> bytes:
    """`last` and the lengths up to it."""
    last = max(lengths)
    halves = [lengths.get(value, 0) for value in range(last + 1)] + [0]
    return bytes([last]) + bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2]))


def words_of(lengths: dict[int, int]) -> dict[int, str]:
    """Numbers count up at the largest length: a code word of length L takes 2^(largest - L) of them."""
    largest, at, words = max(lengths.values()), 0, {}
    for value in sorted(lengths, key=lambda value: (lengths[value], value)):
        words[value] = format(at, f"0{largest}b")[: lengths[value]]
        at += 1 << largest - lengths[value]
    return words


def node_bits(listed: list[str], words: set[str], depth: int, prefix: str = "") -> str:
    """The bits of a node and of all below it. `listed` has the code words that begin with the prefix."""
    if prefix in words:
        return ""
    parts = [node_bits([word for word in listed if word[depth] == bit], words, depth + 1, prefix + bit) for bit in "01"]
    return "".join(word[depth] for word in listed) + "".join(parts)


def huffman_lengths(values: list[int]) -> dict[int, int]:
    """Huffman's algorithm; there are at least two different values."""
    lengths = dict.fromkeys(sorted(set(values)), 0)
    heap = [(count, value, [value]) for value, count in Counter(values).items()]
    heapq.heapify(heap)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        for value in first[2] + second[2]:
            lengths[value] += 1
        heapq.heappush(heap, (first[0] + second[0], first[1], first[2] + second[2]))
    return lengths
