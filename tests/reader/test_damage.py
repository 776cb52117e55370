"""Sections 4, 8 and 9: every flipped byte is noticed; zstd frames; padding; canonical form."""

import struct
import unittest
from unittest import mock

import zstandard

import canonical
import columns as stored
import first_access
import verifying
from columns import U8, U32
from content import Content, Storage, Tensor, dtype
from conventions import Refused
from index_buffer import read_index
from listing import ls_json
from making_cases import ChunkWriter
from milepost_writer import Writer, assemble
from opening import Checkpoint, open_data
from samples import F32, FLOATS, index_of, patched, quietly, sample
from verifying import verify

DATA = Writer(sample()).build()


def noticed(data: bytes) -> list[str]:
    """What opening or verifying finds."""
    opened = quietly(open_data, data)
    return (
        [damage.condition for damage in verify(opened)]
        if isinstance(opened, Checkpoint)
        else [opened.condition]
    )


class Flips(unittest.TestCase):
    def check(self, masks: list[int]) -> None:
        for at in range(len(DATA)):
            for mask in masks:
                with self.subTest(at=at, mask=mask):
                    self.assertTrue(noticed(patched(DATA, at, bytes([DATA[at] ^ mask]))))

    def test_every_byte(self):
        self.assertEqual(noticed(DATA), [])
        self.check([0x01, 0x80, 0xFF])

    def test_what_is_found(self):
        offset, nbytes = struct.unpack_from("<QI", DATA, len(DATA) - 48)
        padded = (nbytes + 63) // 64 * 64
        self.assertNotEqual(padded, nbytes)
        for at, expected in [
            (3, "header_checksum"),
            (40, "header_checksum"),
            (64, "chunk_checksum"),
            (64 + 24, "padding"),
            (offset, "index_copy"),
            (offset + nbytes, "padding"),
            (offset + padded, "index_copy"),
            (offset + padded + 64, "padding"),
            (offset + padded + 64 + 4095, "padding"),
            (offset + padded + 64 + 4096, "index_copy"),
            (len(DATA) - 65, "padding"),
            (len(DATA) - 64, "footer_checksum"),
            (len(DATA) - 1, "footer_checksum"),
        ]:
            with self.subTest(at=at):
                self.assertEqual(noticed(patched(DATA, at, bytes([DATA[at] ^ 4]))), [expected])

    def test_all_damage_is_listed(self):
        data = patched(patched(patched(DATA, 64, b"\xee"), 64 + 25, b"\xee"), 128, b"\xee")
        self.assertEqual(noticed(data), ["chunk_checksum", "padding", "chunk_checksum"])

    def test_can_fail(self):
        for name in ("check_index_copies", "check_footers", "check_padding", "check_chunks"):
            with mock.patch.object(verifying, name, lambda checkpoint: []), self.assertRaises(AssertionError):
                for at in range(64, len(DATA), 16):  # without subTest, which keeps failures to itself
                    self.assertTrue(noticed(patched(DATA, at, bytes([DATA[at] ^ 1]))), at)


