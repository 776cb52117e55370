"""Runs milepost-bench and writes what it found. Started by scripts/bench."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import figures
import pages

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-bench"
PROGRAM = BUILD / "bench" / "milepost-bench"


def measure(arguments: argparse.Namespace) -> tuple[int, dict]:
    """The exit status of the program, which prints its table itself, and its report."""
    report = BUILD / "report.json"
    report.unlink(missing_ok=True)
    command = [str(PROGRAM), "--scale", "quick" if arguments.quick else "full", "--folder", str(arguments.folder),
               "--json", str(report), f"--benchmark_filter={arguments.only}"]
    status = subprocess.run(command, check=False).returncode
    return status, json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {"machine": {}, "cases": {}}


def value_text(case: dict, value: float) -> str:
    if case["unit"] == "MiB":
        return f"{value:.1f} MiB"
    if case["nbytes"]:
        return f"{case['nbytes'] / value * 1e-9:.2f} GB/s"
    return f"{value * 1e6:.1f} us" if value < 1e-3 else f"{value * 1e3:.2f} ms" if value < 1 else f"{value:.2f} s"


def side_text(case: dict, side: str) -> str:
    median, best, worst = case[f"{side}_median_best_worst"]
    if median == 0 and side == "reference":  # a constant, not measured
        return case[side]
    spread = f"{value_text(case, best)} to {value_text(case, worst)}"
    return f"{case[side]}: **{value_text(case, median)}** ({spread})"


def goal_text(case: dict) -> str:
    if case["goal"] is None:
        return ""
    sign = "≥" if case["sense"] == "at least" else "≤"
    required = f" (required {case['required']:g})" if case["required"] != case["goal"] else ""
    return f"{sign} {case['goal']:g}{required}"


def met_text(case: dict) -> str:
    if case["met"] is None:
        return ""
    return "yes" if case["met"] else "required" if case["required_met"] else "**no**"


def times_of_goal(case: dict) -> float:
    ratio = max(case["ratio"], 1e-9)
    return ratio / case["goal"] if case["sense"] == "at least" else case["goal"] / ratio


def case_order(name: str) -> tuple[bool, str]:
    return (name.startswith("unit/"), name)


def cases_region(report: dict) -> str:
    rows = []
    for name, case in sorted(report["cases"].items(), key=lambda item: case_order(item[0])):
        rows.append([f"`{name}`", f"{case['ratio']:.3g}", goal_text(case), met_text(case),
                     f"{side_text(case, 'subject')}; {side_text(case, 'reference')}"])
    machine = [[name, value] for name, value in report["machine"].items()]
    return (f"Measured on {pages.today()}, on this machine:\n\n" + pages.table(["fact", "value"], machine) +
            "\n\n![Each case against its goal](performance/cases.svg)\n\n" +
            pages.table(["case", "ratio", "goal", "met", "the library; what it is compared with: median (best to worst)"],
                        rows))


def cases_plot(report: dict) -> str:
    rows = []
    for name, case in sorted(report["cases"].items()):
        if case["goal"] is not None:
            rows.append((name, times_of_goal(case), f"{case['ratio']:.3g}, goal {goal_text(case).split(' (')[0]}"))
    return figures.goal_plot("Milepost: each case against its goal", rows)


# What README.md shows of it: case, what it is, how its ratio is read.
SUMMARY = [
    ("save-raw", "durable save", "{:.2g} times as fast as a buffered write + fsync"),
    ("save-packed", "durable save, bf16 compressed", "{:.2g} times as fast as a buffered write + fsync"),
    ("stall/copy", "`save_async` until it returns", "{:.2g} times as long as one copy of the tensors"),
    ("load-fresh/memcpy", "verified load into fresh memory, cached file", "{:.2g} of memcpy"),
    ("cold-packed/raw-read", "verified load, bf16 compressed, file not cached", "{:.2g} times as fast as a raw read by O_DIRECT"),
    ("verify", "verification of a mapped file", "{:.2g} of XXH3 over memory"),
    ("open-json/10000", "checked open of 10,000 tensors", "{:.2g} times as fast as simdjson on the same names"),
    ("memory/save-raw", "memory of a save beyond the tensors", "{:.2g} MiB, whatever their size"),
]


def summary_region(report: dict) -> str:
    rows = [[what, text.format(report["cases"][case]["ratio"])] for case, what, text in SUMMARY if case in report["cases"]]
    machine = report["machine"]
    return (f"On {machine.get('cores', '?')} cores of \"{machine.get('processor', '?')}\", {pages.today()}, medians:\n\n" +
            pages.table(["Milepost", "against the machine, in one run"], rows))


def write_docs(report: dict, **where: Path) -> None:
    pages.update("cases", cases_region(report), summary_region(report), {"cases.svg": cases_plot(report)}, **where)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less data: about two minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write case -> {ratio, goal, met, ...}")
    parser.add_argument("--only", default=".", metavar="REGEX", help="the cases whose names match")
    parser.add_argument("--folder", type=Path, default=BUILD, help="where files are written: the file system to measure")
    parser.add_argument("--docs", action="store_true", help="write the table and the plot of docs/performance.md anew")
    arguments = parser.parse_args()
    status, report = measure(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(report["cases"], indent=1) + "\n", encoding="utf-8")
    if arguments.docs and status == 0:
        write_docs(report)
    judged = [case for case in report["cases"].values() if case["goal"] is not None]
    print(f"\n{sum(case['met'] for case in judged)} of {len(judged)} goals are met, "
          f"{sum(case['required_met'] for case in judged)} required ones")
    return status


if __name__ == "__main__":
    sys.exit(main())
