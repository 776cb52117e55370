#!/usr/bin/env python3
"""A run's folder through faults: kills a process that saves at each of its system calls, and lets each of them fail.

    run_faults.py [--control] [--kills] [--preload LIBRARY] DRIVER

DRIVER is run_driver.cpp. After each fault, without one:
- the run restores, from the checkpoint of the last save that has returned, or a newer one, and skips none;
- a distributed checkpoint that counts as complete has all its files;
- further saves succeed, the newest of them is restored, and no temporary file is left ten minutes later.
Needs strace; exit status 77 where it cannot trace.
"""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))

from tracing import strace_works  # noqa: E402

TRACED = "%file,%desc,getrandom,prlimit64"
ERRORS = ("EIO", "ENOSPC")
PREPARED = 3  # the newest number that `prepare` makes

Call = collections.namedtuple("Call", "name nth")  # the nth call of that name


class Faults:
    """One driver in one scratch folder."""

    def __init__(self, options, root):
        self.options, self.root = options, Path(root)
        self.folder, self.prepared, self.trace = self.root / "runs" / "one", self.root / "prepared", self.root / "trace"
        self.saving = "careless" if options.control else "save"
        self.passed = self.killed = 0
        self.failed = []

    def run(self, command, folder, *before):
        environment = [] if not self.options.preload else ["-E", f"LD_PRELOAD={self.options.preload}"]
        if before:
            call = ["strace", "-f", "-qq", "-o", self.trace, "-e", "trace=" + TRACED, "-e", "signal=none", *before, *environment]
        else:
            call = ["env", f"LD_PRELOAD={self.options.preload}"]
        return subprocess.run([*call, self.options.driver, command, folder], stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, timeout=60, check=False)

    def reset(self):
        shutil.rmtree(self.folder.parent, ignore_errors=True)
        shutil.copytree(self.prepared, self.folder)

    def learn_calls(self):
        """The system calls of the saves, from the first one that names the folder on."""
        self.run("prepare", self.prepared)
        self.reset()
        done = self.run(self.saving, self.folder, "-e", "inject=chdir:error=EIO")
        if done.returncode != 0 or self.numbers("saved", done.stdout) != [4, 5, 6]:
            sys.exit(f"without a fault the driver must save three checkpoints: {done}")
        counts, calls = collections.Counter(), []
        for line in self.trace.read_text(encoding="utf-8", errors="replace").splitlines():
            if found := re.match(r"\d+\s+(\w+)\(", line):
                counts[found[1]] += 1
                if calls or str(self.folder) in line:
                    calls.append(Call(found[1], counts[found[1]]))
        return calls

    @staticmethod
    def numbers(word, printed):
        return [int(number) for number in re.findall(rf"^{word} (\d+)$", printed, re.MULTILINE)]

    def problem(self, printed):
        """What is wrong after a fault, or None."""
        last = max([PREPARED, *self.numbers("saved", printed)])
        done = self.run("restore", self.folder).stdout
        restored = self.numbers("restored", done)
        if not restored or restored[0] < last or "skipped" in done:
            return f"{last} was saved, and then: {done!r}"
        for marker in self.folder.glob("*/checkpoint.milepost"):
            if len(list(marker.parent.iterdir())) != 3:
                return f"{marker.parent.name} counts as complete, and is not"
        before = time.time() - 660
        for temporary in self.folder.glob(".*.tmp"):
            os.utime(temporary, (before, before))
        done = self.run("save", self.folder).stdout
        saved = self.numbers("saved", done)
        if len(saved) != 3 or saved[0] <= restored[0]:
            return f"saves after it: {done!r}"
        done = self.run("restore", self.folder).stdout
        if done != f"restored {saved[-1]}\n":
            return f"restored after saves {saved}: {done!r}"
        left = [name for name in os.listdir(self.folder) if name.startswith(".")]
        return f"temporary files are left: {left}" if left else None

    def fault(self, call, fault, when):
        self.reset()
        done = self.run(self.saving, self.folder, "-e", f"inject={call.name}:{fault}:when={when}")
        self.killed += done.returncode == -9
        problem = self.problem(done.stdout)
        if problem is None and fault == "signal=KILL" and done.returncode != -9:
            problem = f"was not killed: {done}"
        if problem is None and fault != "signal=KILL" and done.returncode not in (0, 1):
            problem = f"exit status {done.returncode}: {done.stdout!r}"
        if problem is None:
            self.passed += 1
        else:
            self.failed.append(problem)
            print(f"FAILED: {fault} at {call.name} {when}: {problem}")

    def all(self):
        calls = self.learn_calls()
        for call in calls:
            self.fault(call, "signal=KILL", str(call.nth))
        if self.options.control or self.options.kills:
            return
        for call in calls:
            for error in ERRORS:
                self.fault(call, f"error={error}", str(call.nth))
            self.fault(call, "error=EIO", f"{call.nth}+")
        print(f"{len(calls)} system calls")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--control", action="store_true",
                        help="saves as one must not: succeed if kills show it")
    parser.add_argument("--kills", action="store_true", help="only kills: no calls that fail")
    parser.add_argument("--preload", default="", help="a library to load into the driver, always")
    parser.add_argument("driver", type=os.path.abspath)
    options = parser.parse_args()
    options.preload = options.preload and os.path.abspath(options.preload)
    if not strace_works():
        print("skipped: strace is absent or cannot trace here (it needs ptrace)")
        return 77
    with tempfile.TemporaryDirectory(prefix="milepost-run-faults-") as root:
        faults = Faults(options, root)
        faults.all()
    print(f"{faults.passed} passed, {len(faults.failed)} failed, {faults.killed} killed")
    return int(bool(faults.failed) != options.control)


if __name__ == "__main__":
    sys.exit(main())
