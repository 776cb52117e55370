"""Section 4.4: what decodes to what, and every clause of P1 to P10."""

import random
import struct
import unittest

import planes
from conventions import Refused
from planes import BLOCK_WORDS, WORD_KINDS, decode_chunk

F8, F16, BF16, F32, F64 = WORD_KINDS
ZEROS = b"\0\0"  # a plane whose values are all 0


def chunk(*blocks: bytes, tail: bytes = b"") -> bytes:
    return b"".join(struct.pack("<I", len(block)) for block in blocks) + b"".join(blocks) + tail


def head(mantissa_bits: int = 0, exponents: tuple[int, ...] = (100, 101, 102), exponent_bits: int = 8) -> bytes:
    exponent_set = sum(1 << exponent for exponent in exponents)
    return bytes([1, mantissa_bits]) + exponent_set.to_bytes((1 << exponent_bits) // 8, "little")


def packed(values: list[int], bits: int) -> bytes:
    number = sum(value << bits * place for place, value in enumerate(values))
    return b"\1" + number.to_bytes((len(values) * bits + 7) // 8, "little")


def code(values: list[int], lengths: list[int], nbits: int | None = None) -> bytes:
    """An encoder from the definition: the next bits of all values of a node, then its children."""
    words = {value: word for word, value in planes.code_words(lengths).items()}

    def node(prefix: str) -> str:
        members = [value for value in values if words[value].startswith(prefix)]
        if prefix in words.values():
            return ""
        return "".join(words[value][len(prefix)] for value in members) + node(prefix + "0") + node(prefix + "1")

    bits = node("")
    nbits = len(bits) if nbits is None else nbits
    halves = lengths + [0] * (len(lengths) % 2)
    pairs = bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2]))
    number = int(bits[::-1] or "0", 2)
    return bytes([2, len(lengths) - 1]) + pairs + struct.pack("<I", nbits) + number.to_bytes((nbits + 7) // 8, "little")


class Decoding(unittest.TestCase):
    def test_words_of_each_kind(self):
        numbers = [1.0, -2.0, 1.75, 0.0]
        self.assertEqual(decode_chunk(chunk(bytes([1]) + packed([1, 2, 255], 8)), 3, F8, ""), b"\1\2\377")
        for parameter, letter, b in [(F16, "e", 3), (F32, "f", 0), (F64, "d", 2)]:
            kind, raw = WORD_KINDS[parameter], b"".join(struct.pack("<" + letter, number) for number in numbers)
            words = [int.from_bytes(raw[at : at + kind.nbytes], "little") for at in range(0, len(raw), kind.nbytes)]
            tops, t = [word >> 8 * kind.nbytes - 16 for word in words], kind.top_mantissa_bits
            exponents = sorted({(top & 0x7FFF) >> t for top in tops})
            symbols = [exponents.index((top & 0x7FFF) >> t) << b | (top & (1 << t) - 1) >> t - b for top in tops]
            rests = [top >> 15 << t - b | top & (1 << t - b) - 1 for top in tops]
            lows = [packed([word >> 8 * (kind.nbytes - 3 - i) & 0xFF for word in words], 8) for i in range(kind.nbytes - 2)]
            block = head(b, tuple(exponents), kind.exponent_bits) + packed(symbols, 8) + packed(rests, 1 + t - b)
            self.assertEqual(decode_chunk(chunk(block + b"".join(lows)), len(raw), parameter, ""), raw)

    def test_a_code(self):
        values, lengths = [5, 7, 6, 5, 7], [0, 0, 0, 0, 0, 1, 2, 2]
        self.assertEqual(code(values, lengths)[-1], 0b10110110)
        self.assertEqual(decode_chunk(chunk(b"\1" + code(values, lengths)), 5, F8, ""), bytes(values))

    def test_codes_of_random_values(self):
        chosen = random.Random(4)
        lengths = [2, 0, 1, 3, 15, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4]
        self.assertEqual(sum(2.0**-length for length in lengths if length), 1)
        values = chosen.choices([v for v, length in enumerate(lengths) if length], k=3000)
        self.assertEqual(decode_chunk(chunk(b"\1" + code(values, lengths)), 3000, F8, ""), bytes(values))

    def test_blocks_and_what_is_left(self):
        full, one = head() + ZEROS + ZEROS, head(0, (3,)) + ZEROS + ZEROS
        raw = b"\x00\x32" * BLOCK_WORDS
        self.assertEqual(decode_chunk(chunk(full), len(raw), BF16, ""), raw)
        self.assertEqual(decode_chunk(chunk(full, one, tail=b"x"), len(raw) + 3, BF16, ""), raw + b"\x80\x01x")
        self.assertEqual(decode_chunk(chunk(b"\0abcd", tail=b"x"), 5, BF16, ""), b"abcdx")
        self.assertEqual(decode_chunk(b"abc", 3, F32, ""), b"abc")


class Rules(unittest.TestCase):
    def check(self, stored: bytes, part: str, parameter: int = BF16, raw_nbytes: int = 8) -> None:
        with self.assertRaises(Refused) as refused:
            decode_chunk(stored, raw_nbytes, parameter, "here")
        self.assertEqual(f"{refused.exception.code}/{refused.exception.condition}", planes.FRAME)
        self.assertIn(part, refused.exception.message)

    def block(self, block: bytes, part: str, parameter: int = BF16, raw_nbytes: int = 8) -> None:
        self.check(chunk(block), part, parameter, raw_nbytes)

    def test_p1_the_chunk(self):
        self.check(b"\5\0\0", "size of a block")
        self.check(chunk(b"\0abcdefg"), "raw bytes")
        self.check(chunk(b"\0abcdefgh")[:-1], "block 0")
        self.check(chunk(b"\0abcdefgh", tail=b"x"), "the whole chunk")
        self.check(chunk(b"\0abcdefgh"), "bytes after the last word", raw_nbytes=9)

    def test_p2_p3_forms_of_a_block(self):
        self.block(b"\2abcdefgh", "form")
        self.block(b"", "form")
        self.block(b"\0abcdefghi", "the whole block")

    def test_p4_parts_of_a_block(self):
        self.block(head()[:-1], "exponents")
        self.block(b"\1", "b at 1")
        self.block(head(), "form of a plane")
        self.block(head() + ZEROS, "form of a plane")
        self.block(head() + ZEROS + b"\0", "value of a plane")
        self.block(head() + ZEROS * 3, "the whole block")

    def test_p5_the_cut(self):
        self.block(head(8, (1,)) + ZEROS * 2, "b before")
        self.block(head(2, (1,), 5) + ZEROS * 2, "bits of a rest", F16)
        self.block(head(0, ()) + ZEROS * 2, "exponents before")
        self.block(head(7) + ZEROS * 2, "number of symbols")

    def test_p6_forms_of_a_plane(self):
        self.block(head() + b"\3\0" + ZEROS, "form of a plane")

    def test_p7_values(self):
        self.block(head() + b"\0\3" + ZEROS, "value of a plane")
        self.block(head(2) + ZEROS + b"\0\100", "value of a plane")
        self.block(head() + packed([0, 0, 3, 0], 8) + ZEROS, "largest packed value")
        self.block(head() + code([0, 0, 0, 0], [1, 0, 0, 1]) + ZEROS, "last")

    def test_p8_spare_bits(self):
        sound = head(2) + ZEROS + packed([63] * 3, 6)
        self.assertEqual(len(decode_chunk(chunk(sound), 6, BF16, "")), 6)
        self.block(sound[:-1] + bytes([sound[-1] | 0x40]), "bits after packed values", raw_nbytes=6)
        coded = code([0, 2, 2, 0], [1, 0, 1])
        self.block(head() + coded[:-1] + bytes([coded[-1] | 0x10]) + ZEROS, "bits after bits of a code")
        self.block(head() + coded[:3] + b"\x11" + coded[4:] + ZEROS, "half of a byte")

    def test_p9_codes(self):
        def coded(last: int, lengths: bytes) -> bytes:
            return head() + bytes([2, last]) + lengths + b"\4\0\0\0\0" + ZEROS

        self.block(coded(2, b"\x11\0"), "a code word of 2")
        self.block(coded(0, b"\1"), "complete code")
        self.block(coded(2, b"\1\2"), "complete code")
        self.block(coded(2, b"\x11\1"), "complete code")

    def test_p10_bits(self):
        for nbits in (3, 5):
            self.block(head() + code([0, 0, 0, 0], [1, 0, 1], nbits) + ZEROS, "bits")


if __name__ == "__main__":
    unittest.main()
