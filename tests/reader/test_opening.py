"""Sections 3, 5 and 7: header, footer, diagnosis, truncation, and the index as a FlatBuffers buffer."""

import os
import random
import struct
import unittest
from unittest import mock

import canonical
import footer
import header
import index_buffer
import opening
from columns import U32, Element
from content import Content
from conventions import Limits, Refused
from listing import ls_json
from milepost_writer import Writer, assemble
from samples import (
    index_of,
    named_params,
    own_storages,
    patched,
    quietly,
    refusal,
    resealed,
    resealed_last_footer,
    sample,
    violation,
)
from verifying import canonical_form_checked, verify

DATA = Writer(sample()).build()
MAGIC_REST = DATA[8:]


def index_place(data: bytes) -> tuple[int, int]:
    return struct.unpack_from("<QI", data, len(data) - 48)


def both_magics_damaged(data: bytes) -> bytes:
    offset, nbytes = index_place(data)
    footer_a = offset + (nbytes + 63) // 64 * 64
    return patched(patched(data, footer_a, b"\0"), len(data) - 64, b"\0")


class Header(unittest.TestCase):
    def test_fields(self):
        for at, new, expected in [
            (8, b"\1", "unsupported/version"),
            (16, b"\1", "unsupported/required_flag"),
            (23, b"\x80", "unsupported/required_flag"),
            (32, b"\1", "corrupt/reserved"),
            (47, b"\1", "corrupt/reserved"),
            *[(12, struct.pack("<I", bad), "corrupt/alignment") for bad in (0, 32, 65, 96, 1 << 22)],
        ]:
            with self.subTest(at=at, new=new):
                self.assertEqual(violation(resealed(patched(DATA, at, new))), expected)
                self.assertEqual(violation(patched(DATA, at, new)), "corrupt/header_checksum")

    def test_order(self):
        """Version before required flags before reserved before alignment."""
        worst = DATA
        for at, new, expected in [
            (12, b"\1", "corrupt/alignment"),
            (32, b"\1", "corrupt/reserved"),
            (16, b"\1", "unsupported/required_flag"),
            (8, b"\1", "unsupported/version"),
        ]:
            worst = patched(worst, at, new)
            self.assertEqual(violation(resealed(worst)), expected)

    def test_optional_flags_are_ignored(self):
        data = Writer(sample(), optional_flags=1 << 63).build()
        self.assertEqual(opening.open_data(data).walk.header.optional_flags, 1 << 63)

    def test_largest_alignment(self):
        data = Writer(sample(), alignment=1 << 21).build()
        self.assertEqual(ls_json(opening.open_data(data))["storages"][0]["offset"], 1 << 21)

    def test_magic(self):
        cut = DATA[:-1]  # without the last footer, else the header is what is damaged
        self.assertEqual(violation(b"\x88" + DATA[1:]), "corrupt/header_checksum")
        for magic in (
            b"\x09MLP\r\n\x1a\n",
            b"\x89MLP\n\x1a\n",
            b"\x89MLP\r\r\n\x1a\r\n",
            b"\x89MLP\r\n\x1a\r\n",
            b"\xc2\x89MLP\r\n\x1a\n",
        ):
            self.assertEqual(violation(magic + MAGIC_REST[:-1]), "corrupt/text_mode")
        self.assertEqual(violation(b"\x88" + cut[1:]), "not_a_checkpoint/magic")
        self.assertIn("zip", refusal(b"PK\3\4" + bytes(100)).message)


class Beginning(unittest.TestCase):
    def test_short_files(self):
        for data, expected in [
            (b"", "truncated/empty"),
            (b"\0", "not_a_checkpoint/zero_header"),
            (bytes(5000), "not_a_checkpoint/zero_header"),
            (b"\x89", "truncated/short"),
            (DATA[:63], "truncated/short"),
            (b"PK\3\4", "not_a_checkpoint/magic"),
            (b"\x89M" + bytes(50), "not_a_checkpoint/magic"),
        ]:
            self.assertEqual(violation(data), expected)

    def test_not_regular(self):
        with self.assertRaises(Refused) as caught:
            opening.open_file(os.path.dirname(__file__))
        self.assertEqual(
            (caught.exception.code, caught.exception.condition), ("not_a_checkpoint", "not_regular")
        )


