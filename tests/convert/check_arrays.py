#!/usr/bin/env python3
"""Compares milepost-convert with safetensors and NumPy: what each writes, the other one reads.

    check_arrays.py CONVERT_TOOL [safetensors] [shards] [npz] [npy]      some of the checks; by default all

Needs NumPy, PyTorch, safetensors and the Python package of Milepost. Prints `skipped: ...` for what cannot be compared because
one of them is not there, and exits with 77 then, if the rest is right.
"""

from __future__ import annotations

import importlib
import io
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

TOOL = sys.argv[1]
SKIPPED = 77


def convert(source: Path, target: Path, *options: str) -> None:
    done = subprocess.run([TOOL, *options, str(source), str(target)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{source.name} -> {target.name}: {done.stderr}"


def refused(source: Path) -> str:
    done = subprocess.run([TOOL, str(source), str(source) + ".milepost"], capture_output=True, text=True, check=False)
    assert done.returncode == 2, f"{source.name}: accepted"
    return done.stderr


def header_and_data(path: Path) -> tuple[bytes, bytes, int]:
    content = path.read_bytes()
    (nbytes,) = struct.unpack("<Q", content[:8])
    return content[8 : 8 + nbytes].rstrip(b" "), content[8 + nbytes :], 8 + nbytes


def torch_tensors() -> dict[str, Any]:
    import torch
    from torch import float4_e2m1fn_x2

    words = """bool uint8 int8 int16 uint16 int32 uint32 int64 uint64 float16 bfloat16 float32 float64 complex64
               float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu""".split()
    made = {}
    for number, word in enumerate(words):
        content = (torch.arange(48) * (number + 3) % (2 if word == "bool" else 251)).to(torch.uint8)
        made[word] = content.view(getattr(torch, word)).reshape(2, -1)
    made["f4"] = torch.arange(8, dtype=torch.uint8).reshape(2, 4).view(float4_e2m1fn_x2)
    return made | {"empty": torch.zeros(0, 3), "scalar": torch.tensor(3.0), 'é"\\x': torch.ones(3)}


def check_safetensors(folder: Path) -> None:
    """All dtypes: the same file back but for padding, and the same checkpoint as from Python."""
    import milepost.torch
    import safetensors.torch

    tensors, metadata = torch_tensors(), {"format": "pt"}
    given, saved, back = folder / "a.safetensors", folder / "a.milepost", folder / "b.safetensors"
    safetensors.torch.save_file(tensors, given, metadata=metadata)
    convert(given, saved)
    convert(saved, back)
    expected, found = header_and_data(given), header_and_data(back)
    assert expected[:2] == found[:2], "the header or the data differ from what safetensors writes"
    assert found[2] % 64 == 0
    safetensors.torch.load_file(back)
    from_python = folder / "python.milepost"
    milepost.torch.save_file(safetensors.torch.load_file(given), from_python, metadata=metadata)
    assert from_python.read_bytes() == saved.read_bytes(), "not the checkpoint that milepost.torch.save_file writes"


def check_shards(folder: Path) -> None:
    import safetensors.torch

    tensors = torch_tensors()
    names = list(tensors)
    files = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, held in files.items():
        safetensors.torch.save_file({name: tensors[name] for name in held}, folder / file, metadata={"format": "pt"})
    index = folder / "model.safetensors.index.json"
    total = sum(tensor.untyped_storage().nbytes() for tensor in tensors.values())
    weight_map = {name: file for file, held in files.items() for name in held}
    index.write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}, indent=2))
    back, whole = folder / "shards.safetensors", folder / "whole.safetensors"
    convert(index, back)
    safetensors.torch.save_file(tensors, whole, metadata={"format": "pt"})
    assert header_and_data(back)[:2] == header_and_data(whole)[:2]


