"""Whether the tests that inject faults can run here."""

import subprocess


def strace_works():
    """Whether strace can trace, and fail a call, here."""
    try:
        status = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", "trace=chdir", "-e",
                                 "inject=chdir:error=EIO", "sh", "-c", "cd / && exit 1; exit 42"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
    except OSError:
        return False
    return status == 42
