#!/usr/bin/env python3
"""Every case of the benchmarks runs and prints its ratio: on little data, so that their code cannot rot unseen.

    check_bench.py BENCH_PROGRAM
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
    "load-packed", "verify", "cold-raw", "cold-packed", "save-raw", "save-buffered", "save-packed", "packed-over-raw",
    "planes-C", "planes-D", "smallest-C", "smallest-D", "memory",
}
PROGRAM = ""


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
                          "compiler", "libraries", "scale"], list(self.report["machine"]))
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


if __name__ == "__main__":
    PROGRAM = sys.argv.pop()
    unittest.main()
