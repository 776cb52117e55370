"""What all checks share: how one is named, run and counted, and how texts and tensors are compared."""

import subprocess
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from canonical_text import Parts, text_of_parts
from from_milepost import load
from to_milepost import encode


class Differs(Exception):
    """Two sides that should agree do not."""


@dataclass
class Check:
    """`run` returns what was compared and how closely; it raises Differs, or anything else, on failure."""

    name: str
    run: Callable[[], str]


@dataclass
class Tools:
    """The programs of the build folder, and a folder for files."""

    build: Path
    scratch: Path

    def run(self, program: str, *arguments) -> str:
        command = [str(self.build / program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise Differs(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def lenet(self, *arguments) -> str:
        return self.run("examples/lenet/lenet", *arguments)

    def print_checkpoint(self, *arguments) -> str:
        return self.run("tests/pytorch/print_checkpoint", *arguments)

    def print_logits(self, *arguments) -> str:
        return self.run("tests/pytorch/print_logits", *arguments)


def run_checks(checks: Iterator[Check]) -> tuple[int, list[str]]:
    """Prints a line for each check; returns how many passed, and the names of those that failed."""
    passed, failed = 0, []
    for check in checks:
        try:
            print(f"ok       {check.name}: {check.run()}", flush=True)
            passed += 1
        except Exception as error:  # a check that breaks has failed; the others go on
            if not isinstance(error, Differs):
                traceback.print_exc()
            print(f"FAILED   {check.name}: {error}", flush=True)
            failed.append(check.name)
    return passed, failed


# Comparing


def expect_same_text(expected: str, found: str, where: str) -> None:
    """Names the first place where two texts differ, with a little of the text around it."""
    if expected == found:
        return
    for number, (left, right) in enumerate(zip(expected.split("\n"), found.split("\n")), 1):
        if left != right:
            at = next((i for i, pair in enumerate(zip(left, right)) if pair[0] != pair[1]), min(len(left), len(right)))
            begin = max(0, at - 40)
            raise Differs(f"{where}, line {number}, column {at + 1}: expected ...{left[begin:at + 40]!r}, "
                          f"found ...{right[begin:at + 40]!r}")
    raise Differs(f"{where}: expected {expected.count(chr(10))} lines, found {found.count(chr(10))}")


def largest_gap(left: list[torch.Tensor], right: list[torch.Tensor]) -> float:
    """The largest difference of any two elements; infinite where a shape differs or a number is none."""
    if [each.shape for each in left] != [each.shape for each in right]:
        return float("inf")
    gaps = [(one.double() - other.double()).abs().max().item() for one, other in zip(left, right)]
    return max((gap if gap == gap else float("inf") for gap in gaps), default=float("inf"))


def expect_within(gap: float, allowed: float, what: str) -> str:
    if not gap <= allowed:
        raise Differs(f"{what} differ by {gap:.2g}, allowed is {allowed:.0e}")
    return f"{what} within {gap:.2g}" if gap else f"{what} bit for bit"


def check_file(tools: Tools, parts: Parts, name: str) -> Parts:
    """Writes live objects with the Python writer; C++ and the Python reader must give each bit back, and C++
    must save the very same file again. Returns what the Python reader read."""
    path, copy = tools.scratch / f"{name}.milepost", tools.scratch / f"{name}.copy.milepost"
    path.write_bytes(encode(parts))
    expected = text_of_parts(parts)
    expect_same_text(expected, tools.print_checkpoint(path, copy), "C++")
    if path.read_bytes() != copy.read_bytes():
        raise Differs(f"{path} and {copy}, saved from it by C++, differ")
    found = load(path)
    expect_same_text(expected, text_of_parts(found), "Python")
    return found
