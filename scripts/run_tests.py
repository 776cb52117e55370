"""Builds the project in four ways, runs the tests of each, and adds up their results. Started by scripts/test.

    scripts/test              all four
    scripts/test gcc tsan     these
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILDS = ROOT / "build-test"
PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}

# A sanitizer stops at what it finds, and names the line: more debug information takes a fifth longer to compile.
SANITIZED = ["--buildtype=custom", "-Doptimization=1", "-Ddebug=false", "-Db_lundef=false",
             "-Dcpp_args=-fno-sanitize-recover=all -gline-tables-only"]
# Several sources are compiled as one, in a third of the time. That each source compiles alone, as users build it, is seen
# where the library is a subproject (tests/consumer), and by clang-tidy.
TOGETHER = ["--unity=on", "--unity-size=16"]
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:allocator_may_return_null=1",
}


@dataclass(frozen=True)
class Build:
    """One build folder and what is run in it."""

    name: str
    compiler: str
    options: list[str]
    suites: list[str] = field(default_factory=list)  # none: all but those of `first`
    whole: bool = False  # build all of it, so that no warning of this compiler is missed; else what the suites need
    first: list[str] = field(default_factory=list)  # suites that need nothing built: run before the build
    fixed_addresses: bool = False  # ThreadSanitizer fails where the kernel scatters addresses widely
    python: bool = False  # with the Python package
    scripts: list[str] = field(default_factory=list)  # further tests, each of which counts for itself

    @property
    def folder(self) -> Path:
        return BUILDS / self.name


ALL_BUILDS = [
    Build("gcc", "g++", ["--buildtype=release", "-Dfuzzing=replay", "-Dbench=true"], whole=True,
          first=["format", "lint"], python=True, scripts=["scripts/test-pytorch", "scripts/test-python"]),
    # What clang's optimizer makes of it: the bytes of the format, and the readers of hostile files. Other formats are
    # compiled by clang in the next build.
    Build("clang", "clang++-14", ["--buildtype=release", "-Dfuzzing=replay", "-Dexamples=false", "-Dcli=false",
                                  "-Dconvert=false"],
          suites=["bytes", "golden", "fuzz"]),
    Build("asan", "clang++-14", [*SANITIZED, "-Db_sanitize=address,undefined", "-Dfuzzing=replay", "-Dexamples=false"],
          suites=["unit", "golden", "fuzz", "cli"], scripts=["scripts/test-python"]),
    Build("tsan", "clang++-14", [*SANITIZED, "-Db_sanitize=thread", "-Dcli=false", "-Dexamples=false"],
          suites=["threads"], fixed_addresses=True),
]


@dataclass
class Tally:
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)

    def add(self, name: str, result: str) -> None:
        if result in PASSED:
            self.passed += 1
        elif result in SKIPPED:
            self.skips.append(name)
        else:
            self.failed.append(f"{name}: {result}")

    def line(self) -> str:
        skipped = f", {len(self.skips)} skipped" if self.skips else ""
        return f"{self.passed} passed, {len(self.failed)} failed{skipped}"


def environment_of(build: Build) -> dict[str, str]:
    compiler = f"ccache {build.compiler}" if shutil.which("ccache") else build.compiler
    return os.environ | SANITIZER_OPTIONS | {"CXX": compiler, "LC_ALL": "C.UTF-8"}


def run(command: list[str], build: Build) -> bool:
    print(f"\n$ {' '.join(command)}", flush=True)
    return subprocess.run(command, cwd=ROOT, env=environment_of(build), check=False).returncode == 0


def configure(build: Build, more: list[str]) -> bool:
    again = ["--reconfigure"] if (build.folder / "build.ninja").is_file() else []
    return run(["meson", "setup", *again, "--werror", *TOGETHER, *build.options, *more, str(build.folder), str(ROOT)], build)


class PythonVenv:
    """What the Python package and its tests need; installed while other things are built."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(["scripts/python-venv"], cwd=ROOT)

    def options(self) -> list[str]:
        """Where it cannot be installed the package is not built, and scripts/test-python counts as skipped."""
        if self._process.wait() != 0:
            return []
        return ["-Dpython=true", f"-Dpython_command={BUILDS / 'python-venv' / 'bin' / 'python'}"]


