"""All checks of the Python package. Started by scripts/test-python:

    run_all.py BUILD_FOLDER [ARGUMENTS OF PYTEST]

Prints `FAILED   NAME` and `skipped  NAME` lines and, last, `N passed, N failed`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ["python", "examples/python"]
# With a sanitizer: what concerns the extension, and imports no framework but torch, which takes long.
SANITIZED = ["arrays", "file", "hostile", "leaks", "load_into", "state", "threads"]


def sanitizer_of(build: Path) -> str:
    options = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text(encoding="utf-8"))
    return str(next(option["value"] for option in options if option["name"] == "b_sanitize"))


def environment(build: Path) -> dict[str, str]:
    made = os.environ | {"PYTHONPATH": str(build / "python" / "package"), "MILEPOST_BUILD": str(build)}
    if sanitizer_of(build) != "none":
        # Python itself is not sanitized, so the library of the sanitizer has to be the first one.
        asked = subprocess.run(
            ["clang++-14", "-print-file-name=libclang_rt.asan-x86_64.so"], capture_output=True, text=True, check=True
        )
        # CPython and the frameworks keep memory until the end; a leak of ours is found by counting (test_leaks.py).
        options = made.get("ASAN_OPTIONS", "") + ":detect_leaks=0:allocator_may_return_null=1"
        made |= {"LD_PRELOAD": asked.stdout.strip(), "ASAN_OPTIONS": options, "PYTHONMALLOC": "malloc"}
    return made


class Tally:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def add(self, name: str, passed: bool) -> None:
        self.passed += passed
        self.failed += not passed
        if not passed:
            print(f"FAILED   {name}", flush=True)

    def skip(self, name: str) -> None:
        self.skipped += 1
        print(f"skipped  {name}", flush=True)


def run_tool(tally: Tally, name: str, command: list[str], env: dict[str, str]) -> None:
    print(f"\n$ {' '.join(command)}", flush=True)
    tally.add(name, subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0)


def run_pytest(tally: Tally, build: Path, arguments: list[str], env: dict[str, str]) -> None:
    report = build / "python" / "pytest.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
    print(f"\n$ {' '.join(command)}", flush=True)
    code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    before = tally.failed
    if report.is_file():
        for case in ElementTree.parse(report).iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            if case.find("skipped") is not None:
                tally.skip(name)
            else:
                tally.add(name, case.find("failure") is None and case.find("error") is None)
    if code != 0 and tally.failed == before:
        tally.add(f"pytest ended with {code}", False)


def main() -> int:
    build, arguments = Path(sys.argv[1]).resolve(), sys.argv[2:]
    env, tally = environment(build), Tally()
    if sanitizer_of(build) == "none" and not arguments:
        tools = [sys.executable, "-m"]
        package = str(build / "python" / "package" / "milepost")
        folders = [folder for folder in SOURCES if (ROOT / folder).is_dir()]
        run_tool(tally, "ruff check", [*tools, "ruff", "check", "--no-cache", *folders], env)
        run_tool(tally, "ruff format", [*tools, "ruff", "format", "--no-cache", "--check", *folders], env)
        run_tool(tally, "mypy", [*tools, "mypy", "--cache-dir", str(build / "python" / "mypy"), package], env)
    if sanitizer_of(build) != "none" and not arguments:
        arguments = [f"python/tests/test_{name}.py" for name in SANITIZED]
    run_pytest(tally, build, arguments, env)
    skipped = f", {tally.skipped} skipped" if tally.skipped else ""
    print(f"{tally.passed} passed, {tally.failed} failed{skipped}")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
