"""Tables and plots of what scripts/bench-peers measured."""

from pathlib import Path
from typing import Any

import figures
import pages

RAW_OPERATIONS = {"raw save fast": "save", "raw save durable": "durable save", "raw load warm": "load, warm",
                  "raw load cold": "load, cold", "open": "open and list", "first tensor": "first tensor",
                  "raw size": "size", "raw save memory": "memory, save", "raw load memory": "memory, load"}
PACKED_OPERATIONS = {"packed size": "ratio of the file", "packed save fast": "save", "packed save durable": "durable save",
                     "packed load warm": "load, warm", "packed load cold": "load, cold",
                     "packed save memory": "memory, save", "packed load memory": "memory, load"}
# What has to be reached: name, dataset, peer, path to the ratio, the least of it.
GOALS = [
    ("load-fresh/torch", "gauss-bf16", "torch", ("raw load warm", "ratio"), 5),
    ("save-raw/torch", "gauss-bf16", "torch", ("raw save durable", "ratio"), 2.5),
    ("save-raw/safetensors", "gauss-bf16", "safetensors", ("raw save durable", "ratio"), 1),
    *((f"planes-ratio/{dataset}", dataset, "zipnn", ("planes", "ratio"), 0.995)
      for dataset in ("gauss-bf16", "gauss-f32", "gauss-f16", "esrgan-bf16", "esrgan-f32")),
    *((f"planes-C/{dataset}", dataset, "zipnn", ("planes", "compression", "ratio"), 2)
      for dataset in ("gauss-bf16", "gauss-f32", "gauss-f16")),
    *((f"planes-D/{dataset}", dataset, "zipnn", ("planes", "decompression", "ratio"), 3)
      for dataset in ("gauss-bf16", "gauss-f32", "gauss-f16")),
    *((f"smallest-ratio/{dataset}", dataset, "zipnn", ("smallest", "ratio"), 1.008)
      for dataset in ("gauss-bf16", "esrgan-bf16")),
    ("smallest-D/gauss-bf16", "gauss-bf16", "zipnn", ("smallest", "decompression", "ratio"), 2),
]


def at(value: Any, path: tuple[str, ...]) -> float | None:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def cases(report: dict) -> dict[str, dict]:
    """Each goal: {ratio, goal, met}; without a ratio where it was not measured."""
    found = {}
    for name, dataset, peer, path, goal in GOALS:
        ratio = at(report["values"], (dataset, peer, *path))
        found[name] = {"ratio": ratio, "sense": "at least", "goal": goal, "met": None if ratio is None else ratio >= goal}
    return found


def cases_table(report: dict) -> str:
    rows = [[f"`{name}`", "-" if case["ratio"] is None else f"{case['ratio']:.4g}", f"≥ {case['goal']:g}",
             {None: "not measured", True: "yes", False: "**no**"}[case["met"]]] for name, case in report["cases"].items()]
    return pages.table(["case", "ratio", "goal", "met"], rows)


def median_of(value: Any) -> float:
    return value[0] if isinstance(value, list) else value


def text_of(operation: str, value: float, nbytes: int) -> str:
    if operation.endswith("memory"):
        return f"{value:.0f} MiB"
    if operation.endswith("size"):
        return f"{nbytes / value:.3f}" if operation.startswith("packed") else f"{value / (1 << 20):.1f} MiB"
    if operation in ("open", "first tensor"):
        return f"{value * 1e3:.3g} ms"
    return f"{nbytes / value * 1e-9:.2f} GB/s"


def cell(measured: dict | None, operation: str, side: str, nbytes: int) -> str:
    if measured is None:
        return ""
    if "failed" in measured:
        return "failed"
    text = text_of(operation, median_of(measured[side]), nbytes)
    times = "" if "ratio" not in measured or operation.endswith("size") else f" ({measured['ratio']:.2g} x)"
    return text + times


