"""The program gan as its user meets it: RUN_TEST GAN."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

GAN = sys.argv.pop(1)


def gan(*arguments):
    return subprocess.run([GAN, *map(str, arguments)], capture_output=True, text=True, timeout=120)


class GanTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gan-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def train(self, name, *arguments):
        file = self.folder / name
        done = gan("train", "--save", file, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return file

    def assert_fails(self, *arguments, says):
        done = gan(*arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        self.assertIn(says, done.stderr)

    def test_goes_on_as_if_it_had_never_stopped(self):
        whole = self.train("whole", "--epochs", 7, "--seed", 5)
        for first in (0, 1, 4, 7):
            part = self.train("part", "--epochs", first, "--seed", 5)
            rest = self.train("rest", "--epochs", 7 - first, "--resume", part)
            self.assertTrue(whole.read_bytes() == rest.read_bytes(), f"{first} epochs and the rest")

    def test_the_seed_matters(self):
        self.assertNotEqual(self.train("one", "--epochs", 1).read_bytes(),
                            self.train("other", "--epochs", 1, "--seed", 1).read_bytes())

    def test_learns_the_distribution(self):
        sampled = gan("sample", self.train("run", "--epochs", 60))
        found = re.fullmatch(r"mean (\S+), deviation (\S+); to be learnt: 4.0000, 1.2500\n", sampled.stdout)
        self.assertLess(abs(float(found[1]) - 4), 1)
        self.assertLess(abs(float(found[2]) - 1.25), 0.6)

    def test_a_file_that_is_cut_is_none_or_is_of_another_program(self):
        file = self.train("run", "--epochs", 1)
        other = self.train("other", "--epochs", 0)
        for command in (("sample",), ("train", "--resume")):
            self.assert_fails(*command, self.folder / "none", says="not_found/file")
        file.write_bytes(file.read_bytes()[:-1])
        for command in (("sample",), ("train", "--resume")):
            self.assert_fails(*command, file, says="truncated/")
        self.assert_fails("train", "--epochs", 0, "--resume", other, "--save", self.folder / "no" / "run", says="io_error/")

    def test_damage_to_one_model_leaves_the_other_readable(self):
        file = self.train("run", "--epochs", 1)
        data = file.read_bytes()
        generator, discriminator = {}, {}
        for offset in range(64, len(data) // 2, 64):
            damaged = bytearray(data)
            damaged[offset] ^= 1
            file.write_bytes(damaged)
            sampled = gan("sample", file)
            if "corrupt/chunk_checksum" in sampled.stderr:
                generator[offset] = sampled.stderr
            resumed = gan("train", "--epochs", 0, "--resume", file)
            if "corrupt/chunk_checksum" in resumed.stderr:
                discriminator[offset] = resumed.stderr
            if len(generator) == 4 and len(discriminator) > 8:
                break
        self.assertEqual(len(generator), 4)  # its four parameters, and nothing else
        self.assertGreater(len(discriminator), 8)
        for text in generator.values():
            self.assertIn("generator/", text)

    def test_usage(self):
        self.assert_fails(says="subcommand")
        self.assert_fails("train", "--epochs", "-1", says="--epochs")
        self.assert_fails("train", "--resume", "x", "--seed", 1, says="--seed")
        self.assert_fails("sample", says="file")


if __name__ == "__main__":
    unittest.main(verbosity=2)
