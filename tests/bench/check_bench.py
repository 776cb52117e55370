#!/usr/bin/env python3
"""Every case of the benchmarks runs and prints its ratio, and Milepost's side of the comparison with other formats does
what it is told: on little data, so that their code cannot rot unseen.

    check_bench.py BENCH_PROGRAM WORKER_PROGRAM
"""

import json
import math
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

# The goals that docs/performance.md reports, less the numbers and dtypes after a slash.
NAMES = {
    "unit", "open-floor", "open-json", "open-million", "first-tensor", "cold-tensor", "load-fresh", "load-reused",
    "load-packed", "verify", "cold-raw", "cold-packed", "save-raw", "save-buffered", "save-packed", "packed-over-raw", "stall",
    "planes-C", "planes-D", "smallest-C", "smallest-D", "memory",
}
PROGRAM = WORKER = ""


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            cls.tiny = run("--scale", "tiny", "--folder", folder, "--json", str(report))
            cls.report = json.loads(report.read_text(encoding="utf-8"))
            cls.left = [path.name for path in Path(folder).iterdir()]
        cls.cases = cls.report["cases"]

    def test_it_succeeds(self) -> None:
        self.assertEqual((0, ""), (self.tiny.returncode, self.tiny.stderr), self.tiny.stdout)

    def test_every_case_is_in_the_report(self) -> None:
        listed = {line.split("/iterations:")[0] for line in run("--benchmark_list_tests").stdout.split()}
        self.assertEqual(listed, set(self.cases))
        self.assertEqual(NAMES, {name.split("/")[0] for name in listed})

    def test_every_case_has_a_ratio(self) -> None:
        for name, case in self.cases.items():
            with self.subTest(name):
                self.assertTrue(math.isfinite(case["ratio"]) and case["ratio"] >= 0)
                self.assertRegex(self.tiny.stdout, rf"(?m)^{name} +[0-9.]+ ")

    def test_goals_are_judged(self) -> None:
        for name, case in self.cases.items():
            with self.subTest(name):
                if case["goal"] is None:
                    self.assertEqual((None, None), (case["met"], case["sense"]))
                    continue
                reached = {"at least": case["ratio"] >= case["goal"], "at most": case["ratio"] <= case["goal"]}
                self.assertEqual(reached[case["sense"]], case["met"])
                self.assertTrue(case["required_met"] or not case["met"])

    def test_the_machine_is_described(self) -> None:
        self.assertEqual(["processor", "instructions", "cores", "memory", "kernel", "huge pages", "file system",
                          "page cache", "compiler", "libraries", "scale"], list(self.report["machine"]))
        for value in self.report["machine"].values():
            self.assertIn(value, self.tiny.stdout)

    def test_no_file_is_left(self) -> None:
        self.assertEqual(["report.json"], self.left)

    def test_one_case_alone(self) -> None:
        one = run("--scale", "tiny", "--benchmark_filter=^verify/")
        self.assertEqual(0, one.returncode, one.stderr)
        self.assertIn("\nverify ", one.stdout)
        self.assertNotIn("\nsave-raw ", one.stdout)

    def test_failures_are_reported(self) -> None:
        for arguments in (["--scale", "huge"], ["--scale"], ["--unknown"]):
            with self.subTest(arguments):
                wrong = run(*arguments)
                self.assertEqual(2, wrong.returncode)
                self.assertIn("usage: milepost-bench", wrong.stderr)
        self.assertEqual(1, run("--scale", "tiny", "--benchmark_filter=^none/").returncode)
        self.assertEqual(1, run("--scale", "tiny", "--folder", "/nowhere").returncode)


class Worker(unittest.TestCase):
    """Milepost's side of scripts/bench-peers."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.dataset, self.file = self.folder / "dataset", self.folder / "saved.milepost"
        self.call("synthesize", "f16", str(4 << 20), str(self.dataset))

    def call(self, *arguments: str) -> str:
        done = subprocess.run([WORKER, *arguments], capture_output=True, text=True, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout

    def serve(self, *commands: str) -> list[list[str]]:
        """The words of the reply to each command."""
        text = "".join(command.replace(" ", "\t") + "\n" for command in commands)
        done = subprocess.run([WORKER, "serve", str(self.dataset)], input=text, capture_output=True, text=True, check=True)
        ready, *replies = done.stdout.splitlines()
        self.assertEqual("ready", ready)
        self.assertEqual(len(commands), len(replies))
        return [reply.split("\t") for reply in replies]

    def test_the_dataset_has_the_bytes_that_it_names(self) -> None:
        rows = [line.split("\t") for line in (self.dataset / "tensors.tsv").read_text(encoding="ascii").splitlines()]
        sizes = [math.prod(map(int, shape.split(","))) for _, dtype, shape in rows if dtype == "f16"]
        self.assertEqual(2 * sum(sizes), (self.dataset / "tensors.bin").stat().st_size)

    def test_it_saves_and_loads_each_way(self) -> None:
        nbytes = (self.dataset / "tensors.bin").stat().st_size
        name = "layers.0.attention.key.weight"
        for codec in ("raw", "zstd", "planes", "smallest"):
            with self.subTest(codec):
                replies = self.serve(f"save {codec} durable {self.file}", f"check {self.file}", f"load {self.file}",
                                     f"map {self.file}", f"open {self.file}", f"first {self.file} {name}",
                                     f"compress {codec}", "decompress")
                self.assertEqual(["ok"] * 8, [reply[0] for reply in replies], replies)
                self.assertTrue(all(float(reply[1]) > 0 and float(reply[2]) >= 0 for reply in replies))
                self.assertEqual([nbytes, 2, 2 << 20, nbytes], [int(replies[i][3]) for i in (1, 4, 5, 7)])
                self.assertAlmostEqual(self.file.stat().st_size, int(replies[6][3]), delta=4096)

    def test_a_checkpoint_becomes_a_dataset(self) -> None:
        self.serve(f"save planes fast {self.file}")
        self.call("export", str(self.file), str(self.folder / "again"))
        self.assertEqual((self.dataset / "tensors.bin").read_bytes(), (self.folder / "again/tensors.bin").read_bytes())

    def test_failures_are_replies(self) -> None:
        self.file.write_bytes(b"not a checkpoint" * 10)
        replies = self.serve("fly", "save", f"load {self.file}", f"open {self.folder}/none", f"save none fast {self.file}")
        self.assertEqual(["error"] * 5, [reply[0] for reply in replies])
        self.assertIn("not_a_checkpoint", replies[2][1])

    def test_a_difference_is_found(self) -> None:
        self.serve(f"save raw fast {self.file}")
        data = bytearray((self.dataset / "tensors.bin").read_bytes())
        data[-1] ^= 1
        (self.dataset / "tensors.bin").write_bytes(data)
        self.assertEqual([["error", "what was loaded is not what was saved"]], self.serve(f"check {self.file}"))


if __name__ == "__main__":
    WORKER = sys.argv.pop()
    PROGRAM = sys.argv.pop()
    unittest.main()
