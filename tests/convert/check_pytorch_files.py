#!/usr/bin/env python3
"""Gives files that nine versions of PyTorch wrote to a program that imports files, and compares what it makes of them.

    check_pytorch_files.py [--only PART] [--folder FOLDER] -- TOOL [ARGUMENT...]      runs TOOL ARGUMENT... IN OUT

The tool prints nothing if it succeeds. If it refuses, it exits with 2, prints "code/condition: message" and leaves no file.
FOLDER, by default tests/convert/files, has expected.json (expect_pytorch_files.py): the checkpoint must have the bytes that
milepost.save(torch.load(path)) writes in Python, or the answer must be the one that is given. Needs neither.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence


def refusal_error(expected: Dict[str, Any], errors: str) -> Optional[str]:
    answer = errors.split(":", 1)[0]
    if "refused" not in expected:
        return f"refused: {errors.strip()[:300]}"
    if answer not in expected["refused"]:
        return f"refused with {errors.strip()[:300]}; expected {' or '.join(expected['refused'])}"
    missing = [word for word in expected.get("words", []) if word not in errors]
    return f"the message does not name {missing}: {errors.strip()[:300]}" if missing else None


def check_file(tool: Sequence[str], given: Path, expected: Dict[str, Any], folder: Path) -> "tuple[str, Optional[str]]":
    """What the tool did, and what is wrong with that."""
    out = folder / "out.milepost"
    out.unlink(missing_ok=True)
    before = hashlib.sha256(given.read_bytes()).hexdigest()
    ran = subprocess.run([*tool, str(given), str(out)], capture_output=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    errors = ran.stderr.decode("utf-8", "replace")
    if hashlib.sha256(given.read_bytes()).hexdigest() != before:
        return "changed", "the file was changed"
    if ran.stdout:
        return "printed", f"it printed {ran.stdout[:100]!r}"
    if ran.returncode == 2:
        left = sorted(path.name for path in folder.iterdir())
        return "refused", f"it left {left}" if left else refusal_error(expected, errors)
    if ran.returncode != 0 or errors:
        return "failed", f"exit status {ran.returncode}: {errors.strip()[:300]}"
    if expected.get("read"):
        return "imported", None
    if "sha256" not in expected:
        return "imported", f"imported; expected {' or '.join(expected['refused'])}"
    found = hashlib.sha256(out.read_bytes()).hexdigest()
    return "imported", None if found == expected["sha256"] else "another checkpoint than Python writes"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", nargs="+")
    parser.add_argument("--only", default="", help="a part of the names")
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent / "files")
    arguments = parser.parse_args()
    tool = [str(Path(arguments.tool[0]).resolve()), *arguments.tool[1:]]
    expected = json.loads((arguments.folder / "expected.json").read_text(encoding="ascii"))["files"]
    on_disk = {path.name for path in arguments.folder.glob("*.pt")}
    problems: List[str] = [f"{name}: is in one of the folder and expected.json alone" for name in on_disk ^ set(expected)]
    counts: "Counter[str]" = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        for name in sorted(name for name in on_disk & set(expected) if arguments.only in name):
            done, problem = check_file(tool, arguments.folder / name, expected[name], Path(scratch))
            counts[done] += 1
            if problem:
                problems.append(f"{name}: {problem}")
    print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    print("\n".join(problems) or "ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
