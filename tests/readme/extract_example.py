#!/usr/bin/env python3
"""Takes the examples out of a page.

    extract_example.py program PAGE FILE      the only block of C++ of the page, which is a whole program
    extract_example.py snippets PAGE FILE     all blocks of C++, which build on each other
    extract_example.py output PAGE PROGRAM    runs the program: it must print the only block of text of the page
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def only_block(page: Path, language: str) -> str:
    found = blocks(page, language)
    if len(found) != 1:
        raise SystemExit(f"{page}: {len(found)} blocks of {language}, expected one")
    return found[0]


def check_output(page: Path, program: Path) -> None:
    expected = only_block(page, "text")
    with tempfile.TemporaryDirectory(prefix="milepost-readme-") as folder:
        done = subprocess.run([program.resolve()], cwd=folder, capture_output=True, text=True, check=False)
    if (done.returncode, done.stdout, done.stderr) != (0, expected, ""):
        raise SystemExit(f"{page} promises\n{expected}and its example prints (exit {done.returncode})\n{done.stdout}{done.stderr}")


def main() -> None:
    what, page, file = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if what == "output":
        check_output(page, file)
    elif what == "program":
        file.write_text(only_block(page, "cpp"), encoding="utf-8")
    else:
        file.write_text("\n".join(blocks(page, "cpp")), encoding="utf-8")


if __name__ == "__main__":
    main()
