#!/usr/bin/env python3
"""Saves through faults: fails or kills every system call of a save, and looks at what is left.

    fault_matrix.py [options] -- DRIVER [ARGUMENTS]

DRIVER is any program that saves:
    DRIVER ARGUMENTS TARGET      replaces the file TARGET with its NEW content, always the same; exit status 0 if it reports
                                 that NEW is saved, 1 after an error, whose "code/condition: ..." it prints
    DRIVER --old TARGET          makes TARGET with its OLD content; no fault happens there
It must make its system calls in the same order each time (so: one thread that writes), and print nothing else that looks
like "code/condition".

After every run: TARGET is OLD or NEW, byte for byte; exit 0 means NEW; an error means OLD, or NEW with not_durable; no
temporary file is left unless the process was killed, and what a killed one left is swept by a save ten minutes later.
The plan of system calls comes from a run without faults. Needs strace; exit status 77 where it cannot trace.
"""

import argparse
import collections
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import fault_table
from fault_table import SAVED
from tracing import strace_works

Call = collections.namedtuple("Call", "name nth role")  # the nth call of that name in its thread
Outcome = collections.namedtuple("Outcome", "status printed fired")

TRACED = "%file,%desc,getrandom,prlimit64"
TIMEOUT_S = 60
MODE_OF_OLD = 0o640  # not what the umask gives to a new file


