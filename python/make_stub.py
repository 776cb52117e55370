"""Writes the stub of the extension module: make_stub.py EXTENSION STUB"""

import importlib.util
import sys
import types
from pathlib import Path

from nanobind.stubgen import StubGen


def main() -> None:
    extension, stub = map(Path, sys.argv[1:3])
    # The module is a part of the package, whose other modules are not needed here.
    sys.modules["milepost"] = types.ModuleType("milepost")
    spec = importlib.util.spec_from_file_location("milepost._native", extension.resolve())
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generator = StubGen(module=module, quiet=True)
    generator.put(module)
    stub.write_text(generator.get(), encoding="utf-8")


main()
