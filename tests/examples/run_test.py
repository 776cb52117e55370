"""The examples save_load and resume: RUN_TEST SAVE_LOAD RESUME."""

import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SAVE_LOAD, RESUME = sys.argv.pop(1), sys.argv.pop(1)


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)


class ExampleTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="examples-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def resume(self, name, steps):
        """Runs the example up to a step. Returns the file and the step after which it began."""
        done = run(RESUME, self.folder / name, steps)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, last = done.stdout.splitlines()
        self.assertRegex(last, rf"^step {steps}, epoch {steps // 25}: loss \d+\.\d+$")
        return self.folder / name, int(first.split()[-1])

    def assert_fails(self, command, says):
        done = run(*command)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(says, done.stderr)


class SaveLoad(ExampleTest):
    def test_what_was_saved_is_what_was_loaded(self):
        file = self.folder / "linear.milepost"
        done = run(SAVE_LOAD, file)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, f"{file}: what was saved is what was loaded\n", ""))
        self.assertGreater(file.stat().st_size, 4096)

    def test_a_folder_that_is_not_there(self):
        self.assert_fails([SAVE_LOAD, self.folder / "none" / "file"], "save_load: io_error/open: ")


class Resume(ExampleTest):
    def test_in_parts_it_ends_with_the_same_bytes(self):
        whole, _ = self.resume("whole", 100)
        for cut in (0, 1, 10, 37, 99, 100):
            name = f"parts{cut}"
            self.resume(name, cut)
            parts, begun = self.resume(name, 100)
            self.assertEqual(begun, cut)
            self.assertEqual(parts.read_bytes(), whole.read_bytes(), f"cut after {cut} steps")

    def test_killed_it_ends_with_the_same_bytes(self):
        whole, _ = self.resume("whole", 3000)
        killed = self.folder / "killed"
        process = subprocess.Popen([RESUME, killed, "100000000"], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not killed.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        self.assertEqual(process.wait(), -signal.SIGKILL)
        _, begun = self.resume("killed", 3000)
        self.assertGreater(begun, 0)
        self.assertLess(begun, 3000)
        self.assertEqual(killed.read_bytes(), whole.read_bytes())

    def test_it_learns(self):
        self.resume("run", 1000)
        self.assertLess(float(run(RESUME, self.folder / "run", 1000).stdout.split()[-1]), 1e-6)

    def test_damage_is_named_and_the_file_is_left_alone(self):
        whole, _ = self.resume("whole", 50)
        good = whole.read_bytes()
        flipped = bytearray(good)
        flipped[64] ^= 1
        for name, content, says in (("flipped", bytes(flipped), "flipped: model/weight chunk 0, "),
                                    ("cut", good[:-1], "truncated/"), ("empty", b"", "empty"),
                                    ("text", b"not a checkpoint" * 100, "not_a_checkpoint/magic: ")):
            file = self.folder / name
            file.write_bytes(content)
            self.assert_fails([RESUME, file, 60], says)
            self.assertEqual(file.read_bytes(), content)

    def test_a_checkpoint_of_something_else_is_left_alone(self):
        file = self.folder / "linear.milepost"
        run(SAVE_LOAD, file)
        content = file.read_bytes()
        self.assert_fails([RESUME, file, 10], "mismatch/")
        self.assertEqual(file.read_bytes(), content)

    def test_usage(self):
        for arguments in ([], [self.folder / "run"], [self.folder / "run", "-1"], [self.folder / "run", "1x"]):
            done = run(RESUME, *arguments)
            self.assertEqual((done.returncode, done.stderr), (2, "usage: resume FILE STEPS\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
