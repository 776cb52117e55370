#!/usr/bin/env python3
"""Takes the examples out of a page.

    extract_example.py program PAGE FILE NUMBER    the block of C++ of that number, which is a whole program
    extract_example.py snippets PAGE FILE          all blocks of C++, which build on each other
    extract_example.py output PAGE PROGRAM...      runs all programs of the page, one after the other in one folder: each
                                                   must print the block of text of its number
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def check_output(page: Path, programs: list[Path]) -> None:
    texts = blocks(page, "text")
    counts = (len(blocks(page, "cpp")), len(texts), len(programs))
    if len(set(counts)) != 1:
        raise SystemExit(f"{page} has {counts[0]} blocks of cpp and {counts[1]} of text, and {counts[2]} programs are run")
    with tempfile.TemporaryDirectory(prefix="milepost-readme-") as folder:
        for program, expected in zip(programs, texts):
            done = subprocess.run([program.resolve()], cwd=folder, capture_output=True, text=True, check=False)
            if (done.returncode, done.stdout, done.stderr) != (0, expected, ""):
                raise SystemExit(f"{page} promises\n{expected}and {program.name} prints (exit {done.returncode})\n"
                                 f"{done.stdout}{done.stderr}")


def main() -> None:
    what, page, file = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if what == "output":
        check_output(page, [Path(each) for each in sys.argv[3:]])
    elif what == "program":
        file.write_text(blocks(page, "cpp")[int(sys.argv[4]) - 1], encoding="utf-8")
    else:
        file.write_text("\n".join(blocks(page, "cpp")), encoding="utf-8")


if __name__ == "__main__":
    main()