def our_cell(peers: dict, operation: str, nbytes: int) -> str:
    """The median of what Milepost reached beside each of the peers."""
    values = sorted(median_of(peer[operation]["ours"]) for peer in peers.values() if "ours" in peer.get(operation, {}))
    return text_of(operation, values[len(values) // 2], nbytes) if values else ""


def file_table(report: dict, dataset: str, operations: dict[str, str], ours: str) -> str:
    peers = {name: values for name, values in report["values"].get(dataset, {}).items()
             if any(operation in values for operation in operations)}
    nbytes = report["nbytes"].get(dataset, 0)
    rows = [[f"**{ours}**"] + [our_cell(peers, operation, nbytes) for operation in operations]]
    if our_cell(peers, "map warm", nbytes):
        mapped = {"raw load warm": our_cell(peers, "map warm", nbytes)}
        rows.append([f"**{ours}, mapped**"] + [mapped.get(operation, "") for operation in operations])
    for name, values in peers.items():
        rows.append([name] + [cell(values.get(operation), operation, "theirs", nbytes) for operation in operations])
    return pages.table(["", *operations.values()], rows)


def codec_rows(report: dict) -> list[list[str]]:
    rows = []
    for dataset, peers in report["values"].items():
        nbytes = report["nbytes"].get(dataset, 0)
        for name, values in peers.items():
            planes, smallest = values.get("planes"), values.get("smallest")
            if planes is None or smallest is None:
                continue
            if "failed" in planes or "failed" in smallest:
                rows.append([dataset, name, "failed: " + (planes.get("failed") or smallest["failed"])] + [""] * 6)
                continue

            def speed(measured: dict, what: str) -> str:
                return f"{nbytes / measured[what]['ours'][0] * 1e-9:.2f} ({measured[what]['ratio']:.2g} x)"
            theirs = [f"{nbytes / planes[what]['theirs'][0] * 1e-9:.2f}" for what in ("compression", "decompression")]
            rows.append([dataset, name, f"{planes['their ratio']:.4f}", " / ".join(theirs), f"{planes['our ratio']:.4f}",
                         f"{speed(planes, 'compression')} / {speed(planes, 'decompression')}",
                         f"{smallest['our ratio']:.4f}",
                         f"{speed(smallest, 'compression')} / {speed(smallest, 'decompression')}"])
    return rows


def failures(report: dict) -> list[str]:
    lines = []
    for dataset, peers in report["values"].items():
        for name, operations in peers.items():
            for operation, value in operations.items():
                if "failed" in value:
                    lines.append(f"- {dataset}, {name}, {operation}: {value['failed']}")
    return lines


def region(report: dict) -> str:
    names = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    parts = [f"Measured on {pages.today()} with {report['mebibytes']} MiB of synthetic weights and {report['turns']} turns, "
             f"on the machine above. Versions: {names}.", cases_table(report)]
    for dataset in report["values"]:
        mebibytes = report["nbytes"].get(dataset, 0) / (1 << 20)
        if any("raw save fast" in values for values in report["values"][dataset].values()):
            parts += [f"### {dataset}, {mebibytes:.1f} MiB, not compressed", f"![{dataset}](performance/{dataset}.svg)",
                      file_table(report, dataset, RAW_OPERATIONS, "Milepost")]
    parts += ["### Codecs on one core, in memory", "![Codecs](performance/codecs.svg)",
              pages.table(["data", "peer", "its ratio", "its C / D, GB/s", "`planes`: ratio", "C / D, GB/s",
                           "`smallest`: ratio", "C / D, GB/s"], codec_rows(report))]
    for dataset in report["values"]:
        mebibytes = report["nbytes"].get(dataset, 0) / (1 << 20)
        if any("packed save fast" in values for values in report["values"][dataset].values()):
            parts += [f"### {dataset}, {mebibytes:.1f} MiB, compressed files",
                      f"![{dataset}, compressed](performance/{dataset}-packed.svg)",
                      file_table(report, dataset, PACKED_OPERATIONS, "Milepost, `planes`")]
    if lines := failures(report):
        parts += ["What failed:", "\n".join(lines)]
    return "\n\n".join(parts)


# What README.md shows of it: case, what it is, how its ratio is read.
SUMMARY = [
    ("save-raw/torch", "durable save, bf16", "{:.2g} times as fast as torch.save + fsync"),
    ("save-raw/safetensors", "the same", "{:.2g} times as fast as safetensors + fsync"),
    ("load-fresh/torch", "verified load into fresh memory", "{:.2g} times as fast as torch.load, which does not verify"),
    ("planes-ratio/gauss-bf16", "`Codec::planes`, bf16: ratio", "{:.3g} of ZipNN's"),
    ("planes-C/gauss-bf16", "the same: compression on one core", "{:.2g} times as fast as ZipNN"),
    ("planes-D/gauss-bf16", "the same: decompression on one core", "{:.2g} times as fast as ZipNN"),
]


def summary_region(report: dict) -> str:
    rows = [[what, text.format(report["cases"][case]["ratio"])] for case, what, text in SUMMARY
            if report["cases"][case]["ratio"] is not None]
    names = ", ".join(f"{name} {report['versions'].get(name, '?')}" for name in ("torch", "safetensors", "zipnn"))
    return pages.table(["Milepost", f"beside other formats, by turns ({names}; {pages.today()})"], rows)


def length_of(operation: str, value: float, nbytes: int) -> tuple[float, str]:
    """How long a bar is, and which ones are better."""
    if operation.endswith("memory") or (operation.endswith("size") and not operation.startswith("packed")):
        return value, "shorter is better"
    if operation in ("open", "first tensor"):
        return value * 1e3, "shorter is better"
    return (nbytes / value) * (1 if operation.endswith("size") else 1e-9), "longer is better"


def file_plot(report: dict, dataset: str, operations: dict[str, str], ours: str) -> str:
    """A panel for each operation."""
    peers, nbytes, panels = report["values"][dataset], report["nbytes"][dataset], []
    for operation, title in operations.items():
        measured = {name: values[operation] for name, values in peers.items() if "ours" in values.get(operation, {})}
        if not measured:
            continue
        our_values = sorted(median_of(value["ours"]) for value in measured.values())
        sides = [(ours, our_values[len(our_values) // 2])]
        mapped = sorted(median_of(values["map warm"]["ours"]) for values in peers.values()
                        if "ours" in values.get("map warm", {}))
        if operation == "raw load warm" and mapped:
            sides.append((f"{ours}, mapped", mapped[len(mapped) // 2]))
        our_count = len(sides)
        sides += [(name, median_of(value["theirs"])) for name, value in measured.items()]
        bars, better = [], ""
        for number, (name, value) in enumerate(sides):
            length, better = length_of(operation, value, nbytes)
            bars.append(figures.Bar(name, length, text_of(operation, value, nbytes), ours=number < our_count))
        panels.append((f"{title} ({better})", bars))
    return figures.bar_plot(f"{dataset}, {nbytes / (1 << 20):.1f} MiB", panels)


def codec_plot(report: dict, dataset: str = "gauss-bf16") -> str:
    peers, nbytes = report["values"].get(dataset, {}), report["nbytes"].get(dataset, 0)
    measured = {name: values for name, values in peers.items() if "compression" in values.get("planes", {})}
    panels: dict[str, list[figures.Bar]] = {"ratio": [], "compression, GB/s": [], "decompression, GB/s": []}
    for codec in ("planes", "smallest"):
        first = next((values[codec] for values in measured.values() if "compression" in values.get(codec, {})), None)
        if first is not None:
            sides = [first["our ratio"], *(nbytes / first[what]["ours"][0] * 1e-9 for what in ("compression", "decompression"))]
            for panel, value in zip(panels.values(), sides):
                panel.append(figures.Bar(f"Milepost {codec}", value, f"{value:.3g}", True))
    for name, values in measured.items():
        planes = values["planes"]
        sides = [planes["their ratio"], *(nbytes / planes[what]["theirs"][0] * 1e-9 for what in ("compression", "decompression"))]
        for panel, value in zip(panels.values(), sides):
            panel.append(figures.Bar(name, value, f"{value:.3g}"))
    return figures.bar_plot(f"Codecs on one core: {dataset}", list(panels.items()))


def write_docs(report: dict, **where: Path) -> None:
    plots = {"codecs.svg": codec_plot(report)}
    for dataset, peers in report["values"].items():
        if any("raw save fast" in values for values in peers.values()):
            plots[f"{dataset}.svg"] = file_plot(report, dataset, RAW_OPERATIONS, "Milepost")
        if any("packed save fast" in values for values in peers.values()):
            plots[f"{dataset}-packed.svg"] = file_plot(report, dataset, PACKED_OPERATIONS, "Milepost planes")
    pages.update("peers", region(report), summary_region(report), plots, **where)
