"""Measures the Python package beside safetensors and torch.save, in one process, by turns. Started by
scripts/bench-peers --python.

A ratio is how many times as fast Milepost is. Files are in the page cache when they are loaded. Peak memory is that of a
process of its own, without the pages of mapped files.
"""

import argparse
import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import pages  # noqa: E402
from formats import remove, sync  # noqa: E402
from measure import cached  # noqa: E402

Calls = dict[str, Callable[[], object]]
OURS = "milepost"


class Row:
    """One operation, as each side does it; `before` is called with the path of the side, and not timed."""

    def __init__(self, name: str, calls: Calls, required: str, before: Callable[[str], None] = lambda side: None) -> None:
        self.name, self.calls, self.required, self.before = name, calls, required, before

    def measure(self, turns: int) -> dict[str, float]:
        taken: dict[str, list[float]] = {side: [] for side in self.calls}
        sides = list(self.calls)
        for turn in range(turns + 1):
            # Each one begins as often: memory that another one has just given back is quick to get.
            at = turn % len(sides)
            for side in sides[at:] + sides[:at]:
                call = self.calls[side]
                self.before(side)
                gc.collect()
                begin = time.perf_counter()
                result = call()
                seconds = time.perf_counter() - begin
                del result
                if turn > 0:
                    taken[side].append(seconds)
        return {side: statistics.median(values) for side, values in taken.items()}


