"""What the writer encodes, decode_content gives back: encoded again it is the same file."""

import unittest
from pathlib import Path

from content import Content, Float, Int, Storage, Tensor
from decode_content import decode_content
from milepost_writer import Writer
from opening import open_data, open_file
from samples import F32, FLOATS, named_params, own_storages, sample, with_value
from test_reader import KEYS, VALUES, keyed

GOLDEN = Path(__file__).parent.parent / "golden" / "files"


class Decode(unittest.TestCase):
    def check(self, content: Content, **options) -> Content:
        data = Writer(content, **options).build()
        decoded = decode_content(open_data(data))
        self.assertEqual(Writer(decoded, **options).build(), data)
        return decoded

    def test_every_kind_of_value(self):
        for value, _ in VALUES:
            with self.subTest(value=value):
                self.check(with_value(value))
        for key, _ in KEYS:
            self.assertEqual(self.check(with_value(key)).values, [("v", key)])

    def test_something_in_every_column(self):
        decoded = self.check(sample())
        self.assertEqual(decoded.models, sample().models)
        self.assertEqual(decoded.order, sample().order)
        self.assertEqual(decoded.optimizers[0].groups[0], sample().optimizers[0].groups[0])
        self.check(keyed())

    def test_param_keys(self):
        decoded = self.check(named_params())
        self.assertEqual(decoded.optimizers[1].param_keys, ["fc.weight", "é", "fc.a/b"])
        self.assertEqual(decoded.optimizers[1].states, named_params().optimizers[1].states)

    def test_storages_and_strides(self):
        tensor = Tensor(1, F32, [2, 2], [0, 2], 4, role=2, requires_grad=True)
        values = [("a", Tensor(0, F32, [6])), ("b", tensor)]
        decoded = self.check(Content(values=values, storages=[Storage(FLOATS), Storage(FLOATS, 1)]))
        self.assertEqual(decoded.values, values)

    def test_derived_sizes(self):
        for codec in (0, 1):
            content = own_storages(codec)
            self.assertEqual(Writer(content).columns.storage_nbytes, [])
            decoded = self.check(content)
            self.assertEqual((decoded.values, decoded.storages), (content.values, content.storages))

    def test_golden_files(self):
        """Those that are stored raw (a frame of zstd depends on its version) and of this revision."""
        opened = [open_file(str(file)) for file in GOLDEN.glob("good-*") if "newer" not in file.name]
        raw = [each for each in opened if all(codec.code == 0 for codec in each.walk.codecs)]
        self.assertGreater(len(raw), 8)
        for checkpoint in raw:
            with self.subTest(nbytes=len(checkpoint.data)):
                header = checkpoint.walk.header
                again = Writer(
                    decode_content(checkpoint), alignment=header.alignment, optional_flags=header.optional_flags
                )
                self.assertEqual(again.build(), bytes(checkpoint.data))

    def test_can_fail(self):
        one, other = (decode_content(open_data(Writer(with_value(each)).build()))
                      for each in (Int(1), Float.of(1.0)))  # fmt: skip
        self.assertNotEqual(one, other)


if __name__ == "__main__":
    unittest.main()
