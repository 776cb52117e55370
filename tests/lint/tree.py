"""The files of this project, for the tests that read its text."""

import argparse
import os
import subprocess
from pathlib import Path
from typing import Callable

_SKIPPED_FOLDERS = {".git", ".cache", "__pycache__", "subprojects"}


def project_root() -> Path:
    return Path(__file__).resolve().parents[2]


def project_files(root: Path) -> list[Path]:
    """Paths relative to `root`, sorted: what git tracks or would track; without git, all but build folders."""
    listed = _git_files(root)
    names = listed if listed is not None else _walked_files(root)
    return sorted(Path(name) for name in names if (root / name).is_file())


def _git_files(root: Path) -> list[str] | None:
    # safe.directory: a container's root may read the tree of another user.
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root)]
    try:
        top = subprocess.run([*command, "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=True)
        if Path(top.stdout.strip()).resolve() != root.resolve():
            return None
        listing = subprocess.run([*command, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                 capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [name for name in listing.stdout.split("\0") if name]


def _walked_files(root: Path) -> list[str]:
    names = []
    for folder, subfolders, files in os.walk(root):
        top = Path(folder) == root
        subfolders[:] = [name for name in subfolders
                         if name not in _SKIPPED_FOLDERS and not (top and name.startswith("build"))]
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return names


def run_lint(description: str, check: Callable[[Path, list[Path]], list[str]], self_test: Callable[[], list[str]]) -> int:
    """The main function of a lint: prints what `check` finds in the tree of --root, or what --self-test finds in the
    lint itself. Returns the exit status."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=project_root())
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        breaches = self_test()
    else:
        files = project_files(arguments.root)
        breaches = check(arguments.root, files) if files else ["no file found: is this the root?"]
    print("\n".join(breaches) or "ok")
    return 1 if breaches else 0