def run_suites(build: Build, suites: list[str], without: list[str], more: list[str], tally: Tally) -> None:
    """Adds one result for each test; one failure if meson did not get as far as running them."""
    log = build.folder / "meson-logs" / f"{'-'.join(suites) or 'all'}.json"
    log.unlink(missing_ok=True)
    command = fixed_address_prefix(build) + ["meson", "test", "-C", str(build.folder), "--logbase", log.stem,
                                             "--print-errorlogs", "--timeout-multiplier", "4", *more]
    command += [argument for suite in suites for argument in ("--suite", suite)]
    command += [argument for suite in without for argument in ("--no-suite", suite)]
    succeeded = run(command, build)
    failures_before = len(tally.failed)
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    for line in lines:
        test = json.loads(line)
        tally.add(f"{build.name}: {test['name']}", test["result"])
    if not lines or (not succeeded and len(tally.failed) == failures_before):
        tally.failed.append(f"{build.name}: `{' '.join(command)}` did not run its tests")


def fixed_address_prefix(build: Build) -> list[str]:
    prefix = ["setarch", platform.machine(), "--addr-no-randomize"]
    if not build.fixed_addresses or not shutil.which("setarch"):
        return []
    works = subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if works else []


def run_scripts(build: Build, tally: Tally) -> None:
    """All at once: most of what they do takes one core."""
    commands = [[script, str(build.folder)] for script in build.scripts]
    with ThreadPoolExecutor(max(len(commands), 1)) as pool:
        for command, done in zip(commands, pool.map(lambda command: run_script(command, build), commands)):
            add_script(command, done, tally)


def run_script(command: list[str], build: Build) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environment_of(build), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)


def add_script(command: list[str], process: subprocess.CompletedProcess[str], tally: Tally) -> None:
    """Its last line is a tally, which is added to ours instead of printed."""
    name = Path(command[0]).name.removeprefix("test-")
    print(f"\n$ {' '.join(command)}", flush=True)
    counted = None
    for line in process.stdout.splitlines():
        counted = re.fullmatch(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", line)
        if not counted:
            print(line, flush=True)
        if line.startswith("FAILED   "):
            tally.failed.append(f"{name}: {line[9:].rstrip()}")
        if line.startswith("skipped  "):
            tally.skips.append(f"{name}: {line[9:].rstrip()}")
    if not counted or (process.returncode != 0) != (counted[2] != "0"):
        tally.failed.append(f"`{' '.join(command)}` did not run its tests")
    else:
        tally.passed += int(counted[1])


def build_whole(build: Build, tally: Tally) -> bool:
    if not build.whole or run(["ninja", "-C", str(build.folder)], build):
        return True
    tally.failed.append(f"{build.name}: cannot be built")
    return False


def run_build(build: Build, venv: PythonVenv, tally: Tally) -> None:
    if not configure(build, []):
        tally.failed.append(f"{build.name}: cannot be configured")
        return
    if build.first:
        run_suites(build, build.first, [], ["--no-rebuild"], tally)
    if not build_whole(build, tally):
        return
    if build.python and (more := venv.options()):  # not asked before: it waits for pip
        if not configure(build, more):
            tally.failed.append(f"{build.name}: cannot be configured with the Python package")
            return
        if not build_whole(build, tally):
            return
    run_suites(build, build.suites, build.first, [], tally)
    run_scripts(build, tally)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="*", metavar="BUILD", help="gcc, clang, asan, tsan")
    wanted = parser.parse_args().builds
    unknown = set(wanted) - {build.name for build in ALL_BUILDS}
    if unknown:
        parser.error(f"no build {', '.join(sorted(unknown))}")
    tally, venv = Tally(), PythonVenv()
    for build in ALL_BUILDS:
        if not wanted or build.name in wanted:
            run_build(build, venv, tally)
    print()
    for skip in tally.skips:
        print(f"skipped  {skip}")
    for failure in tally.failed:
        print(f"FAILED   {failure}")
    print(tally.line())
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
