#!/usr/bin/env python3
"""Writes expected.json beside the fixtures that make_pytorch_files.py wrote: what an importer must make of each.

    PYTHONPATH=BUILD/python/package expect_pytorch_files.py FOLDER      with a current PyTorch, and Milepost for Python

For each file: `sha256`, of the checkpoint that milepost.save(torch.load(path)) writes, and `refused`, the answers
"code/condition" with which an importer may refuse it, with `words` of the message. Where there is only one of both, that is
the only right outcome, unless `read`: it may then also be read, and this does not tell what it becomes. Both: torch.load(weights_only=True) refuses the file, for an opcode or a global that it does not know
but that is only data; an importer may do either.

Checks on the way that PyTorch reads the same from a file as the version that wrote it, that both of its loaders read the same,
and that saving twice writes the same bytes.
"""

import hashlib
import json
import re
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, Dict, List, Optional

import milepost
import torch
from make_pytorch_files import described

Expected = Dict[str, Any]
# What is only data, though PyTorch's safe loader refuses it, and Python has another form of it than a file can hold.
READ = re.compile("numpy_scalar|script-module|py27-legacy-numpy_array")
FORBIDDEN_GLOBAL = re.compile(r"(?:GLOBAL |add_safe_globals\(\[)([\w.]+)")


def saved(given: Any, folder: Path) -> Optional[str]:
    """The SHA-256 of the checkpoint; None if the object cannot be saved."""
    path = folder / "x.milepost"
    try:
        milepost.save(given, path, durable=False)
    except milepost.Error:
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load(path: Path, weights_only: bool) -> "tuple[Any, str]":
    """The object and ""; or None and why not."""
    try:
        return torch.load(path, map_location="cpu", weights_only=weights_only), ""
    except Exception as error:
        return None, str(error)


def same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def expected_of(path: Path, record: Dict[str, Any], folder: Path) -> "tuple[Expected, List[str]]":
    safe, refusal = load(path, weights_only=True)
    other, error = load(path, weights_only=False)
    problems = []
    if error and record["refused"] is None:
        problems.append(f"cannot be loaded: {error}")
    if record["loaded"] is not None and not same(json.loads(json.dumps(described(other))), record["loaded"]):
        problems.append("is not what the version that wrote it read")
    if not refusal and not same(described(safe), described(other)):
        problems.append("the two loaders differ")
    made: Expected = {}
    sha256 = None if error else saved(other, folder)
    if sha256 != (None if error else saved(load(path, weights_only=False)[0], folder)):
        problems.append("is not the same when it is saved twice")
    if sha256 is not None:
        made["sha256"] = sha256
    if record["refused"] is not None or refusal:
        made["refused"] = [record["refused"] or "unsupported/opcode"]
        found = FORBIDDEN_GLOBAL.search(refusal)
        if made["refused"] == ["unsupported/global"]:
            if found is None:
                problems.append(f"the safe loader names no global: {refusal}")
            else:
                made["words"] = [found[1].rsplit(".", 1)[-1]]
        if READ.search(path.name):
            made["read"] = True
    if not made or (record["refused"] is None and sha256 is None):
        problems.append("has no outcome")
    return made, [f"{path.name}: {problem}" for problem in problems]


def main() -> int:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    files: Dict[str, Expected] = {}
    made_by: Dict[str, Any] = {}
    problems = []
    with tempfile.TemporaryDirectory() as scratch:
        for record_file in sorted(folder.glob("[0-9]*.json")):
            records = json.loads(record_file.read_text(encoding="ascii"))
            made_by[record_file.stem] = records["made_by"]
            for name, record in sorted(records["files"].items()):
                files[name], found = expected_of(folder / name, record, Path(scratch))
                problems += found
    lines = [f'  {json.dumps(name)}: {json.dumps(files[name])}' for name in sorted(files)]
    versions = [f'  {json.dumps(tag)}: {json.dumps(made_by[tag])}' for tag in sorted(made_by)]
    text = '{\n "made_by": {\n' + ",\n".join(versions) + '\n },\n "files": {\n' + ",\n".join(lines) + "\n }\n}\n"
    (folder / "expected.json").write_text(text, encoding="ascii")
    counts = f"{len(files)} files, {sum('refused' in one for one in files.values())} of which may be refused"
    print("\n".join([*problems, counts]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
