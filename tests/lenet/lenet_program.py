"""What the tests of the program have in common. Each is called as TEST LENET SLICE."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

LENET, SLICE = sys.argv.pop(1), sys.argv.pop(1)


def lenet(*arguments):
    return subprocess.run([LENET, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def newest(folder):
    """The newest checkpoint in a run's folder."""
    return max(folder.glob("*.milepost"), key=lambda file: int(file.name.split(".")[0]))


class LenetTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lenet-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def train(self, name, *arguments):
        """Trains on the slice, eight steps an epoch, saves to the folder `name`, and returns the newest file in it."""
        folder = self.folder / name
        done = lenet("train", "--data", SLICE, "--save", folder, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return newest(folder)

    def assert_fails(self, *arguments, says):
        done = lenet(*arguments)
        self.assertEqual(done.returncode, 2, done)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")

    def assert_same(self, one, other):
        self.assertTrue(one.read_bytes() == other.read_bytes(), f"{one} and {other} differ")
