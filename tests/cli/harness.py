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
COMMANDS = ["info", "ls", "show", "get", "digest", "verify", "diff", "convert", "edit", "compress", "decompress"]
ARGUMENTS = {"show": "FILE PATTERN", "get": "FILE PATH", "diff": "A B", "convert": "IN OUT", "edit": "IN OUT", "compress": "IN OUT",
             "decompress": "IN OUT"}  # of the others: FILE
MAGIC = b"\x89MLP\r\n\x1a\n"
# The characters that are escaped everywhere: the list of milepost/text.hpp.
HIDDEN_RANGES = [
    (0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]
HIDDEN_CHARACTERS = "".join(chr(code) for first, last in HIDDEN_RANGES for code in range(first, last + 1))
HIDDEN = "[" + "".join(sorted(set(HIDDEN_CHARACTERS) - set("\t\n"))) + "]"
QUIET = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "TERM": "xterm"}


def run(*arguments, environment=None, stdout=subprocess.PIPE, folder=None):
    """The finished process; its streams as text."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**QUIET, **(environment or {})},
        encoding="utf-8",
        cwd=folder,
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