class Canonical(unittest.TestCase):
    def resealed(self, index: bytes) -> bytes:
        return assemble(DATA[:64], Writer(sample()).room, index)

    def test_sound_but_not_canonical(self):
        index = index_of(Writer(sample()))
        self.assertEqual(noticed(self.resealed(index)), [])
        self.assertEqual(noticed(self.resealed(index + bytes(8))), ["index_canonical"])
        # The same columns, each StringTable with a vtable of its own.
        with mock.patch.object(canonical.BackwardBuffer, "texts", texts_with_own_vtable):
            wide = index_of(Writer(sample()))
        self.assertEqual(read_index(wide), read_index(index))
        self.assertEqual(noticed(self.resealed(wide)), ["index_canonical"])

    def test_columns(self):
        """Section 10: layouts and the columns that may be empty."""
        for what, content, change in DEPARTURES:
            with self.subTest(what=what):
                self.check_departure(content, change)

    def check_departure(self, content: Content, change) -> None:
        """It opens, says the same, and verifying finds that one thing."""
        writer = Writer(content)
        self.assertEqual(noticed(writer.assemble()), [])
        before = ls_json(open_data(writer.assemble()))
        change(writer)
        data = writer.assemble()
        listed = ls_json(open_data(data))
        for part in ("tensors", "entries", "storages"):
            self.assertEqual(listed[part], before[part])
        self.assertEqual(noticed(data), ["index_canonical"])

    def test_columns_can_fail(self):
        for check in canonical.COLUMN_CHECKS:
            others = [each for each in canonical.COLUMN_CHECKS if each is not check]
            with mock.patch.object(canonical, "COLUMN_CHECKS", others), self.assertRaises(AssertionError):
                for _, content, change in DEPARTURES:
                    self.check_departure(content, change)

    def test_no_more_than_needed(self):
        """What would lose something if it were empty is stored, and the writer shares layouts."""
        shared = Writer(CANONICAL_PAIR).columns
        self.assertEqual((len(shared.layouts), shared.dims, shared.tensor_layouts), (1, [6], [0, 0]))
        self.assertEqual((shared.tensor_storages, shared.tensor_offsets, shared.storage_codecs), ([], [], []))
        self.assertEqual((shared.storage_nbytes, Writer(SPARE_PAIR).columns.storage_nbytes), ([], [24, 28]))
        full = Writer(sample()).columns
        self.assertEqual((full.tensor_layouts, full.tensor_storages), ([0, 1, 2, 3], [0, 0, 0, 1]))
        self.assertEqual((full.tensor_offsets, len(full.storage_codecs), full.storage_nbytes), ([0, 0, 12, 0], 2, [24, 200]))
        swapped = Content(values=[("a", floats(1)), ("b", floats(0))], storages=[Storage(FLOATS)] * 2)
        self.assertEqual(Writer(swapped).columns.tensor_storages, [1, 0])
        for content in (CANONICAL_PAIR, SPARE_PAIR, sample(), swapped):
            self.assertEqual(noticed(Writer(content).build()), [])

    def test_layouts_that_differ(self):
        """By dtype, by dims, by strides: none of them alone makes two layouts one."""
        views = [floats(0), Tensor(0, dtype("i32"), [6]), Tensor(0, F32, [2, 3]), Tensor(0, F32, [2, 2], [1, 2]),
                 Tensor(0, F32, [2, 2]), Tensor(0, F32, [2, 2], [2, 2])]  # fmt: skip
        content = Content(values=[(str(i), view) for i, view in enumerate(views + views)], storages=[Storage(FLOATS)])
        self.assertEqual(Writer(content).columns.tensor_layouts, [0, 1, 2, 3, 4, 5] * 2)
        self.assertEqual(noticed(Writer(content).build()), [])

    def test_padding_inside_the_index(self):
        index, writer = index_of(Writer(sample())), Writer(sample())
        changed = [at for at in range(len(index)) if index[at] == 0 and self.same_columns(index, at, writer)]
        self.assertTrue(changed)
        for at in changed:
            self.assertEqual(noticed(self.resealed(patched(index, at, b"\1"))), ["index_canonical"])

    def same_columns(self, index: bytes, at: int, writer: Writer) -> bool:
        return quietly(read_index, patched(index, at, b"\1")) == writer.columns

    def test_can_fail(self):
        with mock.patch.object(verifying, "check_canonical", lambda checkpoint: []):
            with self.assertRaises(AssertionError):
                self.test_sound_but_not_canonical()


def floats(storage: int) -> Tensor:
    return Tensor(storage, F32, [6])


CANONICAL_PAIR = Content(values=[("a", floats(0)), ("b", floats(1))], storages=[Storage(FLOATS), Storage(FLOATS)])
SPARE_PAIR = Content(values=CANONICAL_PAIR.values, storages=[Storage(FLOATS), Storage(FLOATS + bytes(4))])


