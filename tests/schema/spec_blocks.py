#!/usr/bin/env python3
"""Keeps the blocks that docs/format.md quotes (the schema, the hexdumps of two files) equal to their sources.

    spec_blocks.py --check     exits 1 and names each block that differs, and shows where
    spec_blocks.py --update    writes the blocks anew
    spec_blocks.py --self-test checks that --check finds a changed block

A block is a fence after a comment that names its source:

    <!-- schema/checkpoint.fbs -->
    ```fbs
    ...
    ```
"""

import argparse
import difflib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from annotated_dump import annotated

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/format.md"


def text_of(data: bytes) -> str:
    return data.decode("utf-8").rstrip("\n")


def hexdump_of(data: bytes) -> str:
    """As `hexdump -C`: offset, 16 bytes, their text; a run of lines equal to the one before is one `*`."""
    lines: list[str] = []
    previous = None
    for begin in range(0, len(data), 16):
        row = data[begin:begin + 16]
        if row == previous:
            if lines[-1] != "*":
                lines.append("*")
            continue
        previous = row
        halves = "  ".join(" ".join(f"{byte:02x}" for byte in half) for half in (row[:8], row[8:]))
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(f"{begin:08x}  {halves:<48}  |{text}|")
    return "\n".join([*lines, f"{len(data):08x}"])


def annotated_of(data: bytes) -> str:
    return annotated(data, (ROOT / "schema/checkpoint.fbs").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Block:
    source: str
    language: str
    placeholder: str  # a line by itself that --update turns into the whole block
    render: Callable[[bytes], str]


BLOCKS = [
    Block("schema/checkpoint.fbs", "fbs", "@SCHEMA@", text_of),
    Block("tests/golden/files/good-empty.milepost", "text", "@HEXDUMP@", hexdump_of),
    Block("tests/golden/files/good-example.milepost", "text", "@ANNOTATED@", annotated_of),
]


def find_block(lines: list[str], block: Block) -> tuple[int, int] | None:
    """The lines between the fences, as [begin, end), or None."""
    marker = f"<!-- {block.source} -->"
    for at, line in enumerate(lines):
        if line == marker and lines[at + 1:at + 2] == [f"```{block.language}"]:
            begin = at + 2
            return begin, lines.index("```", begin)
    return None


def checked(root: Path) -> list[str]:
    """What differs, one text for each block."""
    lines = (root / PAGE).read_text(encoding="utf-8").split("\n")
    return [breach for block in BLOCKS for breach in check_block(root, lines, block)]


def check_block(root: Path, lines: list[str], block: Block) -> list[str]:
    source = root / block.source
    if not source.is_file():
        return [f"{block.source}: is not there"]
    place = find_block(lines, block)
    if place is None:
        return [f"{PAGE}: no fenced block of {block.source}"]
    found = lines[place[0]:place[1]]
    expected = block.render(source.read_bytes()).split("\n")
    if found == expected:
        return []
    difference = difflib.unified_diff(found, expected, PAGE, block.source, lineterm="")
    return ["\n".join(["blocks differ; run tests/schema/spec_blocks.py --update", *difference])]


def update(root: Path) -> None:
    page = root / PAGE
    lines = page.read_text(encoding="utf-8").split("\n")
    for block in BLOCKS:
        source = root / block.source
        if not source.is_file():
            print(f"{block.source} is not there: left as it is")
            continue
        content = block.render(source.read_bytes()).split("\n")
        place = find_block(lines, block)
        if place:
            lines[place[0]:place[1]] = content
        elif block.placeholder in lines:
            at = lines.index(block.placeholder)
            lines[at:at + 1] = [f"<!-- {block.source} -->", f"```{block.language}", *content, "```"]
        else:
            raise SystemExit(f"{PAGE}: neither a block of {block.source} nor a line {block.placeholder}")
    page.write_text("\n".join(lines), encoding="utf-8")


def self_test() -> list[str]:
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        example = (ROOT / BLOCKS[2].source).read_bytes()
        for name, data in {PAGE: b"a\n\n@SCHEMA@\n\n@HEXDUMP@\n@ANNOTATED@\nz\n", BLOCKS[0].source: b"table A {\n}\n",
                           BLOCKS[1].source: b"\x89MLP" + bytes(60) + b"tail", BLOCKS[2].source: example}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        if len(checked(root)) != len(BLOCKS):
            failures.append("placeholders pass as blocks")
        update(root)
        failures += [f"just updated, yet: {breach}" for breach in checked(root)]
        updated = (root / PAGE).read_text(encoding="utf-8")
        update(root)
        if (root / PAGE).read_text(encoding="utf-8") != updated:
            failures.append("a second update changes the page")
        if "00000010  00 00" not in updated or "\n*\n00000040  74 61 69 6c" not in updated:
            failures.append(f"the hexdump is not as expected:\n{updated}")
        for found, changed in (("table A", "table B"), ("89 4d", "89 4c"), ("header: alignment", "header: alinement")):
            (root / PAGE).write_text(updated.replace(found, changed, 1), encoding="utf-8")
            if len(checked(root)) != 1:
                failures.append(f"'{changed}' in place of '{found}' is not found")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true")
    action.add_argument("--update", action="store_true")
    action.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.update:
        update(arguments.root)
        return 0
    failures = self_test() if arguments.self_test else checked(arguments.root)
    print("\n".join(failures) or "ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
