"""Section 4.4: chunks of planes. Bytes written by hand, round trips, and a case for each clause of P1 to P10."""

import random
import unittest
from unittest import mock

import planes
from content import Content, Storage, Tensor, dtype
from conventions import Refused
from decode_content import decode_content
from first_access import storage_bytes
from listing import ls_json
from making_cases import ChunkWriter
from milepost_writer import Writer
from opening import open_data
from planes import BLOCK_WORDS, WORDS, decode_planes
from planes_cases import BY_HAND, BY_HAND_BLOCK, CASES, GOOD, Case, block
from planes_writer import (
    byte_block,
    chunk_of,
    coded,
    encode_planes,
    equal,
    packed,
    planes_block,
    possible_splits,
    raw_block,
    shortest,
    u32_bytes,
)
from samples import quietly
from verifying import verify

WHERE = "storage 0, chunk 0"


def sample_words(count: int, parameter: int, seed: int = 1) -> bytes:
    """Words of three exponents, with both signs and mantissas of all kinds."""
    chance, word = random.Random(seed), WORDS[parameter]
    if word.nbytes == 1:
        return bytes(chance.choice(b"\0\0\0\0\1\1\x80\xff") for _ in range(count))
    below = 8 * (word.nbytes - 2)
    low = chance.getrandbits(below) if below else 0
    exponents = [chance.choice([3, 3, 3, 4, 9]) << word.top_bits for _ in range(count)]
    tops = [exponent | chance.getrandbits(word.top_bits) | chance.getrandbits(1) << 15 for exponent in exponents]
    return b"".join((top << below | low).to_bytes(word.nbytes, "little") for top in tops)


def decoded(stored: bytes, raw_nbytes: int, parameter: int) -> bytes:
    return decode_planes(stored, raw_nbytes, parameter, WHERE)


def flat_code(bits: int) -> dict[int, int]:
    """A code of which each code word has this many bits."""
    return dict.fromkeys(range(1 << bits), bits)


def code_of_symbols(count: int) -> dict[int, int]:
    """A code for any count above 1: the first values have one bit less than the last, or all have the same."""
    bits = (count - 1).bit_length()
    short = (1 << bits) - count
    return {value: bits - (value < short) for value in range(count)}


class ByHand(unittest.TestCase):
    def check(self, raw: bytes, parameter: int, block: bytes) -> None:
        self.assertEqual(decoded(chunk_of([block]), len(raw), parameter), raw)

    def test_planes_of_words(self):
        self.check(BY_HAND, 4, BY_HAND_BLOCK)
        self.assertEqual(planes_block(BY_HAND, 4, 1, [packed] * 4), BY_HAND_BLOCK)

    def test_code(self):
        """The code words are 0, 10, 11. The root has 6 bits, 010101; then node 1 has 011."""
        block = bytes.fromhex("01 02 02 2102 09000000 aa01")
        self.check(b"\0\1\0\2\0\2", 1, block)
        self.assertEqual(byte_block(b"\0\1\0\2\0\2", coded({0: 1, 1: 2, 2: 2})), block)

    def test_code_words_are_sorted_by_length(self):
        """1 has 0, 0 has 10, 2 has 110, 3 has 111; the nodes have 1101, 101 and 10."""
        block = bytes.fromhex("01 02 03 1233 09000000 db00")
        self.check(b"\3\0\1\2", 1, block)
        self.assertEqual(byte_block(b"\3\0\1\2", coded({0: 2, 1: 1, 2: 3, 3: 3})), block)

    def test_parts_of_a_chunk(self):
        stored = u32_bytes(3) + u32_bytes(2) + b"\1\0\5" + b"\0a"
        self.assertEqual(decoded(stored, BLOCK_WORDS + 1, 1), b"\5" * BLOCK_WORDS + b"a")
        self.assertEqual(decoded(u32_bytes(3) + b"\0ab" + b"c", 3, 2), b"abc")
        self.assertEqual(decoded(b"abc", 3, 4), b"abc")