def swap_layouts(writer: Writer) -> None:
    c = writer.columns
    dims = [c.dims[0:2], c.dims[2:6]]  # [2, 3]; [3, 2] with strides
    c.layouts[:2], c.dims[:6], c.tensor_layouts[:2] = c.layouts[1::-1], dims[1] + dims[0], [1, 0]


def layout_twice(writer: Writer) -> None:
    c = writer.columns
    c.layouts, c.dims, c.tensor_layouts = c.layouts * 2, c.dims * 2, [0, 1]


def unused_layout(writer: Writer) -> None:
    writer.columns.layouts.append(stored.Layout(12, 1, 0))
    writer.columns.dims.append(5)


def unused_layout_in_front(writer: Writer) -> None:
    c = writer.columns
    c.layouts.insert(0, stored.Layout(12, 1, 0))
    c.dims, c.tensor_layouts = [5] + c.dims, [number + 1 for number in c.tensor_layouts]


def storing(column: str, rows: list):
    return lambda writer: setattr(writer.columns, column, rows)


# what departs from section 10's columns, a content, how its columns depart
DEPARTURES = [
    ("order of layouts", sample(), swap_layouts),
    ("a layout twice", CANONICAL_PAIR, layout_twice),
    ("unused layout", CANONICAL_PAIR, unused_layout),
    ("unused layout in front", CANONICAL_PAIR, unused_layout_in_front),
    ("tensor_storages", SPARE_PAIR, storing("tensor_storages", [0, 1])),
    ("tensor_offsets", SPARE_PAIR, storing("tensor_offsets", [0, 0])),
    ("storage_nbytes", CANONICAL_PAIR, storing("storage_nbytes", [24, 24])),
    ("storage_codecs", CANONICAL_PAIR, storing("storage_codecs", [stored.Codec(0)] * 2)),
    ("param_key_counts", sample(), storing("param_key_counts", [0])),
]


def texts_with_own_vtable(buffer, texts) -> int:
    buffer.vtables.clear()
    placed = [buffer.vector(U8, texts.bytes), buffer.vector(U32, texts.ends)]
    return buffer.table(placed[::-1])


RAW = bytes(range(250)) * 20  # 5000 bytes


def compressed(**options) -> bytes:
    return zstandard.ZstdCompressor(**options).compress(RAW)


def block(kind: int, size: int, body: bytes, last: bool = True) -> bytes:
    return (size << 3 | kind << 1 | last).to_bytes(3, "little") + body


def single_segment(blocks: bytes, nbytes: int = len(RAW)) -> bytes:
    return b"\x28\xb5\x2f\xfd\x60" + (nbytes - 256).to_bytes(2, "little") + blocks


def windowed(window: int, blocks: bytes) -> bytes:
    return b"\x28\xb5\x2f\xfd\x80" + bytes([window]) + len(RAW).to_bytes(4, "little") + blocks


def with_descriptor(bits: int) -> bytes:
    frame = compressed()
    return patched(frame, 4, bytes([frame[4] | bits]))