class Bench:
    def __init__(self, folder: Path, mebibytes: int) -> None:
        import torch

        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        each = 4 << 20
        self.large = {f"layer{i}.weight": torch.randn(each // 4) for i in range((mebibytes << 20) // each)}
        self.many = {f"model.layers.{i // 10}.block{i % 10}.weight": torch.randn(4) for i in range(10_000)}
        self.embedding = {"embedding.weight": torch.randn((mebibytes << 20) // 16 // 1024, 1024)}

    def path(self, side: str, what: str) -> str:
        suffix = {"safetensors": "safetensors", "torch": "pt"}.get(side, "milepost")
        return str(self.folder / f"{what}.{suffix}")

    def save(self, side: str, tensors: dict, path: str, durable: bool) -> None:
        import safetensors.torch
        import torch

        import milepost

        if side == "safetensors":
            safetensors.torch.save_file(tensors, path)
        elif side == "torch":
            torch.save(tensors, path)
        else:
            milepost.save(tensors, path, durable=durable)
            return
        if durable:
            sync(path)

    def prepare(self) -> None:
        for what, tensors in (("large", self.large), ("many", self.many), ("slices", self.embedding)):
            for side in (OURS, "safetensors", "torch"):
                self.save(side, tensors, self.path(side, what), True)

    def rows(self) -> list[Row]:
        return [*self.save_rows(), *self.load_rows(), *self.small_rows()]

    def save_rows(self) -> list[Row]:
        def row(name: str, durable: bool) -> Row:
            calls = {
                side: lambda side=side: self.save(side, self.large, self.path(side, "saved"), durable)
                for side in (OURS, "safetensors", "torch")
            }
            return Row(name, calls, "1 / 3", lambda side: remove(self.path(side, "saved")))
        return [row("save", False), row("save, durable (others: and fsync)", True)]

    def load_rows(self) -> list[Row]:
        import safetensors.torch
        import torch

        import milepost
        import milepost.torch

        ours, theirs, torchs = (self.path(side, "large") for side in (OURS, "safetensors", "torch"))
        load = milepost.torch.load_file

        def warm(side: str) -> None:
            cached(self.path({"milepost, verified": OURS}.get(side, side), "large"))()

        def used(tensors: dict) -> float:
            return sum(float(tensor.sum()) for tensor in tensors.values())

        return [
            Row("load, mapped", {
                OURS: lambda: load(ours, verify="never"),
                "milepost, verified": lambda: milepost.load(ours),
                "safetensors": lambda: safetensors.torch.load_file(theirs),
                "torch": lambda: torch.load(torchs, mmap=True),
            }, "1 / -", warm),
            Row("load to memory", {
                OURS: lambda: load(ours, backend="pread", verify="never"),
                "milepost, verified": lambda: milepost.load(ours, mmap=False),
                "safetensors": lambda: safetensors.torch.load_file(theirs, backend="pread"),
                "torch": lambda: torch.load(torchs),
            }, "1 / 3", warm),
            Row("load, and read every element", {
                OURS: lambda: used(load(ours, verify="never")),
                "milepost, verified": lambda: used(milepost.load(ours)),
                "safetensors": lambda: used(safetensors.torch.load_file(theirs)),
                "torch": lambda: used(torch.load(torchs)),
            }, "1 / 3", warm),
        ]

    def small_rows(self) -> list[Row]:
        import safetensors
        import torch

        import milepost

        def listed(open_file: Callable, side: str) -> int:
            with open_file(self.path(side, "many"), framework="pt") as file:
                return len(list(file.keys()))

        def part(open_file: Callable, side: str, index: object, **options: str) -> object:
            with open_file(self.path(side, "slices"), framework="pt", **options) as file:
                return file.get_slice("embedding.weight")[index]

        def slice_row(name: str, index: object) -> Row:
            return Row(f"slice {name}", {
                OURS: lambda: part(milepost.safe_open, OURS, index, verify="never"),
                "milepost, verified": lambda: part(milepost.safe_open, OURS, index),
                "safetensors": lambda: part(safetensors.safe_open, "safetensors", index),
            }, "1")

        many = [self.path(side, "many") for side in (OURS, "safetensors", "torch")]
        return [
            Row("open, and list 10,000 tensors", {
                OURS: lambda: listed(milepost.safe_open, OURS),
                "safetensors": lambda: listed(safetensors.safe_open, "safetensors"),
                "torch": lambda: list(torch.load(many[2], mmap=True)),
            }, "1 / 3"),
            Row("load 10,000 small tensors", {
                OURS: lambda: milepost.torch.load_file(many[0], verify="never"),
                "milepost, verified": lambda: milepost.load(many[0]),
                "safetensors": lambda: safetensors.torch.load_file(many[1]),
                "torch": lambda: torch.load(many[2]),
            }, "1 / 3"),
            slice_row("of 100 rows", (slice(1000, 1100),)),
            slice_row("of every 8th column", (slice(None), slice(None, None, 8))),
        ]


def import_milliseconds(statement: str, turns: int) -> float:
    """Of the statement alone: torch is not imported."""
    program = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    taken = [
        float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)
        for _ in range(turns + 1)
    ]
    return statistics.median(taken[1:]) * 1000


PEAK = """
import sys, threading, time
import torch, safetensors.torch, milepost, milepost.torch
def anonymous():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("RssAnon:"))
before = peak = anonymous()
def watch():
    global peak
    while True:
        peak = max(peak, anonymous()); time.sleep(0.002)
threading.Thread(target=watch, daemon=True).start()
path = sys.argv[1]
result = {call}
peak = max(peak, anonymous())
print((peak - before) / 1024)
"""


def peak_mebibytes(call: str, path: str) -> float:
    program = PEAK.replace("{call}", call)
    done = subprocess.run([sys.executable, "-c", program, path], check=True, capture_output=True, text=True)
    return float(done.stdout)


def peaks(bench: Bench) -> list[tuple[str, list[float]]]:
    load = ["milepost.load(path)", "safetensors.torch.load_file(path)", "torch.load(path)"]
    copy = ["milepost.load(path, mmap=False)", "safetensors.torch.load_file(path, backend='pread')", "torch.load(path)"]
    paths = [bench.path(side, "large") for side in (OURS, "safetensors", "torch")]
    return [
        (name, [peak_mebibytes(call, path) for call, path in zip(calls, paths)])
        for name, calls in (("load", load), ("load to memory", copy))
    ]


def table(rows: list[tuple[Row, dict[str, float]]]) -> list[str]:
    lines = [
        "| milliseconds | milepost | verified | safetensors | torch | / safetensors | verified / torch | required |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row, taken in rows:
        verified = taken.get("milepost, verified", taken[OURS])
        cells = [f"{taken[side] * 1000:.3g}" if side in taken else ""
                 for side in (OURS, "milepost, verified", "safetensors", "torch")]
        beside = f"{taken['safetensors'] / taken[OURS]:.2f}"
        torchs = f"{taken['torch'] / verified:.2f}" if "torch" in taken else ""
        lines.append(f"| {' | '.join([row.name, *cells, beside, torchs, row.required])} |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench-peers --python", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="64 MiB and two turns in place of 1 GiB and eight")
    parser.add_argument("--folder", type=Path, required=True, help="where files are written")
    parser.add_argument("--docs", action="store_true", help="write the table of docs/performance.md anew")
    arguments = parser.parse_args()
    turns = 2 if arguments.quick else 8
    bench = Bench(arguments.folder, 64 if arguments.quick else 1024)
    bench.prepare()
    measured = []
    for row in bench.rows():
        measured.append((row, row.measure(turns)))
        print(table(measured)[-1], flush=True)
    lines = table(measured)
    lines += ["", "| MiB at the peak | milepost | safetensors | torch |", "|---|---|---|---|"]
    lines += [f"| {name} | {' | '.join(f'{value:.0f}' for value in values)} |" for name, values in peaks(bench)]
    ours = import_milliseconds("import milepost", 2 * turns)
    lines += ["", f"`import milepost` takes {ours:.0f} ms (required: below 50)."]
    print("\n".join(lines))
    for path in arguments.folder.iterdir():
        os.remove(path)
    if arguments.docs:
        page = pages.PAGE.read_text(encoding="utf-8")
        pages.PAGE.write_text(pages.replace_region(page, "python", "\n".join(lines)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
