"""The files of this project, for the tests that read its text."""

import os
import subprocess
from pathlib import Path

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
