#!/usr/bin/env python3
"""A campaign: whether older versions of PyTorch read what is exported as its files.

    check_old_pytorch.py CONVERT_TOOL PYTHON...      interpreters with older versions, such as /usr/bin/python3

The objects of pytorch_objects.py, as torch.save of this Python's recent PyTorch writes them, and the files of
tests/convert/files become files of PyTorch again by CONVERT_TOOL. Each PYTHON must read them if it reads the file that they
were made from, with weights_only=True too, where there is such a thing. And then torch.load must return what it returns in
this Python, bit for bit: values, types, orders and attributes; dtypes, shapes, strides, and which tensors share a storage.
The attributes that mark a tensor as a buffer may be missing: older versions do not load them.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from pytorch_objects import more_objects, objects

HERE = Path(__file__).resolve().parent
# (object, error) of each file.
Descriptions = dict[str, tuple[Any, str]]


def describe(python: str, folder: Path, *options: str) -> tuple[str, Descriptions]:
    command = [python, "-W", "ignore", str(HERE / "describe_pytorch.py"), *options, str(folder)]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    files = {name: (found, error) for name, found, error in map(json.loads, lines[1:])}
    return json.loads(lines[0]), files


def make_files(tool: str, given: Path, exported: Path) -> None:
    """Names without spaces: a file's name is that of the folder in it."""
    for number, (name, each) in enumerate((objects() | more_objects()).items()):
        path = given / f"{re.sub('[^a-z0-9]+', '-', name.lower())[:40]}-{number}.pt"
        try:
            torch.save(each, path)
        except Exception as error:  # noqa: BLE001
            print(f"torch cannot save {name}: {str(error)[:100]}")
            path.unlink()
    for path in (HERE / "files").glob("*.pt"):
        if "script" not in path.name:  # of torch.jit.save: older versions end the process
            shutil.copyfile(path, given / path.name)
    for path in given.glob("*.pt"):
        command = [tool, "--keep-storages", path, exported / path.name]
        subprocess.run(command, check=False, capture_output=True)  # some are refused


def without_attributes(described: Any) -> Any:
    if isinstance(described, list):
        return [without_attributes(item) for item in described]
    if not isinstance(described, dict):
        return described
    kept = (pair for pair in described.items() if pair[0] != "attributes" or "tensor" not in described)
    return {key: without_attributes(item) for key, item in kept}


def outcome(expected: Any, found: tuple[Any, str], of_given: tuple[Any, str]) -> str:
    """A kind of outcome, or how it is wrong after "wrong: "."""
    loaded, why = found
    if why:
        return "refused as the file that was given" if of_given[1] else f"wrong: {why}"
    if loaded == expected:
        return "equal"
    if without_attributes(loaded) == without_attributes(expected):
        return "equal without the attributes of buffers"
    return f"wrong: {difference(expected, loaded)}"


def difference(given: Any, loaded: Any, path: str = "") -> str:
    """The first one."""
    if type(given) is type(loaded) and isinstance(given, dict) and given.keys() == loaded.keys():
        pairs = [(f"{path}/{key}", given[key], loaded[key]) for key in given]
    elif isinstance(given, list) and isinstance(loaded, list) and len(given) == len(loaded):
        pairs = [(f"{path}/{i}", *each) for i, each in enumerate(zip(given, loaded, strict=True))]
    else:
        return "" if given == loaded else f"{path}: {str(given)[:200]}, found {str(loaded)[:200]}"
    return next((why for at, a, b in pairs if (why := difference(a, b, at))), "")


def check(python: str, options: list[str], given: Path, exported: Path, expected: Descriptions) -> list[str]:
    """What is wrong. Prints how many files have each outcome."""
    version, found = describe(python, exported, *options)
    _, of_given = describe(python, given, *options)
    name = " ".join([f"torch {version}", *options])
    outcomes = {file: outcome(expected[file][0], found[file], of_given[file]) for file in expected}
    counts = Counter(why.split(":")[0] for why in outcomes.values())
    print(f"{name}: " + ", ".join(f"{count} {what}" for what, count in counts.most_common()))
    reasons = Counter(re.sub(r"^.*?error: | on <module.*", "", why)[:110] for _, why in found.values() if why)
    for reason, count in reasons.most_common():
        print(f"    {count} refused: {reason}")
    return [f"{name}: {file}: {why}" for file, why in outcomes.items() if why.startswith("wrong")]


def has_safe_loader(python: str) -> bool:
    command = [python, "-c", "import torch, inspect; print('weights_only' in inspect.signature(torch.load).parameters)"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip() == "True"


def main() -> int:
    tool, pythons = sys.argv[1], sys.argv[2:]
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        given, exported = Path(scratch) / "given", Path(scratch) / "exported"
        given.mkdir()
        exported.mkdir()
        make_files(tool, given, exported)
        version, expected = describe(sys.executable, exported)
        wrong += [f"torch {version}: {name}: {why}" for name, (_, why) in expected.items() if why]
        print(f"{len(expected)} files, written and described with torch {version}")
        for python in pythons:
            for options in [[], ["--weights-only"]][: 2 if has_safe_loader(python) else 1]:
                wrong += check(python, options, given, exported, expected)
    print(*wrong, sep="\n")
    return 1 if wrong or not pythons else 0


if __name__ == "__main__":
    sys.exit(main())