class Matrix:
    """One driver in one scratch folder, and what was found so far."""

    def __init__(self, options):
        self.options = options
        self.root = tempfile.mkdtemp(prefix="milepost-faults-", dir=options.work)
        self.folder = os.path.join(self.root, "folder")
        self.target = os.path.join(self.folder, "file")
        self.trace = os.path.join(self.root, "trace")
        self.passed, self.failed = collections.Counter(), collections.Counter()
        self.killed = self.litter = self.swept = 0
        self.old = self.new = None

    # Running the driver.

    def preload(self, *libraries):
        return ":".join([*libraries, *self.options.preload])

    def driver(self, environment=None, pass_fds=()):
        return subprocess.Popen([*self.options.driver, self.target], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, cwd=self.root, pass_fds=pass_fds,
                                env={**os.environ, "LD_PRELOAD": self.preload(), **(environment or {})})

    def run(self, environment=None, pass_fds=()):
        return self.wait(self.driver(environment, pass_fds))

    def strace(self, *arguments):
        command = ["strace", "-f", "-y", "-qq", "-o", self.trace, "-e", "trace=" + TRACED, "-e", "signal=none",
                   *arguments]
        if self.preload():
            command += ["-E", "LD_PRELOAD=" + self.preload()]
        return self.wait(subprocess.Popen([*command, *self.options.driver, self.target], stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT, cwd=self.root))

    @staticmethod
    def wait(process):
        try:
            printed = process.communicate(timeout=TIMEOUT_S)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            printed = process.communicate()[0].decode(errors="replace") + "(hung)"
        return Outcome(process.returncode, printed, True)

    # The state before and after a run.

    def prepare(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.mkdir(self.folder)
        if self.old is not None:
            with open(self.target, "wb") as file:
                file.write(self.old)
            os.chmod(self.target, MODE_OF_OLD)

    def read(self, name="file"):
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def temporaries(self):
        return [name for name in os.listdir(self.folder) if name not in ("file", "file.prev")]

    def widened(self):
        """The files whose permissions go beyond those of OLD."""
        modes = {name: os.lstat(os.path.join(self.folder, name)).st_mode & 0o777 for name in os.listdir(self.folder)}
        return {name: oct(mode) for name, mode in modes.items() if mode & 0o077 & ~MODE_OF_OLD}

    def learn_contents(self):
        """OLD and NEW, from two runs without faults."""
        if not self.options.absent:
            self.prepare()
            subprocess.run([self.options.driver[0], "--old", self.target], check=True, cwd=self.root)
            self.old = self.read()
        self.prepare()
        outcome = self.run()
        self.new = self.read()
        if outcome.status != 0 or self.new is None or self.new == self.old:
            sys.exit(f"without any fault the driver must save NEW, other than OLD: {outcome}")

    def learn_calls(self):
        """The system calls of a save, from the first that names the folder on."""
        self.prepare()
        if self.strace().status != 0:
            sys.exit("the driver fails under strace without any fault")
        counts, calls = collections.Counter(), []
        with open(self.trace, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                found = re.match(r"(\d+)\s+(\w+)\(", line)
                if found is None:
                    continue
                thread, name = found.groups()
                counts[thread, name] += 1
                if calls or self.folder in line:
                    text = line[found.start(2):]
                    role = fault_table.role_of(name, text, self.folder, self.target)
                    role = fault_table.in_context(role, [call.role for call in calls])
                    calls.append(Call(name, counts[thread, name], role))
        return calls

    # Judging.

    def problem(self, outcome, killed=False, expected=None, litter=False):
        """What is wrong after a run, or None. `litter`: a temporary file may be left, for the next save to sweep."""
        content, left = self.read(), self.temporaries()
        found = re.search(r"\b([a-z_]+)/([a-z_0-9]+)\b", outcome.printed)
        code, condition = found.groups() if found else (None, None)
        if "cannot be preloaded" in outcome.printed:
            return outcome.printed
        if content not in (self.old, self.new):
            return f"content is neither OLD nor NEW ({'absent' if content is None else len(content)})"
        if self.old is not None and (wide := self.widened()):
            return f"others may open it who may not open OLD: {wide}"
        previous = self.read("file.prev")
        if previous is not None and previous != self.old:
            return "file.prev is not OLD"
        if killed:
            return None
        if left and not litter:
            return f"files left: {left}"
        if outcome.status not in (0, 1):
            return f"exit status {outcome.status}: {outcome.printed!r}"
        if outcome.status == 0 and content != self.new:
            return "success reported, but the content is OLD"
        if outcome.status == 1 and (content == self.new) != (code == "not_durable"):
            return f"{code}/{condition}, but the content is {'NEW' if content == self.new else 'OLD'}"
        if expected is not None and (SAVED if outcome.status == 0 else condition) != expected:
            return f"expected {expected}, got status {outcome.status}, {outcome.printed.strip()!r}"
        return None

    def judge(self, row, what, problem):
        if problem is None:
            self.passed[row] += 1
            return
        self.failed[row] += 1
        print(f"FAILED row {row}: {what}: {problem}")

    def sweep(self, row, what):
        """What a killed save left must go with a save ten minutes later."""
        left = self.temporaries()
        if not left:
            return
        self.litter += len(left)
        before = time.time() - 660
        for name in left:
            os.utime(os.path.join(self.folder, name), (before, before))
        if self.options.absent and os.path.exists(self.target):
            os.remove(self.target)
        outcome = self.run()
        remaining = self.temporaries()
        self.swept += len(left) - len(remaining)
        good = outcome.status == 0 and self.read() == self.new and not remaining
        self.judge(row, what, None if good else f"the next save: {outcome}, left {remaining}")

    # The rows.

    def injected(self, call, fault, when):
        self.prepare()
        with open(self.trace, "wb"):  # of the run before
            pass
        outcome = self.strace("-e", f"inject={call.name}:{fault}:when={when}")
        with open(self.trace, encoding="utf-8", errors="replace") as lines:
            return outcome._replace(fired=any("(INJECTED)" in line or "killed by" in line for line in lines))

    def kills(self, calls):
        """Row 1: SIGKILL before every system call."""
        renamed = next((i for i, call in enumerate(calls) if call.role in ("rename new", "rename to free name")), None)
        for i, call in enumerate(calls):
            outcome = self.injected(call, "signal=KILL", call.nth)
            what = f"SIGKILL before {call.name} {call.nth} ({call.role})"
            problem = self.problem(outcome, killed=True)
            if problem is None and outcome.status != -signal.SIGKILL:
                problem = f"was not killed: {outcome}"
            if problem is None and renamed is not None and (self.read() == self.new) != (i > renamed):
                problem = "OLD after the rename, or NEW before it"
            self.judge(1, what, problem)
            self.sweep(1, what + ", swept")

    def errors(self, calls):
        """Rows 2 to 10 and 20: each error at each call, once and sticky."""
        for i, call in enumerate(calls):
            for error in fault_table.EXPECTED.get(call.role, {"EIO": None}):
                once = fault_table.expected_once(call.role, error)
                self.error(call, error, str(call.nth), once)
                if error != "EINTR":
                    self.error(call, error, f"{call.nth}+", fault_table.expected_sticky(calls, i, error))
                elif call.role in ("write", "fsync file"):
                    self.error(call, error, f"{call.nth}+2", once)  # every other one: always would never end

    def error(self, call, error, when, expected):
        outcome = self.injected(call, f"error={error}", when)
        problem = self.problem(outcome, expected=expected, litter=call.role == "unlink")
        if problem is None and not outcome.fired:
            problem = "the fault did not happen: the driver makes other calls each time"
        self.judge(fault_table.row_of(call.role, error), f"{error} at {call.name} {when} ({call.role})", problem)

    def order(self, calls):
        """Row 15, as far as it shows without a power cut: data, file, name, folder reach the disk in this order."""
        roles = [call.role for call in calls]
        wanted = ["fsync file", "close file", "rename new", "fsync folder"]
        steps = ["rename new" if role == "rename to free name" else role for role in roles if role is not None]
        found = [role for i, role in enumerate(steps) if role in wanted and role != steps[i - 1]]
        self.judge(15, "the order of the last steps", None if found == wanted else f"expected {wanted}, found {found}")
        late = [role for role in steps[steps.index("fsync file"):] if role in ("write", "cut")] \
            if "fsync file" in steps else []
        self.judge(15, "nothing is written after the fsync", f"found {late}" if late else None)

    def short_writes(self):
        """Row 4: real short writes and EINTR."""
        if not self.options.short_write:
            return
        for most in (1, 2, 7, 100, 4096, 50_000):
            self.prepare()
            outcome = self.run({"LD_PRELOAD": self.preload(self.options.short_write), "SHORT_WRITE_MAX": str(most)})
            self.judge(4, f"writes of at most {most} bytes", self.problem(outcome, expected=SAVED))

    def mallocs(self):
        """Row 14: the n-th allocation fails, for every n, once and sticky."""
        if not self.options.malloc_fail:
            return
        for sticky in (False, True):
            n, fired = 0, True
            while fired:
                n += 1
                fired = self.malloc(n, sticky)
            if n == 1:
                self.judge(14, "no allocation failed", "the library was not loaded")

    def malloc(self, n, sticky):
        self.prepare()
        reader, writer = os.pipe()
        environment = {"LD_PRELOAD": self.preload(self.options.malloc_fail), "MALLOC_FAIL_AT": str(n),
                       "MALLOC_FAIL_REPORT": str(writer), **({"MALLOC_FAIL_STICKY": "1"} if sticky else {})}
        process = self.driver(environment, (writer,))
        os.close(writer)
        outcome = self.wait(process)
        fired = os.read(reader, 1) != b""
        os.close(reader)
        expected = "out_of_memory" if outcome.status == 1 else None
        if fired:
            self.judge(14, f"allocation {n} fails{' and all after it' if sticky else ''}",
                       self.problem(outcome, expected=expected))
        return fired

    def random_kills(self):
        """Row 21: SIGTERM and SIGKILL at any time."""
        self.prepare()
        start = time.monotonic()
        self.run()
        duration = time.monotonic() - start
        generator = random.Random(self.options.seed)
        for n in range(self.options.kills):
            self.prepare()
            process = self.driver()
            time.sleep(generator.uniform(0, duration * 1.1))
            chosen = generator.choice((signal.SIGTERM, signal.SIGKILL))
            process.send_signal(chosen)
            outcome = self.wait(process)
            killed = outcome.status == -chosen
            self.killed += killed
            self.judge(21, f"{chosen.name} at random, number {n}", self.problem(outcome, killed=killed))
            if killed:
                self.sweep(21, f"{chosen.name} at random, number {n}, swept")

    def all(self):
        self.learn_contents()
        calls = self.learn_calls()
        unknown = sorted({call.name for call in calls if call.role is None})
        print(f"{len(calls)} system calls from the opening of the folder on; seed {self.options.seed}"
              + (f"; without expectations: {', '.join(unknown)}" if unknown else ""))
        self.order(calls)
        self.kills(calls)
        self.errors(calls)
        self.short_writes()
        self.mallocs()
        self.random_kills()

    def report(self):
        for row in sorted(self.passed | self.failed):
            print(f"row {row:2}: {self.passed[row]} passed, {self.failed[row]} failed")
        print(f"random signals that came in time to kill: {self.killed} of {self.options.kills}")
        print(f"temporary files left by killed saves: {self.litter}, swept by the next save: {self.swept}")
        print(f"{self.passed.total()} passed, {self.failed.total()} failed")
        if self.options.control:
            return 0 if self.failed[1] and self.failed[3] else 1
        return 1 if self.failed else 0


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--absent", action="store_true", help="OLD is: no file (for a driver that only creates)")
    parser.add_argument("--control", action="store_true",
                        help="the driver saves as one must not: succeed if kills (row 1) and errors (row 3) show it")
    parser.add_argument("--preload", action="append", default=[], help="a library to load into the driver, always")
    parser.add_argument("--malloc-fail", help="malloc_fail.c as a library; without it row 14 is left out")
    parser.add_argument("--short-write", help="short_write.c as a library; without it row 4 has no short writes")
    parser.add_argument("--kills", type=int, default=60, help="random kills (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", help="folder for scratch files (default: the system's)")
    parser.add_argument("driver", nargs="+")
    options = parser.parse_args(arguments)
    options.driver[0] = os.path.abspath(options.driver[0])
    options.preload = [os.path.abspath(library) for library in options.preload]
    options.malloc_fail = options.malloc_fail and os.path.abspath(options.malloc_fail)
    options.short_write = options.short_write and os.path.abspath(options.short_write)
    return options


def main():
    options = parse(sys.argv[1:])
    if not strace_works():
        print("skipped: strace is absent or cannot trace here (it needs ptrace)")
        return 77
    matrix = Matrix(options)
    try:
        matrix.all()
        return matrix.report()
    finally:
        shutil.rmtree(matrix.root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