class RoundTrips(unittest.TestCase):
    def check(self, raw: bytes, parameter: int, blocks: list[bytes], rest: bytes = b"") -> None:
        self.assertEqual(decoded(chunk_of(blocks, rest), len(raw), parameter), raw)

    def test_sizes(self):
        """One word, one block, one word more; with and without bytes after the last word."""
        for parameter, word in WORDS.items():
            for words in (0, 1, 2, 100, BLOCK_WORDS, BLOCK_WORDS + 1):
                for rest in sorted({0, word.nbytes - 1}):
                    with self.subTest(parameter=parameter, words=words, rest=rest):
                        raw = sample_words(words, parameter) + b"r" * rest
                        stored = encode_planes(raw, parameter)
                        self.assertEqual(decoded(stored, len(raw), parameter), raw)
                        if words >= BLOCK_WORDS:
                            self.assertLess(len(stored), len(raw))

    def test_other_data(self):
        for parameter in WORDS:
            for raw in (bytes(5000), random.Random(2).randbytes(5001), bytes(range(256)) * 20):
                with self.subTest(parameter=parameter, raw=raw[:4]):
                    self.assertEqual(decoded(encode_planes(raw, parameter), len(raw), parameter), raw)

    def test_raw_block(self):
        for parameter in WORDS:
            raw = sample_words(100, parameter)
            self.check(raw, parameter, [raw_block(raw)])

    def test_each_split(self):
        """Each b that P5 allows, for each parameter."""
        for parameter in (2, 3, 4, 5):
            raw = sample_words(100, parameter)
            splits = possible_splits(raw, WORDS[parameter])
            self.assertEqual(splits, {2: [3, 4, 5, 6], 3: list(range(7)), 4: list(range(7)), 5: list(range(5))}[parameter])
            for b in splits:
                with self.subTest(parameter=parameter, b=b):
                    self.check(raw, parameter, [planes_block(raw, parameter, b, [shortest] * WORDS[parameter].nbytes)])

    def test_each_form_of_each_plane(self):
        for parameter, b in [(2, 3), (3, 0), (4, 2), (5, 4)]:
            raw = sample_words(50, parameter)
            others = [packed] * WORDS[parameter].nbytes
            widths = [8, 1 + WORDS[parameter].top_bits - b] + [8] * (len(others) - 2)
            for number, width in enumerate(widths):
                # In plane 1 there are three exponents: a code of 3 * 2^b values.
                code = code_of_symbols(3 << b) if number == 0 else flat_code(width)
                with self.subTest(parameter=parameter, plane=number + 1):
                    encoders = others[:number] + [coded(code)] + others[number + 1 :]
                    self.check(raw, parameter, [planes_block(raw, parameter, b, encoders)])
        for parameter in (2, 3, 4, 5):
            raw = sample_words(1, parameter) * 70
            b = possible_splits(raw, WORDS[parameter])[-1]
            self.check(raw, parameter, [planes_block(raw, parameter, b, [equal] * WORDS[parameter].nbytes)])

    def test_bytes(self):
        raw = sample_words(99, 1)
        for encoder in (packed, coded(flat_code(8)), shortest):
            self.check(raw, 1, [byte_block(raw, encoder)])
        self.check(b"\xff" * 99, 1, [byte_block(b"\xff" * 99, equal)])

    def test_codes(self):
        """The longest code words; values that have a code word and do not occur; values below them that have none."""
        deepest = {value: min(value + 1, 15) for value in range(16)}
        self.check(bytes(range(16)) * 3, 1, [byte_block(bytes(range(16)) * 3, coded(deepest))])
        self.check(b"\x0f" * 7, 1, [byte_block(b"\x0f" * 7, coded(deepest))])
        self.check(b"\xfe", 1, [byte_block(b"\xfe", coded({7: 1, 254: 1}))])
        self.check(b"\xff\7", 1, [byte_block(b"\xff\7", coded({7: 1, 255: 1}))])

    def test_the_most_symbols(self):
        """256 of them: two exponents and b = 7, and as many exponents as there are with b = 0."""
        two = b"".join((exponent << 7 | m).to_bytes(2, "little") for exponent in (0, 255) for m in range(128))
        self.check(two, 3, [planes_block(two, 3, 7, [packed, packed])])
        all_exponents = b"".join((exponent << 7).to_bytes(2, "little") for exponent in range(256))
        self.check(all_exponents, 3, [planes_block(all_exponents, 3, 0, [packed, equal])])

    def test_listed_exponents_need_not_occur(self):
        raw = (9 << 7 | 5).to_bytes(2, "little") * 4
        self.check(raw, 3, [block([1, 9], plane_1=b"\0\x85")])


