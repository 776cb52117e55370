"""Two processes, Milepost's and another format's, that do the same work by turns."""

import os
import select
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from formats import remove

HERE = Path(__file__).resolve().parent


class Failure(Exception):
    """What a worker answered in place of a measurement."""


@dataclass(frozen=True)
class Reply:
    seconds: float
    cpu_seconds: float
    number: int


@dataclass(frozen=True)
class Spread:
    median: float
    best: float
    worst: float


def spread_of(values: list[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


class Worker:
    def __init__(self, command: list[str]) -> None:
        environment = os.environ | {"PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": "1"}
        # On some machines these are set, and old builds need them; they do not concern what is measured.
        for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
            environment.pop(name, None)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True, env=environment)
        self.reply("the start of the process")

    def reply(self, what: str) -> list[str]:
        words = self.process.stdout.readline().rstrip("\n").split("\t")
        if words[0] == "error":
            raise Failure(words[1])
        if words[0] not in ("ready", "ok"):
            raise Failure(f"{what}: the process ended")
        return words

    def ask(self, *words: str) -> Reply:
        self._send(*words)
        return self._taken(words)

    def peak_mebibytes(self, *words: str) -> float:
        """How much memory the process took for a command at its peak, pages of mapped files not counted."""
        before = peak = self._anonymous_kibibytes()
        self._send(*words)
        while not select.select([self.process.stdout], [], [], 0.002)[0]:
            peak = max(peak, self._anonymous_kibibytes())
        self._taken(words)
        return max(0, peak - before) / 1024

    def close(self) -> None:
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it ended before
        self.process.wait()

    def _send(self, *words: str) -> None:
        try:
            self.process.stdin.write("\t".join(words) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure(f"{' '.join(words)}: the process has ended") from None

    def _taken(self, words: tuple[str, ...]) -> Reply:
        _, seconds, cpu, number = self.reply(" ".join(words))
        return Reply(float(seconds), float(cpu), int(number))

    def _anonymous_kibibytes(self) -> int:
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return 0
        return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")), 0)


def milepost_worker(build: Path, dataset: Path) -> Worker:
    return Worker([str(build / "bench" / "milepost-worker"), "serve", str(dataset)])


def peer_worker(name: str, dataset: Path) -> Worker:
    return Worker([sys.executable, str(HERE / "worker.py"), name, str(dataset)])


def nothing() -> None:
    pass


def settled(path: str) -> Callable[[], None]:
    """Before a save: nothing is at the path, and the disk has finished what was written before."""
    def prepare() -> None:
        remove(path)
        os.sync()
        time.sleep(0.1)
    return prepare


def files_of(path: str) -> list[str]:
    if os.path.isdir(path):
        return [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    return [path]


def evicted(path: str) -> Callable[[], None]:
    """Before a cold load: the file is on the disk, and not in the page cache."""
    def prepare() -> None:
        for name in files_of(path):
            descriptor = os.open(name, os.O_RDONLY)
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
    return prepare


def cached(path: str) -> Callable[[], None]:
    """Before a warm load: all of the file is in the page cache. A save or a load past it leaves nothing there."""
    def prepare() -> None:
        for name in files_of(path):
            with open(name, "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass
    return prepare


def size_of(path: str) -> int:
    return sum(os.path.getsize(name) for name in files_of(path))


@dataclass
class Side:
    """Who does what, and what comes before it each time."""

    worker: Worker
    words: tuple[str, ...]
    prepare: Callable[[], None] = nothing
    taken: list[float] = field(default_factory=list)
    number: int = 0

    def run(self, cpu: bool) -> None:
        self.prepare()
        reply = self.worker.ask(*self.words)
        self.taken.append(reply.cpu_seconds if cpu else reply.seconds)
        self.number = reply.number


def by_turns(sides: list[Side], turns: int, cpu: bool = False) -> list[Spread]:
    """One turn that does not count, then as many as asked for."""
    for _ in range(turns + 1):
        for side in sides:
            side.run(cpu)
    return [spread_of(side.taken[1:]) for side in sides]
