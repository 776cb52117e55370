#!/usr/bin/env python3
"""Runs clang-tidy, warnings as errors: all checks of .clang-tidy over the sources of the libraries and of the command
line; includes, and the warnings of the compiler, over the other sources; includes over sources and headers that have changed
since those of all were checked, which tests/lint/includes_checked.txt says. nanobind has one header for all: of the extension
of Python includes are not checked, and the rest is.

    check_tidy.py --build FOLDER            all files of FOLDER/compile_commands.json that are ours
    check_tidy.py --build FOLDER --record   includes of all, too, which takes 15 minutes on two cores; says so in that file
    check_tidy.py --build FOLDER FILE...    these
    check_tidy.py --build FOLDER --fix      adds and removes includes as needed; run clang-format afterwards
    check_tidy.py --self-test               checks that an unused and a missing include are found
    --analyzer                              the clang static analyzer, too: takes half as long again

What is inside of a header is checked with the sources that include it. What takes long is not our code but the headers of
the standard library, once for each run: where all files are checked, sources of a folder are checked together, as if they
were one, but for their includes.
"""

import argparse
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Committed after the includes of all files were checked: files that change afterwards are still to be checked.
CHECKED = ROOT / "tests" / "lint" / "includes_checked.txt"
TIDY = "clang-tidy-19"  # the first of Debian 12's that checks includes
PLACES = ("lib", "include", "convert", "cli", "examples", "bench", "python")
ALL_CHECKS_PLACES = ("lib", "convert", "cli", "python")
WITHOUT_INCLUDES_PLACE = "python"
INCLUDES_ONLY = "-*,misc-include-cleaner,clang-diagnostic-*"
# The headers for LibTorch, which is not there: tests/pytorch/check_libtorch.py compiles them with all warnings.
FOREIGN_HEADERS = ROOT / "include" / "milepost" / "libtorch"
# More files at once take more memory and no less time.
GROUP_SIZE = 12
# Flags that g++ knows and clang does not; what the standard library of g++ 12 itself uses.
FOREIGN_FLAGS = ["-Wno-unknown-warning-option", "-Wno-deprecated-declarations"]


@dataclass(frozen=True)
class Unit:
    """One run of clang-tidy: a file, how it is compiled, and whether only its includes are checked."""

    file: Path
    folder: str
    flags: tuple[str, ...]
    includes_only: bool = False
    without_includes: bool = False

    def together_with(self) -> tuple[Path, str, tuple[str, ...]]:
        """Units in which this is equal can be checked as one."""
        return self.file.parent, self.folder, self.flags

    def command(self, fix: bool, analyzer: bool) -> list[str]:
        left_out = [*([] if analyzer else ["-clang-analyzer-*"]),
                    *(["-misc-include-cleaner"] if self.without_includes else [])]
        checks = [f"--checks={','.join(left_out)}"] if left_out else []
        if fix or self.includes_only:
            checks = [f"--checks={INCLUDES_ONLY}"]
        return [TIDY, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", *checks, *(["--fix"] if fix else []),
                str(self.file), "--", *self.flags, *FOREIGN_FLAGS]


def flags_of(command: str) -> tuple[str, ...]:
    """The flags of a compile command that clang-tidy needs: where headers are, macros, the language, warnings."""
    words = shlex.split(command)
    return tuple(word for word in words if word.startswith(("-I", "-D", "-std=", "-isystem", "-m", "-pthread", "-W"))
                 and not word.startswith("-MD"))


def sources_of(build: Path) -> dict[Path, Unit]:
    """Each source once, as it is compiled the first time."""
    units: dict[Path, Unit] = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        for file in compiled_by(entry):
            place = file.relative_to(ROOT).parts[0] if file.is_relative_to(ROOT) else ""
            if place in PLACES:
                units.setdefault(file, Unit(file, entry["directory"], flags_of(entry["command"]),
                                            includes_only=place not in ALL_CHECKS_PLACES,
                                            without_includes=place == WITHOUT_INCLUDES_PLACE))
    return units


