"""The side of another format in scripts/bench-peers: does what it is told, once each time, and prints how long it took.

    worker.py PEER FOLDER      reads commands from stdin; bench/worker.cpp has the protocol, and Milepost's side
"""

import os
import sys
import time
from pathlib import Path
from typing import Callable

import numpy as np

import data
from codecs_of_peers import CODECS, CodecFile, LmzMemory
from formats import PACKED, RAW, Format, as_bytes


class Peer:
    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.tensors = name, data.read(folder)
        self.codec = CODECS[name]() if name in CODECS else None
        self.formats: dict[str, Format] = {}
        self.compressed: list = []
        self.lmz: LmzMemory | None = None

    def format(self, kind: str) -> Format:
        if kind not in self.formats:
            if kind == "packed" and self.codec is not None:
                self.formats[kind] = CodecFile(self.codec, self.tensors)
            else:
                self.formats[kind] = (RAW if kind == "raw" else PACKED)[self.name]()
        return self.formats[kind]

    def run(self, words: list[str]) -> tuple[float, float, int]:
        command = getattr(self, words[0])
        return command(*words[1:])

    def prepare(self, kind: str) -> tuple[float, float, int]:
        """Imports what later commands need: modules are not the memory of a save."""
        self.format(kind)
        return 0.0, 0.0, 0

    def save(self, kind: str, durable: str, path: str) -> tuple[float, float, int]:
        saved = self.format(kind)
        saved.prepare(self.tensors, path)
        save = saved.save_durably if durable == "durable" else saved.save
        return timed(lambda: save(self.tensors, path))

    def load(self, path: str, kind: str = "raw") -> tuple[float, float, int]:
        def work() -> int:
            return sum(int(array[::4096].sum()) for array in self.format(kind).load(path))
        return timed(work)

    def open(self, path: str, kind: str = "raw") -> tuple[float, float, int]:
        return timed(lambda: len(self.format(kind).names(path)))

    def first(self, path: str, name: str, kind: str = "raw") -> tuple[float, float, int]:
        return timed(lambda: int(self.format(kind).first(path, name)[::4096].sum()) * 0)

    def check(self, path: str, kind: str = "raw") -> tuple[float, float, int]:
        loaded = sorted(bytes(array) for array in self.format(kind).load(path))
        if loaded != sorted(bytes(as_bytes(tensor.array)) for tensor in self.tensors):
            raise ValueError("what was loaded is not what was saved")
        return 0.0, 0.0, 0

    def compress(self) -> tuple[float, float, int]:
        """All tensors in memory, on one core. Number: bytes."""
        if self.name == "lmz":
            self.lmz = self.lmz or LmzMemory(self.tensors)
            return on_one_core(self.lmz.compress)
        self.compressed = []
        seconds = cpu = 0.0
        for tensor in self.tensors:
            prepared = self.codec.prepare(tensor)
            taken, cpu_taken, _ = on_one_core(lambda: self.compressed.append(self.codec.compress(prepared)) or 0)
            seconds, cpu = seconds + taken, cpu + cpu_taken
        return seconds, cpu, sum(map(self.codec.nbytes, self.compressed))

    def decompress(self) -> tuple[float, float, int]:
        """What compress() made last; compared with the tensors, which is not timed."""
        if self.lmz is not None:
            taken = on_one_core(lambda: self.lmz.decompress() or 0)
            self.lmz.check()
            return taken
        seconds = cpu = 0.0
        for tensor, compressed in zip(self.tensors, self.compressed):
            made: list = []
            taken, cpu_taken, _ = on_one_core(lambda: made.append(self.codec.decompress(compressed, tensor)) or 0)
            seconds, cpu = seconds + taken, cpu + cpu_taken
            if not np.array_equal(self.codec.restored(made[0]), as_bytes(tensor.array)):
                raise ValueError(f"{tensor.name} was not restored")
        return seconds, cpu, 0

    def close(self) -> None:
        for used in self.formats.values():
            used.close()
        if self.lmz is not None:
            self.lmz.remove()


def timed(work: Callable[[], int | None]) -> tuple[float, float, int]:
    cpu, begin = time.process_time(), time.perf_counter()
    number = work()
    return time.perf_counter() - begin, time.process_time() - cpu, number or 0


def on_one_core(work: Callable[[], int]) -> tuple[float, float, int]:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        return timed(work)
    finally:
        os.sched_setaffinity(0, cores)


def main() -> None:
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what packages print is not a reply
    try:
        peer = Peer(sys.argv[1], Path(sys.argv[2]))
    except Exception as failure:
        print(f"error\t{type(failure).__name__}: {first_line(failure)}", file=replies)
        return
    print("ready", file=replies)
    for line in sys.stdin:
        try:
            seconds, cpu, number = peer.run(line.rstrip("\n").split("\t"))
            print(f"ok\t{seconds:.9f}\t{cpu:.9f}\t{number}", file=replies)
        except Exception as failure:
            print(f"error\t{type(failure).__name__}: {first_line(failure)}", file=replies)
    peer.close()


def first_line(failure: Exception) -> str:
    return (str(failure) or "no text").splitlines()[0].replace("\t", " ")


if __name__ == "__main__":
    main()
