"""Blocks and chunks of planes (section 4.4) that are made by hand, and a case for each clause of P1 to P10.

Where a case does not choose others, it has four words of parameter 3 with b = 7: plane 1 has the value 5 four times,
plane 2 has values of one bit."""

from typing import NamedTuple

from planes import BLOCK_WORDS
from planes_writer import bits_to_bytes, chunk_of, length_bytes, u32_bytes

# Parameter 4, b = 1: 1.0 and -1.5 with other low bytes. One exponent, 127; plane 2 has values of 7 bits.
BY_HAND = bytes.fromhex("3412803f 7856c0bf")
BY_HAND_BLOCK = (b"\1\1" + bytes(15) + b"\x80" + bytes(16)
                 + bytes.fromhex("01 0001  01 0020  01 1256  01 3478"))  # fmt: skip

WORDS_OF_CASES = 4


def listing_of(exponents: list[int], nbytes: int = 32) -> bytes:
    return sum(1 << exponent for exponent in exponents).to_bytes(nbytes, "little")


def block(exponents: list[int], b: int = 7, plane_1: bytes = b"\0\5", plane_2: bytes = b"\0\0", listed: int = 32) -> bytes:
    return b"\1" + bytes([b]) + listing_of(exponents, listed) + plane_1 + plane_2


def code(lengths: dict[int, int], bits: str, nbits: int | None = None) -> bytes:
    """A plane with this code; the bits may be wrong."""
    stored = b"\2" + length_bytes(lengths) + u32_bytes(len(bits) if nbits is None else nbits)
    return stored + bits_to_bytes(bits)


def last_has_none(plane: bytes) -> bytes:
    """The same code, of which the list of lengths goes on to a value without a code word."""
    return plane[:1] + b"\3" + plane[2:]


class Case(NamedTuple):
    rule: str
    what: str
    stored: bytes
    message: str  # a part of it
    raw_nbytes: int = 2 * WORDS_OF_CASES
    parameter: int = 3


def case(rule: str, what: str, stored_block: bytes, message: str, *of_chunk: int) -> Case:
    return Case(rule, what, chunk_of([stored_block]), message, *of_chunk)


GOOD = block([127])
HALVES = {0: 1, 1: 1}
THREE = {0: 1, 1: 2, 2: 2}
HALF_CODE = code(HALVES, "0110")
OF_BYTES = (WORDS_OF_CASES, 1)

