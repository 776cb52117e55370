"""What all cases share: running the program, copies of files, what every refusal looks like."""

import json
import os
import pathlib
import pty
import select
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = ""  # the command, an absolute path
GOLDEN = pathlib.Path()  # folder of checkpoints
COMMANDS = ["info", "ls", "verify"]
MAGIC = b"\x89MLP\r\n\x1a\n"
HIDDEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
QUIET = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TERM": "xterm"}


def run(*arguments, environment=None, stdout=subprocess.PIPE):
    """The finished process; its streams as text."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**QUIET, **(environment or {})},
        encoding="utf-8",
        timeout=60,
    )


def run_on_terminal(*arguments, environment=None):
    """What the program prints where stdout and stderr are a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        env={**QUIET, **(environment or {})},
    )
    os.close(follower)
    printed = b""
    while select.select([leader], [], [], 60)[0]:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        printed += part
    os.close(leader)
    process.wait(timeout=60)
    return printed.decode("utf-8")


def golden_files(pattern):
    return sorted(GOLDEN.glob(f"{pattern}.milepost"))


def good_files():
    return golden_files("good-*")


def listing(file):
    return json.loads(run("ls", file, "--json").stdout)


class CliTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="milepost-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def make(self, name, content):
        file = self.folder / name
        file.write_bytes(content)
        return file

    def check_refused(self, process, message):
        """Exit 2, nothing on stdout, one line on stderr that holds `message`."""
        self.assertEqual(process.returncode, 2, process.stderr)
        self.assertEqual(process.stdout, "")
        self.assertIn(message, process.stderr)
        self.assertTrue(process.stderr.startswith("milepost: "), process.stderr)
        self.assertEqual(process.stderr.count("\n"), 1, process.stderr)

    def check_file_error(self, file, word, verify_exit):
        """All three commands on a file that cannot be opened."""
        for command in ["info", "ls"]:
            self.check_refused(run(command, file), word)
            self.check_refused(run(command, file, "--json"), word)
        process = run("verify", file)
        self.assertEqual(process.returncode, verify_exit, process.stdout + process.stderr)
        verdict, other = (process.stdout, process.stderr) if verify_exit == 1 else (process.stderr, process.stdout)
        self.assertIn(f"{file}: {word}", verdict)
        self.assertEqual(other, "")
        report = json.loads(run("verify", file, "--json").stdout)["files"][0]
        self.assertFalse(report["ok"])
        self.assertEqual(f"{report['error']['code']}/{report['error']['condition']}", word)
        self.assertEqual(report["damage"], [])