def compiled_by(entry: dict[str, str]) -> list[Path]:
    """The sources of a compile command: one, or those that Meson's --unity has put into one."""
    file = (Path(entry["directory"]) / entry["file"]).resolve()
    if not re.search(r"-unity\d+\.cpp$", file.name):
        return [file]
    included = re.findall(r'^#include\s*[<"](.+)[>"]', file.read_text(encoding="utf-8"), re.MULTILINE)
    return [(Path(entry["directory"]) / name).resolve() for name in included]


def headers_of(sources: dict[Path, Unit]) -> dict[Path, Unit]:
    """Each header, compiled as a source beside it would be."""
    library = next(unit for file, unit in sources.items() if file.is_relative_to(ROOT / "lib"))
    units = {}
    for place in PLACES:
        if place == WITHOUT_INCLUDES_PLACE:
            continue
        for file in sorted((ROOT / place).rglob("*.hpp")):
            if file == FOREIGN_HEADERS.with_suffix(".hpp") or file.is_relative_to(FOREIGN_HEADERS):
                continue
            beside = next((unit for source, unit in sources.items() if source.parent == file.parent), library)
            flags = [flag for flag in beside.flags if not flag.startswith("-W")]  # alone, most of it is unused
            units[file] = Unit(file, beside.folder, (*flags, "-xc++", "-w"), includes_only=True)
    return units


