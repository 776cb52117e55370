#!/usr/bin/env python3
"""Checks that clang-format (named in the only argument) would change nothing in any C++ file."""

import subprocess
import sys

from tree import project_files, project_root


def main() -> int:
    root = project_root()
    files = [str(root / file) for file in project_files(root) if file.suffix in {".cpp", ".hpp"}]
    if not files:
        print("no C++ file found: is this the root?")
        return 1
    run = subprocess.run([sys.argv[1], "--dry-run", "-Werror", "--style=file", *files], check=False)
    print(f"{len(files)} files, as clang-format writes them" if run.returncode == 0 else "run clang-format-14 -i on these")
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
