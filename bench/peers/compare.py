"""Measures Milepost and other formats side by side. Started by scripts/bench-peers."""

import argparse
import json
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import peer_pages  # noqa: E402
from codecs_of_peers import CODECS  # noqa: E402
from data import PACKAGES, Datasets  # noqa: E402
from formats import PACKED, RAW  # noqa: E402
from measure import (Failure, Side, Spread, by_turns, cached, evicted, milepost_worker, peer_worker,  # noqa: E402
                     settled, size_of)

BUILD = ROOT / "build-bench"
# The distribution whose version is printed, where it does not have the name of the peer.
DISTRIBUTIONS = {"lmz": "lmzip"}


@dataclass
class Setup:
    folder: Path
    turns: int
    mebibytes: int
    peers: set[str]
    print: Callable[[str], None]


class Results:
    """What came out: values[dataset][peer][operation] = {"ours": ..., "theirs": ..., "ratio": ...} or {"failed": text}."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, dict[str, Any]]] = {}
        self.nbytes: dict[str, int] = {}

    def add(self, dataset: str, peer: str, operation: str, value: dict[str, Any]) -> None:
        self.values.setdefault(dataset, {}).setdefault(peer, {})[operation] = value


def times(ours: Spread, theirs: Spread) -> dict[str, Any]:
    """The ratio tells how many times as fast Milepost is."""
    return {"ours": list(vars(ours).values()), "theirs": list(vars(theirs).values()),
            "ratio": theirs.median / ours.median}


class Comparison:
    """One dataset, one peer: two processes."""

    def __init__(self, setup: Setup, results: Results, dataset: str, folder: Path, peer: str) -> None:
        self.setup, self.results, self.dataset, self.folder, self.peer = setup, results, dataset, folder, peer
        self.our_path = str(setup.folder / "ours.milepost")
        self.their_path = str(setup.folder / f"theirs.{peer}")
        self.ours = milepost_worker(BUILD, folder)
        try:
            self.theirs = peer_worker(peer, folder)
        except Failure:
            self.ours.close()
            raise
        results.nbytes[dataset] = (folder / "tensors.bin").stat().st_size

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()
        for path in (self.our_path, self.their_path):
            settled(path)()

    def record(self, operation: str, measure: Callable[[], dict[str, Any]]) -> bool:
        """Whether it succeeded."""
        try:
            value = measure()
        except Failure as failure:
            value = {"failed": str(failure)}
        self.results.add(self.dataset, self.peer, operation, value)
        shown = value.get("failed") or (f"{value['ratio']:.3g}" if "ratio" in value else json.dumps(value))
        self.setup.print(f"  {self.dataset:16} {self.peer:12} {operation:20} {shown}")
        return "failed" not in value

    def compare(self, ours: tuple[str, ...], theirs: tuple[str, ...], before: Callable = lambda path: lambda: None,
                turns: int | None = None) -> dict[str, Any]:
        sides = [Side(self.ours, ours, before(self.our_path)), Side(self.theirs, theirs, before(self.their_path))]
        return times(*by_turns(sides, turns or self.setup.turns))

    def files(self, kind: str, codec: str) -> bool:
        """Saves and loads of whole files, raw or compressed. Whether there are files at the end."""
        for durable in ("fast", "durable"):
            if not self.record(f"{kind} save {durable}", lambda durable=durable: self.compare(
                    ("save", codec, durable, self.our_path), ("save", kind, durable, self.their_path), settled)):
                return False
        self.record(f"{kind} check", self.check(kind))
        self.record(f"{kind} size", self.sizes)
        theirs = ("load", self.their_path, kind)
        self.record(f"{kind} load warm", lambda: self.compare(("load", self.our_path), theirs, cached))
        self.record(f"{kind} load cold", lambda: self.compare(("load", self.our_path), theirs, evicted))
        self.record(f"{kind} load memory", lambda: self.memory(kind, ("load", self.our_path), theirs))
        for path in (self.our_path, self.their_path):
            settled(path)()
        self.record(f"{kind} save memory", lambda: self.memory(kind, ("save", codec, "fast", self.our_path),
                                                               ("save", kind, "fast", self.their_path)))
        return True

    def raw(self, tensor: str) -> None:
        if not self.files("raw", "raw"):
            return
        self.record("map warm", lambda: self.compare(("map", self.our_path), ("load", self.their_path, "raw"), cached))
        many = 10 * self.setup.turns
        self.record("open", lambda: self.compare(("open", self.our_path), ("open", self.their_path, "raw"), turns=many))
        self.record("first tensor", lambda: self.compare(
            ("first", self.our_path, tensor), ("first", self.their_path, tensor, "raw"), turns=many))

    def codec(self) -> None:
        """Compression and decompression in memory on one core, CPU time, for `planes` and `smallest`."""
        for name in ("planes", "smallest"):
            self.record(name, lambda name=name: self.one_codec(name))

    def one_codec(self, name: str) -> dict[str, Any]:
        pack = [Side(self.ours, ("compress", name)), Side(self.theirs, ("compress",))]
        compression = times(*by_turns(pack, self.setup.turns, cpu=True))
        unpack = [Side(self.ours, ("decompress",)), Side(self.theirs, ("decompress",))]
        decompression = times(*by_turns(unpack, self.setup.turns, cpu=True))
        nbytes = self.results.nbytes[self.dataset]
        ours, theirs = nbytes / pack[0].number, nbytes / pack[1].number
        return {"compression": compression, "decompression": decompression, "our ratio": ours, "their ratio": theirs,
                "ratio": ours / theirs}

    def check(self, kind: str) -> Callable[[], dict[str, Any]]:
        def measure() -> dict[str, Any]:
            self.ours.ask("check", self.our_path)
            self.theirs.ask("check", self.their_path, kind)
            return {"equal": True}
        return measure

    def sizes(self) -> dict[str, Any]:
        ours, theirs = size_of(self.our_path), size_of(self.their_path)
        return {"ours": ours, "theirs": theirs, "ratio": theirs / ours}

    def memory(self, kind: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> dict[str, Any]:
        """Peak memory in MiB of one call, each in a process of its own."""
        worker = milepost_worker(BUILD, self.folder)
        our_peak = worker.peak_mebibytes(*ours)
        worker.close()
        worker = peer_worker(self.peer, self.folder)
        worker.ask("prepare", kind)
        their_peak = worker.peak_mebibytes(*theirs)
        worker.close()
        return {"ours": our_peak, "theirs": their_peak}


def run(setup: Setup, results: Results, dataset: str, folder: Path, peer: str,
        work: Callable[[Comparison], None]) -> None:
    if setup.peers and peer not in setup.peers:
        return
    try:
        comparison = Comparison(setup, results, dataset, folder, peer)
    except Failure as failure:
        results.add(dataset, peer, "failed", {"failed": str(failure)})
        setup.print(f"  {dataset:16} {peer:12} {failure}")
        return
    try:
        work(comparison)
    finally:
        comparison.close()


def compare_all(setup: Setup, datasets: Datasets, results: Results, after_each: Callable[[], None]) -> None:
    """Calls `after_each` after each dataset."""

    def raw(name: str, folder: Path) -> None:
        tensor = middle_tensor(folder)
        for peer in RAW:
            run(setup, results, name, folder, peer, lambda c: c.raw(tensor))

    def packed(name: str, folder: Path) -> None:
        for peer in dict.fromkeys([*CODECS, *PACKED]):
            run(setup, results, name, folder, peer, lambda c: c.files("packed", "planes"))

    def codecs(name: str, folder: Path) -> None:
        for peer in [*CODECS, "lmz"]:
            run(setup, results, name, folder, peer, lambda c: c.codec())

    def all_of(*works: Callable[[str, Path], None]) -> Callable[[str, Path], None]:
        return lambda name, folder: [work(name, folder) for work in works] and None

    # Bytes that are not compressed are the same work for every dtype.
    for name, make, work in (
            ("gauss-bf16", lambda: datasets.synthetic("bf16", setup.mebibytes), all_of(raw, codecs, packed)),
            ("gauss-f32", lambda: datasets.synthetic("f32", setup.mebibytes), all_of(codecs, packed)),
            ("gauss-f16", lambda: datasets.synthetic("f16", setup.mebibytes), codecs),
            ("lenet-adam", datasets.lenet_adam, all_of(raw, packed)),
            ("esrgan-f32", lambda: datasets.trained("esrgan"), codecs),
            ("esrgan-bf16", lambda: datasets.trained("esrgan", "bf16"), codecs),
            ("esrgan-f16", lambda: datasets.trained("esrgan", "f16"), codecs),
            ("ppocr-f32", lambda: datasets.trained("ppocr"), codecs)):
        try:
            folder = make()
        except Exception as failure:  # no npm, no network
            results.add(name, "all", "failed", {"failed": str(failure)})
            setup.print(f"  {name:16} {failure}")
            continue
        work(name, folder)
        after_each()


def middle_tensor(folder: Path) -> str:
    """The largest tensor in the middle third."""
    rows = [line.split("\t") for line in (folder / "tensors.tsv").read_text(encoding="utf-8").splitlines()]
    third = rows[len(rows) // 3:2 * len(rows) // 3 + 1]

    def elements(row: list[str]) -> int:
        product = 1
        for size in row[2].split(","):
            product *= int(size or 1)
        return product
    return max(third, key=elements)[0]


def versions() -> dict[str, str]:
    found = {}
    for peer in dict.fromkeys([*RAW, *CODECS, *PACKED]):
        try:
            found[peer] = metadata.version(DISTRIBUTIONS.get(peer, peer))
        except metadata.PackageNotFoundError:
            found[peer] = "not installed"
    return found


def report_of(setup: Setup, results: Results) -> dict[str, Any]:
    report = {"versions": versions(), "mebibytes": setup.mebibytes, "turns": setup.turns, "nbytes": results.nbytes,
              "packages": {name: vars(package) for name, package in PACKAGES.items()}, "values": results.values}
    return report | {"cases": peer_pages.cases(report)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench-peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="64 MiB and two turns in place of 1 GiB and five")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--only", nargs="*", default=[], metavar="PEER", help="these peers alone")
    parser.add_argument("--folder", type=Path, default=BUILD / "files", help="where files are written")
    parser.add_argument("--docs", action="store_true", help="write the tables and plots of docs/performance.md anew")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    setup = Setup(arguments.folder, 2 if arguments.quick else 5, 64 if arguments.quick else 1024, set(arguments.only),
                  lambda text: print(text, flush=True))
    print("versions: " + ", ".join(f"{name} {version}" for name, version in versions().items()))
    results = Results()

    def finish() -> dict[str, Any]:
        """What is known so far; written to the file, because the whole takes long."""
        report = report_of(setup, results)
        if arguments.json:
            arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        return report

    compare_all(setup, Datasets(BUILD / "data", BUILD), results, finish)
    report = finish()
    print(peer_pages.cases_table(report))
    if arguments.docs:
        peer_pages.write_docs(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
