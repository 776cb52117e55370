#!/usr/bin/env python3
"""Compares GGUF files of Milepost with the package gguf, which llama.cpp writes and reads its files with.

    check_gguf.py CONVERT_TOOL

A file that the package writes becomes a checkpoint and the same bytes again; a checkpoint becomes a file that the package
reads. Exits with 77, skipped, where the package or NumPy is missing.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import gguf
    import numpy as np
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

TYPES = gguf.GGMLQuantizationType
# Not in the package: the C code of ggml has halves where the package still counts floats. No file has this type.
OTHER_SIZE = {TYPES.Q8_1}


def write_file(path: Path, arch: str = "llama") -> dict[str, np.ndarray]:
    """Values and tensors of every type; the tensors as the package wrote them."""
    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, arch)
    writer.add_name("milepost")
    writer.add_custom_alignment(64)
    writer.add_context_length(4096)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_token_list(["a", "é", b"\xff\xfe", ""])
    writer.add_token_scores([0.5, -1.25, 3.0e-39, 0.0])
    writer.add_token_types([1, 2, 3, 4])
    for kind, value in [("uint8", 7), ("int8", -7), ("uint16", 7), ("int16", -7), ("uint64", 2**64 - 1), ("int64", -(2**63))]:
        getattr(writer, f"add_{kind}")(f"test.{kind}", value)
    writer.add_float64("test.float64", 0.1)
    writer.add_bool("test.bool", True)
    tensors = {}
    for dtype in (np.float32, np.float16, np.float64, np.int8, np.int16, np.int32, np.int64):
        tensors[np.dtype(dtype).name] = (rng.standard_normal((3, 5)) * 100).astype(dtype)
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    floats = rng.standard_normal((4, 512)).astype(np.float32)
    for kind in TYPES:
        elements, nbytes = gguf.GGML_QUANT_SIZES[kind]
        if kind is not TYPES.BF16 and elements == 1 or kind in OTHER_SIZE:
            continue
        try:
            tensor = gguf.quants.quantize(floats, kind)
        except NotImplementedError:
            tensor = rng.integers(0, 256, (4, 512 // elements * nbytes), np.uint8)
        name = f"blk.0.{kind.name}.weight"
        writer.add_tensor(name, tensor, raw_dtype=kind)
        tensors[name] = tensor
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


def check_package_files(convert: str, folder: Path) -> None:
    tensors = write_file(folder / "a.gguf")
    subprocess.run([convert, folder / "a.gguf", folder / "a.milepost"], check=True)
    subprocess.run([convert, folder / "a.milepost", folder / "b.gguf"], check=True)
    assert (folder / "a.gguf").read_bytes() == (folder / "b.gguf").read_bytes(), "not the same file"
    read = {tensor.name: tensor.data for tensor in gguf.GGUFReader(folder / "b.gguf").tensors}
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert read[name].tobytes() == tensor.tobytes(), name


def check_our_files(convert: str, folder: Path) -> None:
    """From a file of NumPy's, if this build reads those."""
    tensors = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.arange(4, dtype=np.int64)}
    np.savez(folder / "c.npz", **tensors)
    done = subprocess.run([convert, folder / "c.npz", folder / "c.gguf"], check=False, capture_output=True, text=True)
    if "this build does not read npz" in done.stderr:
        return
    assert done.returncode == 0, done.stderr
    reader = gguf.GGUFReader(folder / "c.gguf")
    for tensor in reader.tensors:
        assert np.array_equal(tensor.data, tensors[tensor.name]), tensor.name


def main() -> int:
    convert = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        check_package_files(convert, Path(folder))
        check_our_files(convert, Path(folder))
    print(f"same bytes and tensors as gguf {getattr(gguf, '__version__', '')}".rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
