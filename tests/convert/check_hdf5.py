#!/usr/bin/env python3
"""Gives HDF5 files that h5py and Keras wrote to a program that imports files, and compares what it makes of them.

    check_hdf5.py [--folder FOLDER] -- TOOL [ARGUMENT...]      files in FOLDER, by default tests/convert/files/hdf5
    check_hdf5.py --random COUNT [--seed SEED] -- TOOL ...     as many files that h5py writes now, of random content

Runs TOOL ARGUMENT... --dump FILE. FOLDER has expected.json (make_hdf5_files.py): what h5py read of each file. Only --random needs
h5py.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Sequence


def dumped(tool: Sequence[str], path: Path) -> Dict[str, Any]:
    """What the tool makes of a file, in the form of expected.json."""
    ran = subprocess.run([*tool, "--dump", str(path)], capture_output=True, check=False, timeout=120, stdin=subprocess.DEVNULL)
    if ran.returncode != 0:
        return {"refused": ran.stderr.decode("utf-8", "replace").strip()}
    found: Dict[str, Any] = {"tensors": [], "attributes": "{}", "texts": "{}"}
    for line in ran.stdout.decode("utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) == 2:
            found[fields[0]] = fields[1]
            continue
        name, dtype, shape, data = fields
        digest = hashlib.sha256(bytes.fromhex(data)).hexdigest()[:16]
        found["tensors"].append([name, dtype, [int(dim) for dim in shape.split(",") if dim], digest])
    found.pop("milepost.python", None)
    return found


def differences(found: Dict[str, Any], expected: Dict[str, Any]) -> List[str]:
    if "refused" in found:
        return [f"refused: {found['refused']}"]
    problems = [f"{part}: {found[part][:2000]}\n    expected {expected[part][:2000]}"
                for part in ("attributes", "texts") if found[part] != expected[part]]
    for left, right in zip(found["tensors"], expected["tensors"]):
        if left != right:
            problems.append(f"tensor {left}, expected {right}")
    if len(found["tensors"]) != len(expected["tensors"]):
        problems.append(f"{len(found['tensors'])} tensors, expected {len(expected['tensors'])}")
    return problems


def check_random(tool: Sequence[str], count: int, seed: int) -> int:
    from hdf5_described import described
    from hdf5_random import write_random
    tensors = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.h5"
        for number in range(seed, seed + count):
            write_random(path, number)
            expected = described(str(path))
            tensors += len(expected["tensors"])
            problems = differences(dumped(tool, path), expected)
            if problems:
                print(f"seed {number}:", *problems[:5], sep="\n  ")
                return 1
    print(f"{count} files with {tensors} tensors, all the same")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", nargs="+")
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent / "files" / "hdf5")
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    tool = [str(Path(arguments.tool[0]).resolve()), *arguments.tool[1:]]
    if arguments.random:
        return check_random(tool, arguments.random, arguments.seed)
    expected = json.loads((arguments.folder / "expected.json").read_text(encoding="ascii"))
    on_disk = {path.name for path in arguments.folder.glob("*.h5")}
    problems = [f"{name}: is in one of the folder and expected.json alone" for name in on_disk ^ set(expected)]
    for name in sorted(on_disk & set(expected)):
        problems += [f"{name}: {each}" for each in differences(dumped(tool, arguments.folder / name), expected[name])]
    print("\n".join(problems) or f"{len(expected)} files, ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
