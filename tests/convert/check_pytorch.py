#!/usr/bin/env python3
"""Compares the import of PyTorch files with Python, byte by byte.

    PYTHONPATH=BUILD/python/package check_pytorch.py CONVERT_TOOL [--all-forms] [--random COUNT] [NAME...]

Each object is written with torch.save. What CONVERT_TOOL makes of the file must have the bytes that milepost.save writes of
what torch.load returns. A campaign: --all-forms writes each object in both forms and by several protocols, instead of one
object in one form and the next one in another; --random takes random objects. Exits with 77, skipped, where a recent PyTorch or the
Python package of Milepost is missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

try:
    import milepost
    import torch
    from pytorch_objects import RandomObjects, objects
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

FORMS: dict[str, dict[str, Any]] = {
    "zip": {},
    "legacy": {"_use_new_zipfile_serialization": False},
    "protocol 4": {"pickle_protocol": 4},
    "protocol 5": {"pickle_protocol": 5},
}


class Comparison:
    def __init__(self, tool: str, folder: Path) -> None:
        self.tool = tool
        self.pt, self.ours, self.theirs = (folder / name for name in ("x.pt", "ours.milepost", "theirs.milepost"))
        self.same = self.refused = self.not_of_torch = 0
        self.failures: list[str] = []

    def check(self, name: str, given: Any, form: str, is_safe: bool) -> None:
        try:
            torch.save(given, self.pt, **FORMS[form])
            loaded = torch.load(self.pt, weights_only=is_safe)
        except Exception as error:  # noqa: BLE001
            self.not_of_torch += 1  # the legacy form of new dtypes
            print(f"torch cannot save and load {name}, {form}: {str(error)[:100]}")
            return
        refused = self.save(loaded)
        self.ours.unlink(missing_ok=True)
        done = subprocess.run([self.tool, self.pt, self.ours], check=False, capture_output=True, text=True)
        if refused and done.returncode == 2:
            self.refused += 1
            print(f"both refuse {name}, {form}: {done.stderr.strip()[:200]} | {refused[:100]!r}")
        elif why := self.difference(refused, done):
            self.failures.append(f"{name}, {form}: {why}")
        else:
            self.same += 1

    def save(self, loaded: Any) -> str:
        """Writes the file of Python; why it cannot."""
        self.theirs.unlink(missing_ok=True)
        try:
            milepost.save(loaded, self.theirs, durable=False)
        except milepost.Error as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def difference(self, refused: str, done: subprocess.CompletedProcess[str]) -> str:
        if refused:
            return f"Python refuses it, and the tool does not: {refused[:300]}"
        if done.returncode != 0:
            return f"the tool refuses it: {done.stderr.strip()[:500]}"
        return "" if self.ours.read_bytes() == self.theirs.read_bytes() else "other bytes"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--all-forms", action="store_true", help="each object in each form")
    parser.add_argument("--random", type=int, default=0, metavar="COUNT", help="this many random objects instead")
    parser.add_argument("--seed", type=int, default=0, help="of the first random object")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.random)
    some = {f"random {seed}": RandomObjects(seed).make() for seed in seeds} if given.random else objects()
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(given.tool, Path(folder))
        for number, (name, each) in enumerate(some.items()):
            if given.names and name not in given.names:
                continue
            for form in FORMS if given.all_forms else [list(FORMS)[number % len(FORMS)]]:
                # The safe loader of PyTorch does not read protocols 4 and 5, nor empty bytes.
                is_safe = form in ("zip", "legacy") and not given.random
                comparison.check(name, each, form, is_safe)
    print(*comparison.failures, sep="\n")
    print(f"{comparison.same} files are equal, {comparison.refused} are refused by both, {len(comparison.failures)} differ; "
          f"{comparison.not_of_torch} are not of torch {torch.__version__}")
    return 1 if comparison.failures or not comparison.same else 0


if __name__ == "__main__":
    sys.exit(main())