def findings_of(unit: Unit, fix: bool = False, analyzer: bool = False) -> str:
    """What clang-tidy objects to; "" where that is nothing."""
    done = subprocess.run(unit.command(fix, analyzer), cwd=unit.folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()


def local_names(file: Path) -> set[str]:
    """What is declared in the unnamed namespaces of a source, as clang-format writes them; some names too many do no harm."""
    names: set[str] = set()
    is_local = False
    for line in file.read_text(encoding="utf-8").splitlines():
        if line in ("namespace {", "}  // namespace"):
            is_local = line == "namespace {"
        elif is_local and re.match(r"[A-Za-z_]", line) and not re.match(r"using [^=]*;$", line):
            found = re.search(r"\b(?:struct|class|enum class|enum) (\w+)", line) or re.search(r"(\w+)\s*[(={;[]", line)
            if found:
                names.add(found[1])
    return names


def groups_of(units: list[Unit]) -> list[list[Unit]]:
    """Sources that can be compiled as one: of one folder, with the same flags, without a local name that two of them have."""
    groups: list[list[Unit]] = []
    for _, alike in itertools.groupby(sorted(units, key=lambda unit: (unit.together_with(), unit.file)), Unit.together_with):
        open_groups: list[tuple[set[str], list[Unit]]] = []
        for unit in alike:
            names = local_names(unit.file)
            fitting = next((group for group in open_groups if len(group[1]) < GROUP_SIZE and not group[0] & names), None)
            if fitting is None:
                fitting = (set(), [])
                open_groups.append(fitting)
            fitting[0].update(names)
            fitting[1].append(unit)
        groups += [group for _, group in open_groups]
    return groups


def findings_of_group(group: list[Unit], analyzer: bool) -> str:
    """All but the includes. Sources that do not compile as one are checked one by one."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "together.cpp"
        whole.write_text("".join(f'#include "{unit.file}"\n' for unit in group), encoding="utf-8")
        # Warnings of the compiler are for each by itself: a local name may be shadowed in another source.
        flags = (*(flag for flag in group[0].flags if not flag.startswith("-W")), "-w")
        found = findings_of(replace(group[0], file=whole, flags=flags, without_includes=True), analyzer=analyzer)
    if "clang-diagnostic-error" not in found:
        return found
    return "\n".join(filter(None, (findings_of(replace(unit, without_includes=True), analyzer=analyzer) for unit in group)))


def run_all(tasks: list[Callable[[], str]], count: int) -> int:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [found for found in pool.map(lambda task: task(), tasks) if found]
    for found in findings:
        print(found, end="\n\n")
    print(f"{count} files, {len(findings)} with findings")
    return 1 if findings else 0


def check(units: list[Unit], fix: bool, analyzer: bool) -> int:
    return run_all([partial(findings_of, unit, fix, analyzer) for unit in units], len(units))


def git(*arguments: str) -> list[str]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def changed_files(checked: Path = CHECKED) -> set[Path] | None:
    """What differs from the commit that last said that all includes were checked; None where git cannot tell."""
    try:
        if git("rev-parse", "--is-shallow-repository") != ["false"]:
            return None
        commits = git("log", "-1", "--format=%H", "--", str(checked))
        if not commits:
            return None
        names = git("diff", "--name-only", commits[0]) + git("ls-files", "--others", "--exclude-standard")
    except (OSError, subprocess.CalledProcessError):
        return None
    return {ROOT / name for name in names}


def check_together(units: list[Unit], analyzer: bool, record: bool) -> int:
    whole = [unit for unit in units if not unit.includes_only]
    tasks: list[Callable[[], str]] = [partial(findings_of_group, group, analyzer) for group in groups_of(whole)]
    changed = None if record else changed_files()
    of_includes = [unit for unit in units if not unit.without_includes and
                   (changed is None or unit.file in changed or (unit.includes_only and unit.file.suffix == ".cpp"))]
    print(f"includes of {len(of_includes)} files")
    tasks += [partial(findings_of, replace(unit, includes_only=True)) for unit in of_includes]
    failed = run_all(tasks, len(units))
    if record and not failed:
        CHECKED.write_text(f"{datetime.now():%Y-%m-%d %H:%M}: includes of {len(of_includes)} files, none with findings\n", encoding="utf-8")
    return failed


def self_test() -> int:
    cases = {
        "included header vector is not used": "#include <vector>\nint main() {}\n",
        'no header providing "std::string" is directly included': "#include <iostream>\nint main() { std::string a; }\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        for wanted, text in cases.items():
            file = Path(folder) / "case.cpp"
            file.write_text(text, encoding="utf-8")
            found = findings_of(Unit(file, folder, ("-std=c++20",), includes_only=True))
            if wanted not in found:
                print(f"not found: {wanted}\n{found}")
                return 1
    print(f"each of {len(cases)} faults is found")
    return self_test_together()


def self_test_together() -> int:
    """A fault in any of several sources is found, also where they do not compile as one."""
    texts = {
        "a.cpp": "namespace {\nint one() {\n    return 1;\n}\n}  // namespace\nint a() { return one(); }\n",
        "b.cpp": "#include <string>\n#include <utility>\nstd::size_t b(std::string c) {\n"
                 "    const std::string d = std::move(c);\n    return c.size() + d.size();\n}\n",
        "c.cpp": "namespace {\nint one() {\n    return 2;\n}\n}  // namespace\nint c() { return one(); }\n",
    }
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "lib"  # what .clang-tidy reports faults of
        folder.mkdir()
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        units = [Unit(folder / name, root, ("-std=c++20",)) for name in texts]
        names = [[unit.file.name for unit in group] for group in groups_of(units)]
        if names != [["a.cpp", "b.cpp"], ["c.cpp"]]:
            print(f"not the groups that can be compiled: {names}")
            return 1
        for group in (units[:2], units):
            if "bugprone-use-after-move" not in findings_of_group(group, analyzer=False):
                print(f"not found in {[unit.file.name for unit in group]}")
                return 1
    print("a fault is found in one of several sources")
    return self_test_unity()


def self_test_unity() -> int:
    """The sources of a build with --unity are found."""
    with tempfile.TemporaryDirectory() as root:
        (Path(root) / "lib-unity0.cpp").write_text('#include<a.cpp>\n#include "folder/b.cpp"\n', encoding="utf-8")
        found = [compiled_by({"directory": root, "file": name}) for name in ("lib-unity0.cpp", "c.cpp")]
        if found != [[Path(root).resolve() / "a.cpp", Path(root).resolve() / "folder" / "b.cpp"], [Path(root).resolve() / "c.cpp"]]:
            print(f"not the sources of a build: {found}")
            return 1
    if changed_files(ROOT / "no-such-file") is not None:
        print("where nothing says that all includes were checked, not all are checked")
        return 1
    print("the sources of a build are found, also where several are compiled as one")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path)
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--analyzer", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    sources = sources_of(arguments.build)
    units = sources | headers_of(sources)
    if arguments.files:
        units = {file: units[file] for file in map(Path.resolve, arguments.files)}
    elif not arguments.fix:
        return check_together(list(units.values()), arguments.analyzer, arguments.record)
    return check(list(units.values()), arguments.fix, arguments.analyzer)


if __name__ == "__main__":
    sys.exit(main())
