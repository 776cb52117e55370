"""A root folder in which a wheel is tested: a Python, the libraries that it needs, and nothing else."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pythons import Python

# What NumPy and PyTorch take from the system.
SYSTEM_LIBRARIES = ["libstdc++.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1"]


@dataclass(frozen=True)
class Kind:
    """What is seen in the root, as arguments of bubblewrap, and its Python."""

    python: str
    binds: list[str]
    text: str


def of_folder(folder: Path, name: str) -> Kind:
    """A root that was made before in a folder, with a Python of that name."""
    binds = [argument for each in sorted(folder.iterdir()) if each.name not in ("dev", "proc", "sys", "tmp", "env")
             for argument in (["--symlink", str(each.readlink()), f"/{each.name}"] if each.is_symlink()
                              else ["--ro-bind", str(each), f"/{each.name}"])]
    return Kind(f"/usr/bin/python{name.removesuffix('t')}", binds, f"the root in {folder}")


def of_python(python: Python) -> Kind:
    """The folder of a Python of this machine, and of the system only the libraries that it is linked with."""
    libraries = libraries_of(python)
    shared = [argument for each in [python.prefix, *libraries] for argument in ("--ro-bind", str(each), str(each))]
    names = ", ".join(each.name for each in libraries)
    return Kind(str(python.path), shared, f"Python {python.version} with {names}")


def libraries_of(python: Python) -> list[Path]:
    """The paths by which the loader finds them, its own among them."""
    objects = [python.path, *(python.prefix / "lib").glob("python3*/lib-dynload/*.so")]
    text = "".join(
        subprocess.run(["ldd", str(each)], capture_output=True, text=True, check=False).stdout for each in objects
    )
    found = {Path(each) for each in re.findall(r"(/\S+) \(0x", text)}
    folder = next(each for each in found if each.name == "libc.so.6").parent
    found |= {folder / name for name in SYSTEM_LIBRARIES if (folder / name).exists()}
    return sorted(each for each in found if not each.is_relative_to(python.prefix))


class BareRoot:
    """Runs commands in the root, without a network. /env is a virtual environment, which alone can be written to."""

    def __init__(self, kind: Kind, work: Path, source: Path, scripts: Path) -> None:
        self._kind = kind
        self._work = work
        self._binds = [*kind.binds, "--ro-bind", str(source), "/source", "--ro-bind", str(scripts), "/scripts"]

    def __enter__(self) -> BareRoot:
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir()
        if not self.run([self._kind.python, "-m", "venv", "/env"]):
            raise RuntimeError(f"no virtual environment can be made in {self._kind.text}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._work, ignore_errors=True)

    def run(self, command: list[str], packages: Path | None = None) -> bool:
        """Whether it succeeded. `packages` is a folder that the command sees as /packages."""
        print(f"  $ {' '.join(command)}", flush=True)
        bubblewrap = [
            "bwrap", "--unshare-all", "--die-with-parent", "--clearenv", "--setenv", "PATH", "/env/bin",
            "--setenv", "HOME", "/tmp", "--setenv", "LC_ALL", "C.UTF-8", "--setenv", "PYTHONDONTWRITEBYTECODE", "1",
            "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp",
            *self._binds, "--bind", str(self._work), "/env",
        ]  # fmt: skip
        if packages:
            bubblewrap += ["--ro-bind", str(packages), "/packages"]
        return subprocess.run([*bubblewrap, *command], stdin=subprocess.DEVNULL, check=False).returncode == 0

    def install(self, names: list[str], packages: Path) -> bool:
        """By pip, from a folder of wheels alone."""
        options = ["--quiet", "--no-index", "--disable-pip-version-check", "--find-links", "/packages"]
        return self.run(["/env/bin/python", "-m", "pip", "install", *options, *names], packages)
