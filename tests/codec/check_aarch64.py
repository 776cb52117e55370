#!/usr/bin/env python3
"""Builds the tests of the codec planes for aarch64 and runs them in an emulator, so that its kernels for NEON are tested
on any machine. Needs nothing that was built: the codec planes uses no library.

    check_aarch64.py --compiler FILE --emulator FILE --doctest HEADER --include FOLDER... SOURCE...
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Warnings of the compiler for this machine are errors in its own build. -O1 is enough for the test.
FLAGS = ["-std=c++20", "-O1", "-DMILEPOST_EMULATED", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]


def put_together(sources: list[Path], folder: Path) -> list[Path]:
    """Sources of one folder as one, which takes a third of the time. Kernels have the same names, each for its instructions."""
    alone = [source for source in sources if "_kernels_" in source.name or source.stem == "doctest_main"]
    groups: dict[Path, list[Path]] = {}
    for source in sources:
        if source not in alone:
            groups.setdefault(source.parent, []).append(source)
    for number, group in enumerate(groups.values()):
        whole = folder / f"together{number}.cpp"
        whole.write_text("".join(f'#include "{source.resolve()}"\n' for source in group), encoding="utf-8")
        alone.insert(0, whole)
    return alone


def compile_all(compiler: list[str], includes: list[str], sources: list[Path], folder: Path) -> list[Path]:
    """The object files; ends the program where one cannot be made."""

    def compile_one(numbered: tuple[int, Path]) -> Path:
        number, source = numbered
        target = folder / f"{number}_{source.stem}.o"
        subprocess.run([*compiler, *FLAGS, *includes, "-c", str(source), "-o", str(target)], check=True)
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile_one, enumerate(sources)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--doctest", type=Path, required=True)
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("sources", nargs="+", type=Path)
    arguments = parser.parse_args()
    ccache = shutil.which("ccache")
    compiler = [ccache, arguments.compiler] if ccache else [arguments.compiler]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Of the folder with the header, others are for this machine.
        (folder / "doctest").mkdir()
        (folder / "doctest" / "doctest.h").symlink_to(arguments.doctest)
        includes = [f"-I{include}" for include in arguments.include] + ["-isystem", str(folder)]
        try:
            objects = compile_all(compiler, includes, put_together(arguments.sources, folder), folder)
            program = folder / "tests"
            # Static: the emulator then needs no folder with libraries.
            subprocess.run([arguments.compiler, "-static", *map(str, objects), "-o", str(program)], check=True)
        except subprocess.CalledProcessError as error:
            print(error)
            return 1
        return subprocess.run([arguments.emulator, str(program)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
