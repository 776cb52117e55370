"""The package is whole: lists of files agree, and importing it takes nothing that it does not need."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import milepost

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "milepost"


def listed(pattern: str, file: str) -> list[str]:
    return re.findall(pattern, (ROOT / file).read_text(encoding="utf-8"))


def test_every_module_is_installed() -> None:
    there = {f"milepost/{each.relative_to(PACKAGE)}" for each in PACKAGE.rglob("*.py")} | {"milepost/py.typed"}
    named = listed(r"'(milepost/[^']+\.(?:py|typed))'", "python/meson.build")
    assert sorted(named) == sorted(there)


def test_every_source_of_the_extension_is_compiled() -> None:
    there = {f"native/{each.name}" for each in (ROOT / "python" / "native").glob("*.cpp")}
    assert sorted(listed(r"'(native/[^']+)'", "python/meson.build")) == sorted(there)


def test_every_folder_of_the_package_is_installed_where_it_is() -> None:
    """A folder that install_sources does not name would be flattened into another one."""
    folders = {"milepost"} | {f"milepost/{each.parent.relative_to(PACKAGE)}" for each in PACKAGE.rglob("*/*.py")}
    named = listed(r"install_sources\(\w+, pure: false, subdir: '([^']+)'\)", "python/meson.build")
    assert sorted(named) == sorted(folders)


def test_there_is_one_version() -> None:
    (version,) = listed(r"\n  version: '([^']+)',", "meson.build")
    assert milepost.__version__ == version
    assert listed(r'dynamic = \["(version)"\]', "pyproject.toml") == ["version"]
    assert not listed(r"(?m)^version = ", "pyproject.toml")


def test_the_package_depends_on_nothing() -> None:
    assert not listed(r"(?m)^dependencies = ", "pyproject.toml")
    asked = "import sys; before = set(sys.modules); import milepost; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    imported = {name.split(".")[0] for name in done.stdout.split()}
    assert "milepost" in imported
    assert {each for each in imported if each not in sys.stdlib_module_names} == {"milepost"}


def test_the_stub_says_what_the_extension_has() -> None:
    from milepost import _native

    stub = Path(_native.__file__).with_name("_native.pyi")
    if not stub.exists():
        pytest.skip("the stub is not beside the extension")
    named = set(re.findall(r"(?m)^(?:class|def) (\w+)", stub.read_text(encoding="utf-8")))
    assert named == {name for name in vars(_native) if not name.startswith("_") and name != "version"}