RLE = block(1, 5000, b"a")
# One literal, and one sequence that repeats it: 300 bytes (modes: one symbol each).
SEQUENCE = b"\x08a" + b"\x01\x54\x01\x00\x2c\x28\x01"
RLE_REST = block(1, 4700, b"a")
FRAMES = [
    ("skippable", b"\x50\x2a\x4d\x18" + struct.pack("<I", 4) + bytes(4), "codec_frame"),
    ("four bytes", b"\x28\xb5\x2f\xfd", "codec_frame"),
    ("dictionary", with_descriptor(1), "codec_frame"),
    ("reserved bit", with_descriptor(8), "codec_frame"),
    ("checksum", compressed(write_checksum=True), "codec_frame"),
    ("window", windowed(17 << 3 | 1, RLE), "codec_frame"),
    ("after the frame", compressed() + b"\0", "codec_frame"),
    ("two frames", compressed() + compressed(), "codec_frame"),
    ("cut", compressed()[:-1], "codec_frame"),
    ("block type 3", single_segment(block(3, 4, bytes(4))), "codec_frame"),
    ("no content size", compressed(write_content_size=False), "codec_size"),
    ("content size", single_segment(block(1, 4999, b"a"), 4999), "codec_size"),
    ("less than its content size", single_segment(block(1, 4999, b"a")), "codec_frame"),
    ("no such content", single_segment(block(2, 8, b"\x20abcd" + b"\1\0\xff")), "codec_frame"),
    ("literals cut", single_segment(block(2, 8, b"\xff" * 8)), "codec_frame"),
    ("literals header cut", single_segment(block(2, 3, b"\x0e\0\0")), "codec_frame"),
    ("compressed block of 2 bytes", single_segment(block(2, 2, b"\0\0", False) + RLE), "codec_frame"),
    ("no sequences section", single_segment(block(2, 4, b"\x18abc", False) + RLE), "codec_frame"),
    ("bytes after no sequences", single_segment(block(2, 5, b"\x10ab\0\0", False) + RLE), "codec_frame"),
    ("no sequences in two bytes", single_segment(block(2, 6, b"\x10ab\x80\0\0", False) + RLE), "codec_frame"),
    ("sequences header cut", single_segment(block(2, 4, b"\x10ab\1", False) + RLE), "codec_frame"),
    ("reserved modes", single_segment(block(2, 9, SEQUENCE.replace(b"\x54", b"\x56"), False) + RLE_REST), "codec_frame"),
    ("four streams of 5 literals", single_segment(block(2, 12, b"\x56\xc0\1" + bytes(9))), "codec_frame"),
    ("raw block above the window", windowed(0, block(0, 1025, bytes(1025), False) + block(1, 3975, b"a")), "codec_frame"),
    ("rle block above the window", windowed(0, RLE), "codec_frame"),
    ("compressed block of the window", windowed(0, block(2, 1024, bytes(1024))), "codec_frame"),
    ("other content", single_segment(RLE), "content_checksum"),
]


class Frames(unittest.TestCase):
    def found(self, stored: bytes, raw: bytes = RAW) -> list[str]:
        return noticed(ChunkWriter(Storage(raw, 1), stored).assemble())

    def test_each(self):
        self.assertEqual(self.found(compressed()), [])
        self.assertEqual(self.found(single_segment(RLE), b"a" * 5000), [])
        self.assertEqual(self.found(windowed(17 << 3, RLE), b"a" * 5000), [])
        self.assertEqual(self.found(single_segment(block(2, 9, SEQUENCE, False) + RLE_REST), b"a" * 5000), [])
        for what, frame, expected in FRAMES:
            with self.subTest(what=what):
                self.assertEqual(self.found(frame), [expected])

    def test_stored_checksum_first(self):
        data = ChunkWriter(Storage(RAW, 1), b"no frame at all").assemble()
        self.assertEqual(noticed(patched(data, 64, b"N")), ["chunk_checksum"])

    def test_can_fail(self):
        with mock.patch.object(first_access, "check_frame", lambda *_: None):
            wrong = [what for what, frame, expected in FRAMES if self.found(frame) != [expected]]
        alone_it_lets_pass = ["skippable", "checksum", "window", "after the frame", "two frames", "no content size"]
        self.assertTrue(set(alone_it_lets_pass) <= set(wrong), wrong)

    def test_bounded_copy(self):
        content = Content(values=[("v", Tensor(0, dtype("u8"), [1 << 40], [0]))], storages=[Storage(b"a")])
        with self.assertRaises(Refused):
            first_access.tensor_bytes(open_data(Writer(content).build()), 0)


if __name__ == "__main__":
    unittest.main()