CASES = [
    Case("P1", "a size is cut", b"\1\0\0", "size of block 0 at 0: expected 4 bytes, found 3"),
    Case("P1", "the second size is cut", u32_bytes(3) + b"\1\0\5", "size of block 1 at 4", BLOCK_WORDS + 1, 1),
    Case("P1", "the block is cut", chunk_of([GOOD])[:-1], "size of the chunk: 1 sizes, blocks of 38 bytes"),
    Case("P1", "a byte more", chunk_of([GOOD], b"\0"), "size of the chunk"),
    Case("P1", "no byte after the last word", chunk_of([GOOD]), "1 bytes after: expected 43, found 42", 9),
    Case("P1", "two bytes after the last word", chunk_of([GOOD], b"ab"), "size of the chunk", 9),
    Case("P1", "without words", b"ab", "size of the chunk: 0 sizes", 3, 4),
    case("P2", "form 2", b"\2" + GOOD[1:], "form at 0: expected at most 1, found 2"),
    case("P2", "an empty block", b"", "form at 0: expected 1 bytes, found 0"),
    case("P3", "a byte less", b"\0" + bytes(7), "raw bytes at 1: expected 8, found 7"),
    case("P3", "a byte more", b"\0" + bytes(9), "raw bytes at 1: expected 8, found 9"),
    case("P4", "no b", GOOD[:1], "b at 1: expected 1 bytes"),
    case("P4", "exponents cut", GOOD[:33], "exponents at 2: expected 32 bytes, found 31"),
    case("P4", "no plane 1", GOOD[:34], "form of plane 1 at 34: expected 1 bytes"),
    case("P4", "no value", GOOD[:35], "plane 1 at 35: expected 1 bytes"),
    case("P4", "no plane 2", GOOD[:36], "form of plane 2 at 36: expected 1 bytes"),
    case("P4", "values cut", block([127], plane_1=b"\1abc", plane_2=b""), "values of plane 1 at 35: expected 4 bytes, found 3"),
    case("P4", "no last value", b"\1\2", "last value of plane 1 at 2: expected 1 bytes", *OF_BYTES),
    case("P4", "lengths cut", b"\1\2\2\x21", "lengths of plane 1 at 3: expected 2 bytes, found 1", *OF_BYTES),
    case("P4", "nbits cut", b"\1" + HALF_CODE[:6], "number of bits of plane 1 at 4: expected 4 bytes, found 3", *OF_BYTES),
    case("P4", "no bits", b"\1" + HALF_CODE[:7], "bits of plane 1 at 8: expected 1 bytes, found 0", *OF_BYTES),
    case("P4", "2^32 - 1 bits", b"\1" + code(HALVES, "0110", (1 << 32) - 1), "expected 536870912 bytes", *OF_BYTES),
    case("P4", "a byte after the planes", GOOD + b"\0", "where the last plane ends at 38: expected 38, found 39"),
    case("P4", "a byte after the plane", b"\1\0\5\0", "where the last plane ends at 3: expected 3, found 4", *OF_BYTES),
    case("P5", "b above T", block([127], 8), "b at 1: expected at most 7, found 8"),
    case("P5", "k is 9", block([15], 2, listed=4), "2, which gives plane 2 a width: expected at most 8, found 9", 8, 2),
    case("P5", "no exponents", block([]), "exponents at 2: expected at least one, found none"),
    case("P5", "257 symbols and more", block([1, 2, 3]), "3 and b 7, number of symbols: expected at most 256, found 384"),
    case("P6", "plane 1", block([127], plane_1=b"\3\5"), "form of plane 1 at 34: expected at most 2, found 3"),
    case("P6", "plane 2", block([127], plane_2=b"\xff\0"), "form of plane 2 at 36: expected at most 2, found 255"),
    case("P6", "plane 4", BY_HAND_BLOCK[:-3] + b"\3\0", "form of plane 4 at 43: expected at most 2, found 3", 8, 4),
    case("P7", "equal, plane 1", block([127], plane_1=b"\0\x80"), "plane 1 at 35, its largest value: expected at most 127, found 128"),
    case("P7", "equal, plane 2", block([127], plane_2=b"\0\2"), "plane 2 at 37, its largest value: expected at most 1, found 2"),
    case("P7", "packed, plane 1", block([127], 6, b"\1\x3f\x40\0\0"), "plane 1 at 35, its largest value: expected at most 63, found 64"),
    case("P7", "last, plane 1", block([127], 0, code({0: 1, 1: 1}, "0000")), "last value of plane 1 at 35: expected at most 0, found 1"),
    case("P7", "last, plane 2", block([127], plane_2=code({0: 1, 2: 1}, "0000")), "last value of plane 2 at 37: expected at most 1, found 2"),
    case("P8", "after the last value", block([127], plane_2=b"\1\x10"), "values of plane 2 at 37, bits set after the last of 4 bits: expected 0, found 1"),
    case("P8", "after nbits", block([127], plane_2=code(HALVES, "01100001", 4)), "bits set after the last of 4 bits: expected 0, found 1"),
    case("P8", "half of a byte", b"\1\2\2\x21\x12" + u32_bytes(4) + b"\0", "the half byte after the last: expected [0], found [1]", *OF_BYTES),
    case("P9", "the last has none", b"\1" + last_has_none(code(THREE, "0000")), "length of the last value 3: expected 1 to 15, found 0", *OF_BYTES),
    case("P9", "one code word", b"\1" + code({1: 1}, "0000"), "expected at least 2 code words, found 1", *OF_BYTES),
    case("P9", "below 1", b"\1" + code({0: 1, 1: 2}, "0000"), "sum of 2^(15 - length): expected 32768, found 24576", *OF_BYTES),
    case("P9", "above 1", b"\1" + code({0: 1, 1: 1, 2: 15}, "0000"), "sum of 2^(15 - length): expected 32768, found 32769", *OF_BYTES),
    case("P10", "a bit less", b"\1" + code(THREE, "0101" + "0"), "node '1' at bit 4: expected 2 bits, found 1", *OF_BYTES),
    case("P10", "no bits", b"\1" + code(THREE, ""), "node '' at bit 0: expected 4 bits, found 0", *OF_BYTES),
    case("P10", "a bit more", b"\1" + code(THREE, "0101" + "000"), "number of bits where the nodes have 6: expected 6, found 7", *OF_BYTES),
]  # fmt: skip
