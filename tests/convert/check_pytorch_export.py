#!/usr/bin/env python3
"""Reads with PyTorch what is exported as its files.

    check_pytorch_export.py CONVERT_FILE

Each object of check_pytorch.py is written with torch.save, becomes a checkpoint, and a file of PyTorch again. torch.load
with weights_only=True must return the same object: values, types, orders and attributes; the dtypes, shapes, strides and
bits of tensors, and which of them share a storage. Exits with 77, skipped, where PyTorch is missing.
"""

import struct
import subprocess
import sys
import tempfile
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

try:
    import torch
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

import check_pytorch

# Python objects of both sides: which storage of one is which of the other.
Storages = dict[int, int]


def bits_of(tensor: torch.Tensor) -> bytes:
    resolved = tensor.detach().resolve_conj().resolve_neg()
    if resolved.numel() == 0:
        return b""
    if not resolved.is_contiguous():
        resolved = resolved.contiguous()
    return bytes(torch.empty(0, dtype=torch.uint8).set_(
        resolved.untyped_storage(), resolved.storage_offset() * resolved.element_size(),
        (resolved.numel() * resolved.element_size(),)).tolist())


def strides_of(tensor: torch.Tensor) -> list[tuple[int, int]]:
    return [pair for pair in zip(tensor.shape, tensor.stride(), strict=True) if pair[0] > 1 and tensor.numel() > 0]


def differs_tensor(a: torch.Tensor, b: torch.Tensor, storages: Storages) -> str:
    if (a.dtype, a.shape, a.requires_grad) != (b.dtype, b.shape, b.requires_grad):
        return f"{a.dtype} {a.shape} {a.requires_grad}, found {b.dtype} {b.shape} {b.requires_grad}"
    if isinstance(a, torch.nn.Parameter) != isinstance(b, torch.nn.Parameter):
        return f"{type(a)}, found {type(b)}"
    if bits_of(a) != bits_of(b):
        return "other bits"
    if a.is_conj() or a.is_neg():  # resolved when the file is read
        return ""
    if strides_of(a) != strides_of(b) or (a.numel() > 0 and a.storage_offset() != b.storage_offset()):
        return f"strides {a.stride()} at {a.storage_offset()}, found {b.stride()} at {b.storage_offset()}"
    if a.untyped_storage().nbytes() > 0:
        at = a.untyped_storage().data_ptr()
        if storages.setdefault(at, b.untyped_storage().data_ptr()) != b.untyped_storage().data_ptr():
            return "does not share its storage"
    return ""


def items_of(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        pairs = [(f"/{key!r}", item) for key, item in value.items()]
        attributes = [(f".{key}", item) for key, item in vars(value).items()] if hasattr(value, "__dict__") else []
        return pairs + attributes
    if isinstance(value, list | tuple):
        return [(f"/{i}", item) for i, item in enumerate(value)]
    return []


def differs(a: Any, b: Any, storages: Storages, path: str = "") -> str:
    """Where two objects differ, and how; "" if they do not."""
    if isinstance(a, torch.Tensor):
        if not isinstance(b, torch.Tensor):
            return f"{path}: a tensor, found {type(b)}"
        why = differs_tensor(a, b, storages)
        return f"{path}: {why}" if why else ""
    if type(a) is not type(b):
        return f"{path}: {type(a)}, found {type(b)}"
    if isinstance(a, dict | list | tuple):
        left, right = items_of(a), items_of(b)
        if [name for name, _ in left] != [name for name, _ in right]:
            return f"{path}: items {left[:5]!r}, found {right[:5]!r}"
        return next((why for (name, x), (_, y) in zip(left, right, strict=True)
                     if (why := differs(x, y, storages, path + name))), "")
    if isinstance(a, float):
        return "" if struct.pack("<d", a) == struct.pack("<d", b) else f"{path}: {a}, found {b}"
    if isinstance(a, complex):
        return differs([a.real, a.imag], [b.real, b.imag], storages, path)
    return "" if a == b else f"{path}: {a!r}, found {b!r}"


class Checks:
    def __init__(self, convert: str, folder: Path) -> None:
        self.convert = convert
        self.given, self.ours = folder / "x.pt", folder / "ours" / "x.pt"
        self.saved, self.again = folder / "x.milepost", folder / "again" / "x.pt"
        self.back = folder / "back.milepost"
        for file in (self.ours, self.again):
            file.parent.mkdir()

    def run(self, source: Path, target: Path, *options: str) -> str:
        done = subprocess.run([self.convert, *options, source, target], check=False, capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stderr.strip()[:300] or str(done.returncode)

    def check(self, given: Any) -> str:
        """How the object does not survive; "refused: ..." if no checkpoint holds it."""
        try:
            torch.save(given, self.given)
        except Exception as error:  # noqa: BLE001
            return f"refused: by torch: {error!r}"
        why = self.run(self.given, self.saved)
        if why:
            return f"refused: {why}"
        for source, target in ((self.given, self.ours), (self.saved, self.again), (self.ours, self.back)):
            why = self.run(source, target)
            if why:
                return f"{source} to {target}: {why}"
        if self.ours.read_bytes() != self.again.read_bytes():
            return "other bytes from a checkpoint than from the file"
        if self.saved.read_bytes() != self.back.read_bytes():
            return "the checkpoint of the new file is another one"
        theirs = torch.load(self.given, weights_only=False)  # the safe loader does not read b''
        for is_mapped in (False, True):
            loaded = torch.load(self.ours, weights_only=True, mmap=is_mapped)
            why = differs(theirs, loaded, {}) or differs(loaded, theirs, {})
            if why:
                return f"{'mapped ' if is_mapped else ''}{why}"
        return ""


def more_objects() -> dict[str, Any]:
    return {
        "no bytes": [b"", bytearray(), {"a": b""}],
        "large dict": {i: str(i) for i in range(2001)},
        "large set": set(range(1001)),
        "thousand": list(range(1000)),
        "deep": deep(40),
        "many": [torch.full((2,), float(i)) for i in range(300)],
        "dtype keys": Counter({torch.float32: 1}),
    }


def deep(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def main() -> int:
    failures, refused, same = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(sys.argv[1], Path(folder))
        for name, each in (check_pytorch.objects() | more_objects()).items():
            why = checks.check(each)
            if why.startswith("refused: "):
                refused += 1
                print(f"{name}: {why}")
            elif why:
                failures.append(f"{name}: {why}")
            else:
                same += 1
    print(*failures, sep="\n")
    print(f"{same} objects are loaded as they were, {refused} are refused, {len(failures)} differ; torch {torch.__version__}")
    return 1 if failures or not same else 0


if __name__ == "__main__":
    sys.exit(main())
