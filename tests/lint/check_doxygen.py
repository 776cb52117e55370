#!/usr/bin/env python3
"""Runs Doxygen over the public headers: all that is public is documented, and what its comments refer to exists.

    check_doxygen.py DOXYGEN                 checks the tree
    check_doxygen.py DOXYGEN --self-test     checks that it finds what is wrong
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tree import project_root

HEADERS = Path("include") / "milepost"


def check(doxygen: str, root: Path, configuration: str) -> list[str]:
    """The warnings for the headers of a tree, paths relative to it."""
    with tempfile.TemporaryDirectory(prefix="milepost-doxygen-") as output:
        done = subprocess.run([doxygen, "-"], input=f"{configuration}\nOUTPUT_DIRECTORY = {output}\n", cwd=root,
                              capture_output=True, text=True, check=False)
        warnings = [line.replace(f"{root}/", "") for line in done.stderr.splitlines() if line]
        pages = len(list(Path(output).glob("**/class*.html")))
    if done.returncode != 0 and not warnings:
        warnings.append(f"doxygen: exit {done.returncode}")
    if pages == 0:
        warnings.append("doxygen documents no class: does it read the headers?")
    return warnings


def self_test(doxygen: str, root: Path, configuration: str) -> list[str]:
    """Adds a declaration to a copy of the headers and expects a warning for exactly the wrong ones."""
    cases = {"/// Something.\nint documented();\n": False,
             "/// A group.\n///@{\nint one();\nint two();\n///@}\n": False,
             "int undocumented();\n": True,
             "/// A class.\nstruct Documented { int member; };\n": True,
             "/// Refers to @ref nothing.\nint broken();\n": True}
    failures = []
    for text, wrong in cases.items():
        with tempfile.TemporaryDirectory(prefix="milepost-headers-") as folder:
            copy = Path(folder).resolve()
            shutil.copytree(root / HEADERS, copy / HEADERS)
            header = copy / HEADERS / "reader.hpp"
            header.write_text(f"{header.read_text(encoding='utf-8')}\nnamespace milepost {{\n{text}}}\n", encoding="utf-8")
            warnings = check(doxygen, copy, configuration)
        if bool(warnings) != wrong:
            failures.append(f"{text!r}: {warnings or 'no warning'}")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("doxygen")
    parser.add_argument("--root", type=Path, default=project_root())
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    configuration = (arguments.root / "docs" / "Doxyfile").read_text(encoding="utf-8")
    run = self_test if arguments.self_test else check
    breaches = run(arguments.doxygen, arguments.root.resolve(), configuration)
    print("\n".join(breaches) or "ok")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
