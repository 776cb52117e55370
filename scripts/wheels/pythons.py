"""The Pythons of this machine that wheels can be built and tested with."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

FACTS = """
import json, os, sys, sysconfig
print(json.dumps({
    "name": "%d.%d" % sys.version_info[:2] + ("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""),
    "version": sys.version.split()[0],
    "prefix": sys.base_prefix,
    "headers": os.path.isfile(os.path.join(sysconfig.get_path("include"), "Python.h")),
}))
"""


@dataclass(frozen=True)
class Python:
    """An interpreter with its headers, in a folder of its own that holds all that belongs to it."""

    name: str  # 3.12, 3.13t
    version: str
    path: Path
    prefix: Path


def find(more: list[Path]) -> dict[str, Python]:
    """By name; the first of each on PATH, then those of pyenv, of uv, and in the folders `more`.

    Those in /usr are left out: a folder with one of them would hold everything else that is installed.
    """
    folders = [Path(each) for each in os.environ["PATH"].split(":")]
    for versions in [Path.home() / ".pyenv/versions", Path.home() / ".local/share/uv/python", *more]:
        folders += sorted(versions.glob("*/bin"))
    found: dict[str, Python] = {}
    for folder in folders:
        for path in sorted(folder.glob("python3.*")):
            python = look_at(path) if re.fullmatch(r"python3\.\d+t?", path.name) else None
            if python and python.name not in found:
                found[python.name] = python
    return found


def look_at(path: Path) -> Python | None:
    asked = subprocess.run([str(path), "-I", "-c", FACTS], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        return None
    facts = json.loads(asked.stdout)
    prefix = Path(facts["prefix"])
    if not facts["headers"] or prefix == Path("/usr"):
        return None
    real = prefix / "bin" / path.name
    return Python(facts["name"], facts["version"], real if real.exists() else path, prefix)
