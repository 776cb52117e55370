#!/usr/bin/env python3
"""Checks the text of every file: length of code files, no marks of unfinished work, no trailing blanks, a newline at the end."""

import re
import sys
import tempfile
from pathlib import Path

from tree import run_lint

MAX_LINES = 500
CODE_SUFFIXES = {".cpp", ".hpp", ".in", ".py", ".sh", ".fbs", ".build", ".txt"}
FIXTURES = ("fuzz/corpus/", "tests/golden/files/", "tests/convert/files/")  # bytes, whatever they look like
# Spelt so that this file does not hold them itself.
UNFINISHED = re.compile("|".join(rf"\b{first}{second}\b" for first, second in [("TO", "DO"), ("FIX", "ME"), ("XX", "X")]))


def text_of(path: Path) -> str | None:
    """The text of a file; None if it is none (a fixture, an image)."""
    data = path.read_bytes()
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def is_code(file: Path, text: str) -> bool:
    return file.suffix in CODE_SUFFIXES or text.startswith("#!")


def check_file(file: Path, text: str) -> list[str]:
    breaches = []
    lines = text.split("\n")
    if is_code(file, text) and len(lines) - 1 > MAX_LINES:
        breaches.append(f"{file}: {len(lines) - 1} lines, at most {MAX_LINES}: split it by meaning")
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            breaches.append(f"{file}:{number}: unfinished: {line.strip()}")
        if line != line.rstrip() and file.suffix != ".md":
            breaches.append(f"{file}:{number}: blanks at the end of the line")
    if text and not text.endswith("\n"):
        breaches.append(f"{file}: no newline at the end")
    return breaches


def check(root: Path, files: list[Path]) -> list[str]:
    breaches = []
    for file in files:
        text = None if file.as_posix().startswith(FIXTURES) else text_of(root / file)
        if text is not None:
            breaches += check_file(file, text)
    return breaches


def self_test() -> list[str]:
    mark = "TO" + "DO"
    cases = {"ok.cpp": ("a\n" * MAX_LINES, 0), "long.cpp": ("a\n" * (MAX_LINES + 1), 1),
             "long_script": ("#!/bin/sh\n" * (MAX_LINES + 1), 1), "long.md": ("a\n" * (MAX_LINES + 1), 0),
             "mark.py": (f"# {mark}: x\n", 1), "mark.md": (f"{mark}\n", 1), "part.md": (f"{mark}LIST\n", 0),
             "blank.hpp": ("a \n", 1), "end.hpp": ("a", 1), "binary.milepost": ("\0" + mark, 0)}
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (text, expected) in cases.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
            breaches = check(Path(folder), [Path(name)])
            if len(breaches) != expected:
                failures.append(f"{name}: expected {expected} breaches, found {breaches}")
    return failures


if __name__ == "__main__":
    sys.exit(run_lint(__doc__, check, self_test))
