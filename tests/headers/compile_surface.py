#!/usr/bin/env python3
"""Compiles a program that uses the public headers as their users do: with each compiler that is there, as C++20 and
C++23, with and without exceptions and RTTI; warnings are errors.

    compile_surface.py SOURCE INCLUDE_FOLDER...
"""

import itertools
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

COMPILERS = ("g++", "clang++-14")
STANDARDS = ("-std=c++20", "-std=c++2b")
LANGUAGES = ((), ("-fno-exceptions", "-fno-rtti"))
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wnon-virtual-dtor",
            "-Wold-style-cast", "-Werror")


def compile_once(command: list[str]) -> str:
    """What the compiler objects to; "" where that is nothing."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 and not done.stderr else f"$ {' '.join(command)}\n{done.stderr}"


def main() -> int:
    source, *folders = sys.argv[1:]
    compilers = [compiler for compiler in COMPILERS if shutil.which(compiler)]
    commands = [[compiler, "-fsyntax-only", standard, *language, *WARNINGS, *(f"-I{folder}" for folder in folders), source]
                for compiler, standard, language in itertools.product(compilers, STANDARDS, LANGUAGES)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [found for found in pool.map(compile_once, commands) if found]
    print(*findings, sep="\n")
    print(f"{len(commands)} ways, {len(findings)} with findings")
    return 1 if findings or not commands else 0


if __name__ == "__main__":
    sys.exit(main())
