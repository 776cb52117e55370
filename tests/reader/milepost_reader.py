"""A second reader of Milepost checkpoints, written from docs/format.md alone. Usage:

    milepost_reader.py ls FILE        the JSON of `milepost ls --json` (milepost.ls/1)
    milepost_reader.py verify FILE    {"ok": BOOL, "canonical_form_checked": BOOL, "damage": [...]}
    milepost_reader.py bytes FILE N   the content of tensor N, contiguous and row-major

A refused file prints {"error": {...}} to stdout and exits 1; damage found by `verify` exits 1 too.
"""

import json
import sys

from conventions import Refused
from first_access import tensor_bytes
from listing import ls_json
from opening import open_file
from verifying import canonical_form_checked, verify


def print_json(document: dict) -> None:
    sys.stdout.buffer.write(json.dumps(document, ensure_ascii=False).encode("utf-8") + b"\n")


def ls(path: str) -> int:
    print_json(ls_json(open_file(path)))
    return 0


def verify_file(path: str) -> int:
    checkpoint = open_file(path)
    damage = verify(checkpoint)
    print_json(
        {
            "ok": not damage,
            "canonical_form_checked": canonical_form_checked(checkpoint),
            "damage": [each.as_json() for each in damage],
        }
    )
    return 1 if damage else 0


def write_bytes(path: str, number: str) -> int:
    checkpoint = open_file(path)
    count = len(checkpoint.walk.views)
    if not number.isdigit() or int(number) >= count:
        print(f"milepost_reader: no tensor {number}, the file has {count}", file=sys.stderr)
        return 2
    sys.stdout.buffer.write(tensor_bytes(checkpoint, int(number)))
    return 0


COMMANDS = {("ls", 1): ls, ("verify", 1): verify_file, ("bytes", 2): write_bytes}


def main(arguments: list[str]) -> int:
    command = COMMANDS.get((arguments[0] if arguments else "", len(arguments) - 1))
    if command is None:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return command(*arguments[1:])
    except Refused as refused:
        print_json({"error": refused.as_json()})
        return 1
    except OSError as error:
        print(f"milepost_reader: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
