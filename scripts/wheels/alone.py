"""Run where the wheel is installed and nothing else: alone.py LIMIT

Imports the package, saves and loads, converts an archive of arrays by the command, checks which libraries that took, and
that the import takes less than LIMIT ms of the processor.
"""

import importlib.metadata
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# Linked statically, or used as headers.
WITHIN = ("libfmt", "libmilepost", "libminizip", "libstdc++", "libxxhash", "libz.", "libzstd")

limit_ms = float(sys.argv[1])
installed = {each.metadata["Name"] for each in importlib.metadata.distributions()} - {"pip", "setuptools"}
assert installed == {"milepost"}, installed


def libraries() -> set[Path]:
    with open("/proc/self/maps", encoding="utf-8") as maps:
        return {Path(line[line.index("/") :].strip()) for line in maps if ".so" in line}


def linked_with(file: Path) -> set[str]:
    """What the loader would load with it."""
    loader = next(each for each in libraries() if each.name.startswith("ld-"))
    listed = subprocess.run([loader, "--list", file], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listed.splitlines()}


before = libraries()  # Python has libz and libzstd for itself
import milepost

state = {"epoch": 3, "losses": [0.5, 0.25], "name": "ä", "large": 2**200, "set": {1, "a"}}
path = os.path.join(tempfile.mkdtemp(), "file.milepost")
milepost.save(state, path, codec="smallest")
assert milepost.load(path) == state
assert milepost.__version__ == importlib.metadata.version("milepost")

# An archive as NumPy writes it, deflated, to a checkpoint and back.
command = Path(sys.executable).with_name("milepost")
folder = Path(tempfile.mkdtemp())
header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 300), }\n"
data = struct.pack("<600f", *range(600))
with zipfile.ZipFile(folder / "in.npz", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("weight.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)
for source, target in (("in.npz", "file.milepost"), ("file.milepost", "out.npz")):
    subprocess.run([command, "convert", "--verify", folder / source, folder / target], check=True)
with zipfile.ZipFile(folder / "out.npz") as archive:
    assert archive.namelist() == ["weight.npy"], archive.namelist()
    assert archive.read("weight.npy").endswith(data)

loaded = libraries() - before
(native,) = (each for each in loaded if each.name.startswith("_native"))
wrong = {name for name in {each.name for each in loaded} | linked_with(native) | linked_with(command) if name.startswith(WITHIN)}
assert not wrong, wrong

# On a Python without the GIL the import must not bring it back.
enabled = getattr(sys, "_is_gil_enabled", lambda: None)()
assert enabled is not (sys.abiflags.startswith("t")), "the GIL is enabled"

# Time of the processor: that of the clock depends on what else the machine does.
timed = """
import time
clock, processor = time.perf_counter(), time.process_time()
import milepost
print((time.process_time() - processor) * 1e3, (time.perf_counter() - clock) * 1e3)
"""
times = [
    [float(each) for each in subprocess.run([sys.executable, "-c", timed], capture_output=True, check=True).stdout.split()]
    for _ in range(20)
]
processor, clock = (sorted(column)[len(column) // 2] for column in zip(*times))
print(f"    import milepost: {processor:.1f} ms of the processor, {clock:.1f} ms of the clock (median of 20)")
assert processor < limit_ms
