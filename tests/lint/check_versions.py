#!/usr/bin/env python3
"""Each version is written once; what repeats it must agree.

The format version is kFormatVersion in lib/format/file_layout.hpp: docs/format.md and the newest entry of CHANGELOG.md name it.
The library's version is project(version:) in meson.build: the newest entry of CHANGELOG.md names it.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

from tree import project_root

FORMAT_SOURCE = ("lib/format/file_layout.hpp", r"\bkFormatVersion = (\d+);")
LIBRARY_SOURCE = ("meson.build", r"\bversion: '([\d.]+)'")
FORMAT_COPIES = [
    ("docs/format.md", r"^Format version (\d+),"),
    ("schema/checkpoint.fbs", r"format version (\d+)"),
    ("CHANGELOG.md", r"^- Format (\d+)$"),
]
LIBRARY_COPIES = [("CHANGELOG.md", r"^- Library ([\d.]+)$")]


def first_match(root: Path, file: str, pattern: str) -> str | None:
    match = re.search(pattern, (root / file).read_text(encoding="utf-8"), re.MULTILINE)
    return match[1] if match else None


def check(root: Path) -> list[str]:
    breaches = []
    for source, copies in ((FORMAT_SOURCE, FORMAT_COPIES), (LIBRARY_SOURCE, LIBRARY_COPIES)):
        version = first_match(root, *source)
        if version is None:
            breaches.append(f"{source[0]}: no version found")
        for copy in copies:
            found = first_match(root, *copy)
            if found != version:
                breaches.append(f"{copy[0]}: version {found}, but {source[0]} says {version}")
    return breaches


def self_test(root: Path) -> list[str]:
    """Changes each version in turn, in a copy, and expects that it is found."""
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        places = [FORMAT_SOURCE, LIBRARY_SOURCE, *FORMAT_COPIES, *LIBRARY_COPIES]
        texts = {file: (root / file).read_text(encoding="utf-8") for file, _ in places}
        for file, pattern in places:
            match = re.search(pattern, texts[file], re.MULTILINE)
            changed = texts | {file: texts[file][:match.start(1)] + "9" + texts[file][match.end(1):]} if match else texts
            for name, text in changed.items():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / name).write_text(text, encoding="utf-8")
            if not check(Path(folder)):
                failures.append(f"{file}: a changed version is not found")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=project_root())
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    failures = self_test(arguments.root) if arguments.self_test else check(arguments.root)
    print("\n".join(failures) or "ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