class Violations(unittest.TestCase):
    def refusal(self, stored: bytes, raw_nbytes: int, parameter: int) -> Refused:
        with self.assertRaises(Refused) as caught:
            decoded(stored, raw_nbytes, parameter)
        return caught.exception

    def check(self, case: Case) -> None:
        refused = self.refusal(case.stored, case.raw_nbytes, case.parameter)
        self.assertEqual(f"{refused.code}/{refused.condition}", "corrupt/codec_frame")
        self.assertIn(case.message, refused.message)
        for part in (WHERE, "expected", "found"):
            self.assertIn(part, refused.message)

    def test_each(self):
        for case in CASES:
            with self.subTest(rule=case.rule, what=case.what):
                self.check(case)

    def test_the_unchanged_block_is_decoded(self):
        self.assertEqual(decoded(chunk_of([GOOD]), 8, 3), (127 << 7 | 5).to_bytes(2, "little") * 4)

    def test_all_rules_have_a_case(self):
        self.assertEqual({case.rule for case in CASES}, {f"P{number}" for number in range(1, 11)})

    def test_a_block_is_cut_anywhere(self):
        """Or a byte follows it; in each form of its planes."""
        raw = sample_words(60, 4)
        for encoders in ([packed] * 4, [shortest] * 4, [coded(code_of_symbols(192)), coded(flat_code(2)), packed, equal]):
            whole = planes_block(raw, 4, 6, encoders)
            self.assertEqual(decoded(chunk_of([whole]), len(raw), 4), raw)
            for size in range(len(whole)):
                self.refusal(chunk_of([whole[:size]]), len(raw), 4)
            self.refusal(chunk_of([whole + b"\0"]), len(raw), 4)

    def test_any_bytes(self):
        """They are decoded to as many bytes as the chunk has, or refused; nothing else happens."""
        chance, raw = random.Random(3), sample_words(200, 3)
        sound = encode_planes(raw, 3)
        for _ in range(2000):
            stored = bytearray(sound)
            for _ in range(chance.randint(1, 3)):
                stored[chance.randrange(4, len(stored))] = chance.randrange(256)
            found = quietly(decoded, bytes(stored), len(raw), 3)
            self.assertTrue(isinstance(found, Refused) or len(found) == len(raw))

    def test_can_fail(self):
        """Without a kind of check, the rules that it checks are not seen."""
        for name, rules in [
            ("expect", {"P1", "P3", "P4", "P8", "P9", "P10"}),
            ("at_most", {"P2", "P5", "P6", "P7"}),
            ("refuse", {"P5", "P9", "P10"}),
        ]:
            with mock.patch.object(planes, name, lambda *_: None):
                self.assertEqual({case.rule for case in CASES if self.missed(case)}, rules)

    def missed(self, case: Case) -> bool:
        try:
            self.check(case)
        except Exception:  # noqa: BLE001 - another refusal, or a defect that the check keeps away
            return True
        return False


class Files(unittest.TestCase):
    """The codec in a file: written, opened, verified, listed, read."""

    RAW = sample_words(1000, 3)

    def content(self, parameter: int) -> Content:
        tensor = Tensor(0, dtype("u8"), [len(self.RAW)])
        return Content(values=[("v", tensor)], storages=[Storage(self.RAW, 2, parameter)])

    def damage(self, raw: bytes, stored: bytes) -> list[str]:
        return [each.condition for each in verify(open_data(ChunkWriter(Storage(raw, 2, 3), stored).assemble()))]

    def test_each_parameter(self):
        for parameter in WORDS:
            with self.subTest(parameter=parameter):
                checkpoint = open_data(Writer(self.content(parameter)).build())
                self.assertEqual(verify(checkpoint), [])
                self.assertEqual(storage_bytes(checkpoint, 0, 500, 900), self.RAW[500:900])
                self.assertEqual(ls_json(checkpoint)["storages"][0]["codec"], "planes")
                self.assertEqual(decode_content(checkpoint).storages, [Storage(self.RAW, 2, parameter)])

    def test_compressed_or_raw(self):
        """A chunk that planes do not make smaller is stored raw, and is not taken for planes."""
        packed_walk = open_data(Writer(self.content(3)).build()).walk
        self.assertTrue(packed_walk.chunks[0][0].compressed)
        noise = Content(values=[("v", Tensor(0, dtype("u8"), [9]))], storages=[Storage(b"\xffnoise..\xff", 2, 5)])
        checkpoint = open_data(Writer(noise).build())
        self.assertFalse(checkpoint.walk.chunks[0][0].compressed)
        self.assertEqual(verify(checkpoint), [])

    def test_damage(self):
        stored = encode_planes(self.RAW, 3)
        self.assertEqual(self.damage(self.RAW, stored), [])
        self.assertEqual(self.damage(self.RAW, stored[:-1]), ["codec_frame"])
        self.assertEqual(self.damage(bytes(len(self.RAW)), stored), ["content_checksum"])


if __name__ == "__main__":
    unittest.main()
