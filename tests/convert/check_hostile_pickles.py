#!/usr/bin/env python3
"""Gives every hostile file (hostile_pickles.py) to a program that imports files, which must refuse each one in good order.

    check_hostile_pickles.py [options] -- TOOL [ARGUMENT...]   runs TOOL ARGUMENT... IN OUT
    check_hostile_pickles.py --self-test                       the corpus: what is marked as live does run in Python

The tool prints nothing if it succeeds. If it refuses, it exits with 2, prints "code/condition: message" and leaves no file.
For each file this checks the answer, the words of the message, that it is one line without control characters, that no file
appeared, that no canary was touched, and the time and memory that it took. With strace, for some: that the program neither
started another one nor opened a connection.
"""

import argparse
import multiprocessing
import os
import pickle
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Sequence

from hostile_case import Case
from hostile_pickles import all_cases

MESSAGE = re.compile(r"^([a-z_]+/[a-z_]+): (.+)\n\Z")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LONGEST_MESSAGE = 1500
FORBIDDEN_CALLS = "execve,execveat,fork,vfork,connect,socket,sendto,bind"


@dataclass(frozen=True)
class Limits:
    seconds: float
    memory: int  # MiB of private memory, in which the tool must do; 0: not limited
    with_strace: int  # every so many files; 0: none


@dataclass(frozen=True)
class Ran:
    status: int
    errors: str
    output: bytes
    seconds: float


def limited(command: Sequence[str], memory: int) -> List[str]:
    """The command with a limit of its own. (The memory that a process has used cannot be asked for afterwards: the kernel
    counts what the process had before it started the program, which is this one.)"""
    return ["sh", "-c", f'ulimit -c 0; ulimit -d {memory << 10} && exec "$@"', "sh", *command] if memory else list(command)


def run(command: Sequence[str], folder: Path, seconds: float) -> Ran:
    begin = time.monotonic()
    try:
        ran = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, cwd=folder / "empty", timeout=seconds)
        status, errors, output = ran.returncode, ran.stderr, ran.stdout
    except subprocess.TimeoutExpired:
        status, errors, output = -1, b"it did not end", b""
    return Ran(status, errors.decode("utf-8", "replace"), output, time.monotonic() - begin)


def wrong_answer(case: Case, ran: Ran) -> Optional[str]:
    if ran.output:
        return f"it printed {ran.output[:80]!r}"
    if ran.status != 2:
        return f"exit status {ran.status}, expected 2: {ran.errors[:200]!r}"
    match = MESSAGE.match(ran.errors)
    if not match:
        return f"not one line of code/condition: message: {ran.errors[:300]!r}"
    if match[1] not in case.answers:
        return f"answered {ran.errors[:300].strip()}; expected one of {sorted(case.answers)}"
    if len(ran.errors) > LONGEST_MESSAGE:
        return f"a message of {len(ran.errors)} characters"
    if CONTROL.search(match[2]):
        return f"control characters in the message: {match[2][:200]!r}"
    if match[1] == "unsupported/global":
        missing = [word for word in case.words if word not in match[2]]
        if missing:
            return f"the message does not name {missing}: {match[2][:200]}"
    return None


def breaches(case: Case, tool: Sequence[str], limits: Limits, traced: bool, canary: Path) -> List[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty").mkdir()
        (folder / "in").mkdir()
        given = folder / "in" / case.name
        given.write_bytes(case.content)
        command = [*tool, str(given), str(folder / "empty" / "out.milepost")]
        if traced:
            command = ["strace", "-f", "-qq", "-e", f"trace={FORBIDDEN_CALLS}", "-o", str(folder / "trace"), *command]
        else:
            command = limited(command, limits.memory)
        ran = run(command, folder, 20 if traced else max(5.0, limits.seconds * 3))
        accepted = ran.status == 0 and case.accepts
        found = [] if accepted else [wrong_answer(case, ran)]
        left = sorted(path.name for path in (folder / "empty").iterdir())
        if left and not accepted:
            found.append(f"files were left: {left}")
        if canary.exists() or (folder / "empty" / "canary").exists():
            found.append("THE PAYLOAD RAN")
            canary.unlink(missing_ok=True)
        if sorted(path.name for path in (folder / "in").iterdir()) != [case.name] or given.read_bytes() != case.content:
            found.append("the folder of the file was changed")
        if traced:
            calls = [line for line in (folder / "trace").read_text(errors="replace").splitlines()[1:] if "+++" not in line]
            found += [f"it called {line[:120]}" for line in calls[:3]]
        elif ran.seconds > limits.seconds:
            found.append(f"it took {ran.seconds:.2f} s")
        return [f"{case.name} ({case.what}): {one}" for one in found if one]


def check(cases: List[Case], tool: List[str], limits: Limits, canary: Path, workers: int) -> List[str]:
    def one(numbered: "tuple[int, Case]") -> List[str]:
        number, case = numbered
        traced = bool(limits.with_strace) and number % limits.with_strace == 0
        return breaches(case, tool, limits, traced, canary)

    with ThreadPoolExecutor(workers) as pool:
        return [line for lines in pool.map(one, enumerate(cases)) for line in lines]


def load_here(content: bytes) -> None:
    """In a process of its own: what Python's own loader makes of it."""
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    devnull = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(devnull, number)
    try:
        pickle.loads(content)
    except BaseException:  # the call was made, or was not; what comes after it may be an error
        pass


def self_test() -> List[str]:
    """Each file that is marked as live touches its canary when Python loads it: so the corpus has what it is about."""
    failures = []
    with tempfile.TemporaryDirectory() as name:
        canary = Path(name) / "canary"
        live = [case for case in all_cases(str(canary)) if case.live]
        for case in live:
            process = multiprocessing.get_context("fork").Process(target=load_here, args=(case.live,))
            process.start()
            process.join(20)
            if process.is_alive():
                process.kill()
            if not canary.exists():
                failures.append(f"{case.name}: {case.what}: nothing ran")
            canary.unlink(missing_ok=True)
    if len(live) < 30:
        failures.append(f"only {len(live)} live files")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", nargs="*", help="the program and its first arguments")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--only", default="", help="a part of the names")
    parser.add_argument("--seconds", type=float, default=1.0, help="the most time for one file")
    parser.add_argument("--memory", type=int, default=64, help="in which one file must do, in MiB; 0: any")
    parser.add_argument("--strace", type=int, default=25, help="every so many files under strace; 0: none")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if arguments.self_test:
        found = self_test()
    else:
        if not arguments.tool:
            parser.error("TOOL is missing")
        tool = [str(Path(arguments.tool[0]).resolve()), *arguments.tool[1:]]
        step = arguments.strace if shutil.which("strace") else 0
        limits = Limits(arguments.seconds, arguments.memory, step)
        with tempfile.TemporaryDirectory() as name:
            canary = Path(name) / "canary"
            cases = [case for case in all_cases(str(canary)) if arguments.only in case.name]
            found = check(cases, tool, limits, canary, arguments.workers)
        print(f"{len(cases)} files" + (f", every {step}th under strace" if step else ""))
    print("\n".join(found) or "ok")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