class Footer(unittest.TestCase):
    def test_fields(self):
        offset, nbytes = index_place(DATA)
        for at, new, expected in [
            (8, struct.pack("<Q", len(DATA) + 64), "truncated/cut"),
            (8, struct.pack("<Q", len(DATA) - 64), "corrupt/file_size"),
            (16, struct.pack("<Q", offset + 1), "corrupt/index_range"),
            (16, struct.pack("<Q", offset + 64), "corrupt/index_range"),
            (16, struct.pack("<Q", 0), "corrupt/index_range"),
            (16, struct.pack("<Q", (1 << 64) - 64), "corrupt/index_range"),
            (24, struct.pack("<I", 7), "corrupt/index_range"),
            (24, struct.pack("<I", nbytes + 64), "corrupt/index_range"),
            (24, struct.pack("<I", 1 << 31), "limit_exceeded/index_bytes"),
            (24, struct.pack("<I", (512 << 20) + 1), "limit_exceeded/index_bytes"),
            (28, b"\1", "corrupt/reserved"),
            (32, b"\0\0\0\0", "corrupt/index_checksum"),
            (48, b"\0\0\0\0", "corrupt/footer_header"),
        ]:
            with self.subTest(at=at, new=new):
                self.assertEqual(violation(resealed_last_footer(DATA, at, new)), expected)
                self.assertEqual(
                    violation(patched(DATA, len(DATA) - 64 + at, new)), "corrupt/footer_checksum"
                )

    def test_limit(self):
        self.assertEqual(violation(DATA, Limits(index_bytes=100)), "limit_exceeded/index_bytes")

    def test_diagnosis(self):
        without = DATA[:-64]
        for data, expected in [
            (DATA[:100], "truncated/no_footer"),
            (patched(DATA, len(DATA) - 64, b"\0"), "corrupt/footer_checksum"),
            (both_magics_damaged(DATA), "corrupt/footer_checksum"),
            (without + bytes(64), "truncated/no_footer"),
            (without + b"\1" * 64, "corrupt/footer_checksum"),
            (without, "truncated/cut"),
            (DATA + b"\n", "corrupt/trailing_bytes"),
            (DATA + bytes(1 << 19), "corrupt/trailing_bytes"),
            (DATA + bytes(1 << 21), "truncated/no_footer"),
        ]:
            self.assertEqual(violation(data), expected)


class Truncation(unittest.TestCase):
    def expected(self, size: int) -> str:
        offset, nbytes = index_place(DATA)
        end_of_footer_a = offset + (nbytes + 63) // 64 * 64 + 64
        if size < 64:
            return "truncated/short" if size else "truncated/empty"
        return "truncated/cut" if size >= end_of_footer_a else "truncated/no_footer"

    def check(self) -> None:
        for size in range(len(DATA)):
            with self.subTest(size=size):
                self.assertEqual(violation(DATA[:size]), self.expected(size))

    def test_every_length(self):
        self.check()

    def test_can_fail(self):
        with mock.patch.object(footer, "search_back", lambda data: None), self.assertRaises(AssertionError):
            self.assertEqual(violation(DATA[:-1]), self.expected(len(DATA) - 1))
        with mock.patch.object(header, "HEADER_NBYTES", 32), self.assertRaises(AssertionError):
            self.assertEqual(violation(DATA[:40]), self.expected(40))


class Copies(unittest.TestCase):
    def test_either_copy_will_do(self):
        offset, nbytes = index_place(DATA)
        self.assertEqual(opening.open_data(DATA).warnings, [])
        copy_b = len(DATA) - 64 - (nbytes + 63) // 64 * 64
        for at, warnings in [(offset + 20, 1), (copy_b + 20, 0)]:
            checkpoint = opening.open_data(patched(DATA, at, b"\xee"))
            self.assertEqual(len(checkpoint.warnings), warnings)
            self.assertEqual(ls_json(checkpoint), ls_json(opening.open_data(DATA)))
            self.assertEqual([d.condition for d in verify(checkpoint)], ["index_copy"])
        both = patched(patched(DATA, offset + 20, b"\xee"), copy_b + 20, b"\xee")
        self.assertEqual(violation(both), "corrupt/index_checksum")


