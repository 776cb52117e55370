"""Measures saves from a GPU and loads to it, beside torch.save and safetensors: one process, by turns.

    python bench/peers/cuda.py [--mebibytes N] [--seconds N] [--folder FOLDER...]

Needs the packages milepost, torch and safetensors, and nothing of this tree. Files are in the page cache when they are
loaded, and no side waits for the disk when it saves. Prints a table of medians; "first" is the time of the first call,
which also makes the memory that later ones use again.
"""

import argparse
import gc
import os
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import safetensors.torch
import torch

import milepost
import milepost.torch

Calls = dict[str, Callable[[], object]]
TURNS = 5
SIDES = ["milepost", "safetensors", "torch"]
COLUMNS = ["milepost", "milepost, verified", "safetensors", "torch"]


def model(mebibytes: int, device: str) -> dict[str, torch.Tensor]:
    """Layers of 16 MiB."""
    torch.manual_seed(1)
    made = {}
    for i in range(mebibytes // 16):
        made[f"layers.{i}.weight"] = torch.randn(4096, 2048, device=device).bfloat16()
    return made


class Folder:
    """One folder with a file of each side, and the calls that are measured in it."""

    def __init__(self, path: Path, tensors: dict[str, torch.Tensor], device: str) -> None:
        self.path, self.tensors, self.device = path, tensors, device
        path.mkdir(parents=True)

    def file(self, side: str) -> Path:
        return self.path / f"model.{side.split(',')[0]}"

    def saves(self) -> Calls:
        return {
            "milepost": lambda: milepost.save(self.tensors, self.file("milepost"), durable=False),
            "safetensors": lambda: safetensors.torch.save_file(self.tensors, self.file("safetensors")),
            "torch": lambda: torch.save(self.tensors, self.file("torch")),
        }

    def loads(self) -> Calls:
        device = self.device
        ours = self.file("milepost")
        return {
            "milepost": lambda: milepost.torch.load_file(ours, device=device, verify="never"),
            "milepost, verified": lambda: milepost.load(ours, device=device),
            "safetensors": lambda: safetensors.torch.load_file(self.file("safetensors"), device=device),
            "torch": lambda: torch.load(self.file("torch"), map_location=device),
        }

    def remove(self, side: str) -> None:
        self.file(side).unlink(missing_ok=True)


class Row:
    def __init__(self, name: str, calls: Calls, before: Callable[[str], None] = lambda side: None) -> None:
        self.name, self.calls, self.before = name, calls, before
        self.taken: dict[str, list[float]] = {side: [] for side in calls}

    def measure(self, turn: int, device: str) -> None:
        """Each call once, and another one first in each turn."""
        sides = list(self.calls)
        at = turn % len(sides)
        for side in sides[at:] + sides[:at]:
            self.before(side)
            gc.collect()
            synchronize(device)
            begin = time.perf_counter()
            result = self.calls[side]()
            synchronize(device)
            self.taken[side].append(time.perf_counter() - begin)
            del result

    def lines(self, nbytes: int) -> list[str]:
        """Of all calls but the first, and of the first ones."""
        return [
            line(self.name, {side: nbytes / statistics.median(taken[1:] or taken) for side, taken in self.taken.items()}),
            line(f"{self.name}, first", {side: nbytes / taken[0] for side, taken in self.taken.items()}),
        ]


def line(name: str, speeds: dict[str, float]) -> str:
    cells = [f"{speeds[column] / 1e9:.2f}" if column in speeds else "" for column in COLUMNS]
    return f"| {' | '.join([name, *cells])} |"


def synchronize(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def has_room(path: Path, nbytes: int) -> bool:
    free = shutil.disk_usage(path).free
    if free < nbytes:
        print(f"skipped {path}: {free >> 20} MiB are free, {nbytes >> 20} needed")
    return free >= nbytes


def check(folder: Folder) -> None:
    """That each side gives the model back, on the device."""
    for side, load in folder.loads().items():
        loaded = load()
        for name, tensor in folder.tensors.items():
            assert loaded[name].device == tensor.device, side
            assert torch.equal(loaded[name], tensor), side


def measure(folders: list[Folder], device: str, seconds: float) -> tuple[list[Row], int]:
    """The rows, and how many turns the time allowed after the first."""
    begin = time.perf_counter()
    rows = []
    for folder in folders:
        rows.append(Row(f"save to {folder.path.parent}", folder.saves(), folder.remove))
        rows.append(Row(f"load from {folder.path.parent}", folder.loads()))
    for turn in range(TURNS + 1):
        turn_begin = time.perf_counter()
        for row in rows:
            row.measure(turn, device)
        now = time.perf_counter()
        if now - begin + (now - turn_begin) > seconds:  # another turn would end too late
            break
    return rows, turn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=2048)
    parser.add_argument("--seconds", type=float, default=75, help="no turn begins that would end later")
    parser.add_argument("--folder", type=Path, nargs="+", default=[Path("/dev/shm"), Path("/tmp")])
    parser.add_argument("--device", default="cuda", help="another one to try the program without a GPU")
    options = parser.parse_args()
    tensors = model(options.mebibytes, options.device)
    nbytes = sum(tensor.nbytes for tensor in tensors.values())
    folders = [
        Folder(path / f"milepost-bench-{os.getpid()}", tensors, options.device)
        for path in options.folder
        if has_room(path, len(SIDES) * nbytes + (256 << 20))
    ]
    try:
        rows, turns = measure(folders, options.device, options.seconds)
        for folder in folders:
            check(folder)
    finally:
        for folder in folders:
            shutil.rmtree(folder.path)
    name = torch.cuda.get_device_name() if options.device.startswith("cuda") else options.device
    print(f"{nbytes >> 20} MiB in {len(tensors)} tensors, {name}, torch {torch.__version__}, {os.cpu_count()} CPUs")
    print(f"\n| GB/s, medians of {turns} | {' | '.join(COLUMNS)} |\n|---|{'---|' * len(COLUMNS)}")
    for row in rows:
        print("\n".join(row.lines(nbytes)))


if __name__ == "__main__":
    main()
