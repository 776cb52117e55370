#!/usr/bin/env python3
"""The schema only grows: `flatc --conform` accepts it as a successor of each released one.

    check_conform.py FLATC                checks schema/checkpoint.fbs against schema/released/*/checkpoint.fbs
    check_conform.py FLATC --self-test    checks that a renumbered, a removed and a retyped field are refused
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SCHEMA_FOLDER = Path(__file__).resolve().parents[2] / "schema"
SCHEMA = SCHEMA_FOLDER / "checkpoint.fbs"


def conform(flatc: str, released: Path, successor: Path) -> str | None:
    """What flatc refuses, or None."""
    run = subprocess.run([flatc, "--conform", str(released), str(successor)], capture_output=True, text=True, check=False)
    return None if run.returncode == 0 else (run.stdout + run.stderr).strip() or f"flatc exits {run.returncode}"


def check(flatc: str) -> list[str]:
    released = sorted(SCHEMA_FOLDER.glob("released/*/checkpoint.fbs"))
    breaches = [f"{schema}: {refusal}" for schema in released if (refusal := conform(flatc, schema, SCHEMA))]
    return breaches if released else ["no released schema found"]


def changed_schemas(text: str) -> dict[str, str]:
    """A change that must be refused -> the schema with it."""
    first, second = re.findall(r"\(id: (?:18|20), required\);", text)
    return {
        "two ids swapped": text.replace(first, "@").replace(second, first).replace("@", second),
        "a field retyped": text.replace("dims:             [uint64]", "dims:             [uint32]"),
        "a struct's field retyped": text.replace("  entry_count: uint32;\n}", "  entry_count: uint16;\n}", 1),
        "a struct's field removed": text.replace("  flags:    uint8;\n", ""),
        "an enum-like kind moved": text.replace("  kind:    uint8;\n  subtype: uint8;\n", "  subtype: uint8;\n  kind:    uint8;\n"),
    }


def self_test(flatc: str) -> list[str]:
    text = SCHEMA.read_text(encoding="utf-8")
    grown = text.replace("(id: 29);\n", "(id: 29);\n  later: [uint8] (id: 30);\n")
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        successor = Path(folder) / "checkpoint.fbs"
        successor.write_text(grown, encoding="utf-8")
        if grown == text or (refusal := conform(flatc, SCHEMA, successor)):
            failures.append(f"an added field is refused: {refusal}")
        for change, changed in changed_schemas(text).items():
            successor.write_text(changed, encoding="utf-8")
            if changed == text or conform(flatc, SCHEMA, successor) is None:
                failures.append(f"accepted, or not made: {change}")
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flatc")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    failures = self_test(arguments.flatc) if arguments.self_test else check(arguments.flatc)
    print("\n".join(failures) or "ok")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