def numpy_arrays() -> dict[str, Any]:
    import numpy

    words = "?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"
    made = {word: (numpy.arange(6) % (2 if word == "?" else 7)).reshape(2, 3).astype(word) for word in words}
    made |= {"scalar": numpy.array(3, "f4"), "empty": numpy.zeros((0, 3)), "long": numpy.arange(300_000)}
    return made | {"dir/name": numpy.arange(3), "é": numpy.zeros(1)}


def same(left: Any, right: Any) -> bool:
    import numpy

    return left.dtype == right.dtype and numpy.array_equal(left, right) and left.shape == right.shape


def check_npz(folder: Path) -> None:
    """Stored and compressed archives become one checkpoint, that of Python; NumPy reads what is written."""
    import milepost.torch
    import numpy
    import torch

    arrays = numpy_arrays()
    stored, compressed = folder / "stored.npz", folder / "compressed.npz"
    numpy.savez(stored, **arrays)
    numpy.savez_compressed(compressed, **arrays)
    convert(stored, folder / "stored.milepost")
    convert(compressed, folder / "compressed.milepost")
    saved = (folder / "stored.milepost").read_bytes()
    assert saved == (folder / "compressed.milepost").read_bytes(), "compressed arrays differ from stored ones"
    convert(folder / "stored.milepost", folder / "back.npz")
    with numpy.load(folder / "back.npz", allow_pickle=False) as back, zipfile.ZipFile(folder / "back.npz") as archive:
        assert list(back) == list(arrays)
        assert all(same(back[name], array) for name, array in arrays.items())
        for name, array in arrays.items():
            expected = io.BytesIO()
            numpy.save(expected, array)
            assert archive.read(f"{name}.npy") == expected.getvalue(), f"{name}: not the member that NumPy writes"
    milepost.torch.save_file(
        {name: torch.from_numpy(array) for name, array in arrays.items()}, folder / "python.milepost"
    )
    assert saved == (folder / "python.milepost").read_bytes(), "not the checkpoint that milepost.torch.save_file writes"


def check_npy(folder: Path) -> None:
    """Byte orders, Fortran order and versions, and what is refused."""
    import numpy

    for word in ("u2", "i4", "f8", "c8", "c16"):
        native = numpy.arange(24).reshape(2, 3, 4).astype(f"<{word}")
        for array in (
            native,
            native.astype(f">{word}"),
            numpy.asfortranarray(native),
            numpy.asfortranarray(native.astype(f">{word}")),
        ):
            for version in ((1, 0), (2, 0), (3, 0)):
                with open(folder / "a.npy", "wb") as file:
                    numpy.lib.format.write_array(file, array, version)
                convert(folder / "a.npy", folder / "b.npz")
                with numpy.load(folder / "b.npz") as back:
                    assert list(back) == ["arr_0"]
                    assert same(back["arr_0"], native), f"{array.dtype.str}, version {version}"
    refused_arrays = [
        numpy.array([None]),
        numpy.array(["a"]),
        numpy.zeros(1, "M8[s]"),
        numpy.zeros(1, [("a", "f4")]),
        numpy.zeros(1, "V2"),
    ]
    for array in refused_arrays:
        numpy.save(folder / "a.npy", array)
        assert refused(folder / "a.npy").startswith("unsupported/feature"), array.dtype


# What each check needs; pytorch_objects needs a recent PyTorch.
CHECKS = {
    "safetensors": (check_safetensors, ["safetensors.torch", "pytorch_objects", "milepost.torch"]),
    "shards": (check_shards, ["safetensors.torch", "pytorch_objects"]),
    "npz": (check_npz, ["numpy", "torch", "milepost.torch"]),
    "npy": (check_npy, ["numpy"]),
}


def main() -> int:
    failed = skipped = 0
    for name in sys.argv[2:] or CHECKS:
        check, packages = CHECKS[name]
        try:
            for package in packages:
                importlib.import_module(package)
        except ImportError as error:
            print(f"skipped: {name}: {error}")
            skipped += 1
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                check(Path(folder))
                print(f"passed: {name}")
            except AssertionError as error:
                print(f"FAILED: {name}: {error}")
                failed += 1
    return 1 if failed else SKIPPED if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
