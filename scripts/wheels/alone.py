"""Run where the wheel is installed and nothing else: alone.py LIMIT

Imports the package, saves and loads, checks which libraries that took, and that the import takes less than LIMIT ms
of the processor.
"""

import importlib.metadata
import os
import subprocess
import sys
import tempfile

limit_ms = float(sys.argv[1])
installed = {each.metadata["Name"] for each in importlib.metadata.distributions()} - {"pip", "setuptools"}
assert installed == {"milepost"}, installed


def libraries() -> set[str]:
    with open("/proc/self/maps", encoding="utf-8") as maps:
        return {line.split("/")[-1].strip() for line in maps if ".so" in line}


before = libraries()  # Python 3.14 has libzstd for itself
import milepost

state = {"epoch": 3, "losses": [0.5, 0.25], "name": "ä", "large": 2**200, "set": {1, "a"}}
path = os.path.join(tempfile.mkdtemp(), "file.milepost")
milepost.save(state, path, codec="smallest")
assert milepost.load(path) == state
assert milepost.__version__ == importlib.metadata.version("milepost")

loaded = libraries() - before
assert any(each.startswith("_native") for each in loaded), loaded
wrong = {each for each in loaded if each.startswith(("libzstd", "libxxhash", "libmilepost", "libfmt", "libstdc++"))}
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
