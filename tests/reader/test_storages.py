"""Sections 4 and 6.1: sizes of storages, stored or reached by tensors; their places, chunks and content hashes."""

import time
import unittest
from unittest import mock

import storages
import walk
from content import Content, Storage, Tensor, dtype
from conventions import Refused, checksum128
from first_access import tensor_bytes
from milepost_writer import Writer
from opening import open_data
from rule_cases import CASES
from samples import FLOATS, listed, own_storages, refusal
from verifying import verify


def filled(*sizes: int) -> Content:
    values = [(str(i), Tensor(i, dtype("u8"), [size])) for i, size in enumerate(sizes)]
    return Content(values=values, storages=[Storage(bytes(size)) for size in sizes])


class Storages(unittest.TestCase):
    LARGE = bytes((1 << 20) - 5) + bytes(range(256)) * 4

    def content(self, codec: int) -> Content:
        data = [FLOATS, b"", self.LARGE, FLOATS]
        values = [(str(i), Tensor(i, dtype("u8"), [len(raw)])) for i, raw in enumerate(data)]
        return Content(values=values, storages=[Storage(raw, codec) for raw in data])

    def test_places(self):
        found = listed(self.content(0), alignment=128)["storages"]
        self.assertEqual(
            [s["offset"] for s in found], [128, 0, 4096, (4096 + len(self.LARGE) + 127) // 128 * 128]
        )
        self.assertEqual([s["chunks"] for s in found], [1, 0, 2, 1])
        self.assertEqual([s["stored_nbytes"] for s in found], [24, 0, len(self.LARGE), 24])

    def test_places_at_the_bounds(self):
        """64 bytes; an end at a multiple of 64, one below and one above; 1 MiB, one below and one above."""
        mebibyte = 1 << 20
        for sizes, offsets in [
            ([63, 1], [64, 128]),
            ([64, 1], [64, 128]),
            ([65, 1], [64, 192]),
            ([0, 64, 0, 1, 0], [0, 64, 0, 128, 0]),
            ([mebibyte - 1, 1], [64, mebibyte + 64]),
            ([mebibyte, 1], [4096, mebibyte + 4096]),
            ([1, mebibyte + 1, 1], [64, 4096, mebibyte + 4096 + 64]),
        ]:
            with self.subTest(sizes=sizes):
                found = listed(filled(*sizes))["storages"]
                self.assertEqual([s["offset"] for s in found], offsets)
                self.assertEqual([s["nbytes"] for s in found], sizes)

    def test_an_alignment_above_4096(self):
        found = listed(filled(1, 1 << 20, 1), alignment=8192)["storages"]
        self.assertEqual([s["offset"] for s in found], [8192, 16384, 16384 + (1 << 20)])

    def test_content_hash_does_not_depend_on_the_codec(self):
        raw, packed = listed(self.content(0))["storages"], listed(self.content(1))["storages"]
        self.assertEqual([s["content_hash"] for s in raw], [s["content_hash"] for s in packed])
        halves = checksum128(self.LARGE[: 1 << 20]) + checksum128(self.LARGE[1 << 20 :])
        self.assertEqual(raw[2]["content_hash"], checksum128(halves).hex())
        self.assertEqual(raw[1]["content_hash"], checksum128(b"").hex())
        self.assertLess(packed[2]["stored_nbytes"], raw[2]["stored_nbytes"])
        self.assertEqual({s["codec"] for s in packed}, {"zstd"})

    def test_content(self):
        for codec in (0, 1):
            checkpoint = open_data(Writer(self.content(codec)).build())
            self.assertEqual(tensor_bytes(checkpoint, 2), self.LARGE)
            self.assertEqual(verify(checkpoint), [])

    def test_can_fail(self):
        """The writer asks the reader's own function where a storage begins; numbers in the tests hold both."""
        for name, wrong in [("LARGE_ALIGNMENT", 64), ("NO_ROOM", storages.Place(64, 64))]:
            with mock.patch.object(storages, name, wrong), self.assertRaises(AssertionError):
                self.test_places()
        with mock.patch.object(storages, "HEADER_NBYTES", 128), self.assertRaises(Refused):
            listed(filled(63))


class Reached(unittest.TestCase):
    """Sizes that the index does not say."""

    NBYTES = [24, 0, 3, 24, 4, 200]

    def test_the_same_as_stored(self):
        for codec in (0, 1):
            writer = Writer(own_storages(codec))
            self.assertEqual(writer.columns.storage_nbytes, [])
            reached = open_data(writer.build())
            writer.columns.storage_nbytes = list(self.NBYTES)
            told = open_data(writer.assemble())
            for checkpoint in (reached, told):
                self.assertEqual(checkpoint.walk.storage_nbytes, self.NBYTES)
                self.assertEqual(checkpoint.walk.chunks, told.walk.chunks)
                self.assertEqual(
                    [tensor_bytes(checkpoint, i) for i in (2, 3)],
                    [b"abc", FLOATS[:4] + FLOATS[20:] + FLOATS[:4] + FLOATS[20:]],
                )
            self.assertEqual(verify(reached), [])
            self.assertEqual([each.condition for each in verify(told)], ["index_canonical"])

    def test_stored_where_they_say_more(self):
        """One byte that no tensor reaches; an order that is not the tensors'; an offset; a tensor more."""
        u8 = dtype("u8")
        for values, expected in [
            ([Tensor(0, u8, [23]), Tensor(1, u8, [24])], [24, 24]),
            ([Tensor(0, u8, [24]), Tensor(1, u8, [23])], [24, 24]),
            ([Tensor(1, u8, [24]), Tensor(0, u8, [24])], [24, 24]),
            ([Tensor(0, u8, [24]), Tensor(1, u8, [23], offset=1)], [24, 24]),
            ([Tensor(0, u8, [24]), Tensor(1, u8, [0], offset=24)], [24, 24]),
            ([Tensor(0, u8, [24]), Tensor(1, u8, [24]), Tensor(1, u8, [24])], [24, 24]),
            ([Tensor(0, u8, [24]), Tensor(1, u8, [24])], []),
        ]:
            content = Content(values=[(str(i), view) for i, view in enumerate(values)],
                              storages=[Storage(FLOATS)] * 2)  # fmt: skip
            with self.subTest(values=values):
                writer = Writer(content)
                self.assertEqual(writer.columns.storage_nbytes, expected)
                self.assertEqual(verify(open_data(writer.build())), [])

    def test_none_of_either(self):
        found = open_data(Writer(Content()).build()).walk
        self.assertEqual((found.storage_count, found.storage_nbytes, found.places), (0, [], []))

    def test_which_clause_of_rule_33(self):
        """Its bounds and its sums have one condition; the message tells them apart."""
        expected = {
            "2^62": "below 2^62", "2^62 reached": "below 2^62",
            "sum": "sum of nbytes below 2^63", "sum of what is reached": "sum of nbytes below 2^63",
            "2^41 chunks claimed": f"stored_checksums: expected {(1 << 41) + 1}, found 2",
            "2^39 raw chunks reached": f"stored_checksums: expected {1 << 40}, found 2",
            "a second chunk reached": "stored_checksums: expected 4, found 2",
            "stored_checksums": "stored_checksums: expected 2, found 3",
            "stored_nbytes": "stored_nbytes: expected 1, found 2",
            "raw_checksums": "raw_checksums: expected 1, found 2",
        }  # fmt: skip
        messages = {case.what: refusal(case.data()).message for case in CASES if case.rule == 33}
        for what, part in expected.items():
            self.assertIn(part, messages[what])

    def test_claims_are_refused_at_once(self):
        """Rule 33 compares sums before anything walks the 2^39 chunks that a layout may claim."""
        claims = [case for case in CASES if case.rule == 33 and case.what.endswith("reached")]
        self.assertGreater(len(claims), 3)
        for case in claims:
            began = time.monotonic()
            self.assertEqual(refusal(case.data()).rule, 33)
            self.assertLess(time.monotonic() - began, 1)

    def test_can_fail(self):
        none = property(lambda self: self.columns.storage_nbytes)
        with mock.patch.object(walk.Walk, "storage_nbytes", none), self.assertRaises(Exception):  # noqa: B017
            self.test_the_same_as_stored()
        always = property(lambda self: [view.extent for view in self.views])
        with mock.patch.object(walk.Walk, "storage_nbytes", always), self.assertRaises(Exception):  # noqa: B017
            self.assertEqual(open_data(Writer(filled_with_spare()).build()).walk.storage_nbytes, [24])


def filled_with_spare() -> Content:
    return Content(values=[("a", Tensor(0, dtype("u8"), [23]))], storages=[Storage(FLOATS)])


if __name__ == "__main__":
    unittest.main()
