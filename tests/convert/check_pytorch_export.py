#!/usr/bin/env python3
"""Reads with PyTorch what is exported as its files.

    check_pytorch_export.py CONVERT_TOOL

Each object of pytorch_objects.py is written with torch.save; it and each file of tests/convert/files that PyTorch's safe
loader reads become a checkpoint, and a file of PyTorch again. torch.load with weights_only=True must return the same object:
values, types, orders and attributes; the dtypes, shapes, strides and bits of tensors, and which of them share a storage. Exits
with 77, skipped, where a recent PyTorch is missing.
"""

import shutil
import struct
import subprocess
import sys
import tempfile
from operator import itemgetter
from pathlib import Path
from typing import Any

try:
    import torch
    from pytorch_objects import more_objects, objects
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

FILES = Path(__file__).resolve().parent / "files"
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
    if any(tensor.is_conj() or tensor.is_neg() for tensor in (a, b)):  # resolved when the file is read
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
        if path.endswith("/'state'"):  # of an optimizer: sorted by the numbers of its parameters
            left, right = (sorted(items, key=itemgetter(0)) for items in (left, right))
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

    def run(self, source: Path, target: Path) -> str:
        command = [self.convert, "--keep-storages", source, target]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stderr.strip()[:300] or str(done.returncode)

    def check_object(self, given: Any) -> str:
        """How the object does not survive; "refused: ..." if no checkpoint holds it."""
        try:
            torch.save(given, self.given)
        except Exception as error:  # noqa: BLE001
            return f"refused: by torch: {error!r}"
        return self.check()

    def check_file(self, path: Path) -> str:
        """The same of what PyTorch's safe loader reads from a file."""
        try:
            torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # noqa: BLE001
            return f"refused: by torch: {str(error)[:60]!r}"
        shutil.copyfile(path, self.given)
        return self.check()

    def check(self) -> str:
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
        theirs = torch.load(self.given, map_location="cpu", weights_only=False)  # the safe loader does not read b''
        for is_mapped in (False, True):
            loaded = torch.load(self.ours, weights_only=True, mmap=is_mapped)
            why = differs(theirs, loaded, {}) or differs(loaded, theirs, {})
            if why:
                return f"{'mapped ' if is_mapped else ''}{why}"
        return ""


def main() -> int:
    failures, refused, same = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(sys.argv[1], Path(folder))
        tasks = [(name, checks.check_object, each) for name, each in (objects() | more_objects()).items()]
        tasks += [(path.name, checks.check_file, path) for path in sorted(FILES.glob("*.pt"))]
        for name, check, each in tasks:
            why = check(each)
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