class Buffer(unittest.TestCase):
    """Step 6, on indexes whose checksums are right."""

    EMPTY = Writer(Content())

    def sealed(self, index: bytes) -> bytes:
        return assemble(DATA[:64], b"", index)

    def test_places(self):
        index = index_of(self.EMPTY)
        self.assertEqual(len(opening.open_data(self.sealed(index)).index), len(index))
        root = struct.unpack_from("<I", index)[0]
        back = struct.unpack_from("<i", index, root)[0]
        vtable = root - back
        nbytes, table_nbytes = struct.unpack_from("<HH", index, vtable)
        self.assertEqual((nbytes, table_nbytes), (4 + 2 * 27, 4 + 4 * 27))
        for at, new in [
            (0, b"\xff\xff\xff\xff"), (0, b"\0"), (0, bytes([root + 1])), (4, b"MLPJ"),
            (root, b"\0\0\0\x80"), (root, bytes([back - 1])),
            (root + 4, b"\0\0\0\0"), (root + 4, b"\xff\xff\0\0"), (root + 4, b"\x55"),
            (vtable, b"\x04"), (vtable, bytes([nbytes - 1])), (vtable, bytes([nbytes - 2])), (vtable, b"\xfe\xff"),
            (vtable + 4, b"\0\0"), (vtable + 4, bytes([table_nbytes - 2, 0])), (vtable + 4, b"\x02\0"),
            (vtable + 4, b"\xfc\xff"),
            (vtable + nbytes - 2, b"\0\0"),
            (len(index) - 4, b"\xff\xff\xff\xff"), (len(index) - 4, b"\1"),
        ]:  # fmt: skip
            with self.subTest(at=at, new=new):
                self.assertEqual(violation(self.sealed(patched(index, at, new))), "corrupt/index_schema")

    def test_size_of_a_table(self):
        """It is not checked at opening; the canonical form fixes it."""
        index = index_of(self.EMPTY)
        root = struct.unpack_from("<I", index)[0]
        vtable = root - struct.unpack_from("<i", index, root)[0]
        for size in (0, 4, 0xFFFF):
            opened = opening.open_data(self.sealed(patched(index, vtable + 2, struct.pack("<H", size))))
            self.assertEqual([each.condition for each in verify(opened)], ["index_canonical"])

    def test_absent_fields(self):
        """Those that are not required are absent where they are empty; an empty one that is there is not canonical."""
        for name in sorted(canonical.OPTIONAL_FIELDS):
            with mock.patch.object(canonical, "OPTIONAL_FIELDS", canonical.OPTIONAL_FIELDS - {name}):
                index = index_of(self.EMPTY)
            opened = opening.open_data(self.sealed(index))
            self.assertEqual([each.condition for each in verify(opened)], ["index_canonical"])
        writer = Writer(named_params())
        for name in canonical.OPTIONAL_FIELDS:
            absent = Writer(named_params())
            setattr(absent.columns, name, type(getattr(absent.columns, name))())
            self.assertEqual(violation(assemble(DATA[:64], writer.room, index_of(absent)))[:8], "corrupt/")

    def test_newer_revision(self):
        """Section 13: one more column, with its optional flag and without."""
        newer = [*canonical.INDEX_FIELDS, ("newer", U32)]
        writer = Writer(sample())
        writer.columns.newer = [7, 8, 9]
        with mock.patch.object(canonical, "INDEX_FIELDS", newer):
            index = index_of(writer)
        for flags, expected in [(0, ["index_canonical"]), (1 << 40, [])]:
            opened = opening.open_data(assemble(header.encode_header(64, flags), writer.room, index))
            self.assertEqual([each.condition for each in verify(opened)], expected)
            self.assertEqual(canonical_form_checked(opened), not flags)

    def test_alignment(self):
        loose = [(name, Element(e.layout, 4, e.row) if e and e.alignment == 8 else e)
                 for name, e in canonical.INDEX_FIELDS]  # fmt: skip
        refused = []
        for count in range(2):  # one of two neighbouring sizes puts some vector at 4 beyond a multiple of 8
            writer = Writer(sample())
            writer.columns.raw_checksums += [bytes(16)]
            writer.columns.stored_nbytes += [1] * count
            with mock.patch.object(canonical, "INDEX_FIELDS", loose):
                index = index_of(writer)
            if isinstance(quietly(index_buffer.read_index, index), Refused):
                refused.append(violation(self.sealed(index)))
        self.assertEqual(set(refused), {"corrupt/index_alignment"})

    def test_short_buffers(self):
        index = index_of(self.EMPTY)
        for nbytes in range(8, len(index)):
            self.assertEqual(violation(self.sealed(index[:nbytes])), "corrupt/index_schema")

    def test_random_changes(self):
        """Any index with right checksums is read or refused; nothing else is raised. Sizes said, then derived."""
        for content, least in [(sample(), 20), (own_storages(1), 15), (named_params(), 15)]:
            self.assertGreater(self.outcomes_of_changes(Writer(content)), least)

    def outcomes_of_changes(self, writer: Writer) -> int:
        random_source, index, outcomes = random.Random(20261123), index_of(writer), set()
        for _ in range(4000):
            changed = bytearray(index)
            for _ in range(random_source.choice([1, 1, 2, 8])):
                changed[random_source.randrange(len(index))] = random_source.choice([0, 1, 4, 127, 128, 255])
            done = quietly(opening.open_data, assemble(DATA[:64], writer.room, bytes(changed)))
            if isinstance(done, opening.Checkpoint):
                ls_json(done)
                verify(done)
            outcomes.add(f"{done.code}/{done.condition}" if isinstance(done, Refused) else "opened")
        return len(outcomes)

    def test_can_fail(self):
        with (
            mock.patch.object(index_buffer.IndexBuffer, "inside", lambda *_: None),
            self.assertRaises(Exception),  # noqa: B017
        ):
            self.test_short_buffers()
        with (
            mock.patch.object(index_buffer.IndexBuffer, "inside", lambda *_: None),
            self.assertRaises(struct.error),
        ):
            self.test_random_changes()


if __name__ == "__main__":
    unittest.main()
