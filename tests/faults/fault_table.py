"""Which faults each system call of a save gets, and what must come of each: the rows of docs/design.md's fault matrix.

A call has a role, read from its line in strace's output: the fsync of the file and that of the folder are two. Per role
and error: SAVED (the fault is survived: exit 0, NEW) or the condition word that the driver must print. A role that is not
in the table gets the error EIO, and only the general rules apply to it.
"""

import os
import re

SAVED = "saved"

_OPEN = {"EMFILE": "open", "EACCES": "open", "EROFS": "open"}
_LINK = {"EMLINK": "link", "ENOSPC": "link", "EXDEV": "link"}
_RENAME = ("EACCES", "EIO", "ENOSPC", "EXDEV", "ENOSYS")

EXPECTED = {
    # rows 2, 20
    "open folder": {**_OPEN, "ENOSPC": "open", "EDQUOT": "open", "EINTR": SAVED},
    "open nameless": {**_OPEN, "ENOSPC": "no_space", "EDQUOT": "quota", "EINTR": SAVED,
                      "EOPNOTSUPP": SAVED, "EISDIR": SAVED, "EINVAL": SAVED, "ENOENT": SAVED},
    "open named": {**_OPEN, "ENOSPC": "no_space", "EDQUOT": "quota", "EINTR": SAVED, "EEXIST": SAVED},
    "open listing": dict.fromkeys(("EMFILE", "ENOSPC", "EACCES", "EROFS", "EDQUOT"), SAVED),
    "stat target": {"EACCES": "open", "EIO": "open"},
    "stat other": {"EIO": SAVED},
    "look for /proc": {"ENOENT": SAVED, "EACCES": SAVED},
    "list": {"EIO": SAVED},
    "set flags": {"EBADF": SAVED},
    "lock": {"ENOLCK": SAVED, "EAGAIN": SAVED, "ENOSYS": SAVED},
    "set mode": {"EPERM": SAVED, "EROFS": SAVED, "ENOSYS": SAVED},
    "random": {"EAGAIN": SAVED, "ENOSYS": SAVED},
    "limits": {"EPERM": SAVED},
    "reserve": {"ENOSPC": "no_space", "EDQUOT": "quota", "EFBIG": "file_size_limit", "EIO": "write",
                **dict.fromkeys(("ENOSYS", "EOPNOTSUPP", "EINVAL", "EPERM", "EINTR"), SAVED)},
    # rows 3, 4
    "write": {"ENOSPC": "no_space", "EIO": "write", "EDQUOT": "quota", "EFBIG": "file_size_limit", "EINTR": SAVED},
    "cut": {"ENOSPC": "no_space", "EIO": "write", "ENOSYS": "write", "EINTR": SAVED},
    # rows 5, 7 to 10
    "fsync file": {"EIO": "sync", "ENOSPC": "sync", "EDQUOT": "sync", "EINTR": SAVED},
    "close file": {"EIO": "close", "ENOSPC": "close", "EINTR": SAVED},
    "close other": {"EIO": SAVED, "ENOSPC": SAVED, "EINTR": SAVED},
    "link new": {**_LINK, "EEXIST": SAVED},
    "link old": {**_LINK, "EEXIST": SAVED},
    "rename old": dict.fromkeys(_RENAME, "link"),
    "rename new": dict.fromkeys(_RENAME, "rename"),
    "rename to free name": {**dict.fromkeys(("EACCES", "EIO", "ENOSPC", "EXDEV"), "rename"), "EEXIST": "target",
                            "ENOSYS": SAVED, "EINVAL": SAVED},
    "fsync folder": {"EIO": "directory_sync", "ENOSPC": "directory_sync", "EDQUOT": "directory_sync",
                     "EINTR": SAVED},
    "unlink": {"EIO": SAVED},
}

# What a fault that is survived once comes to when it stays. Where a later call of the same name must fail, that is read
# from the table above; these are the others. None: the general rules alone.
STICKY = {
    ("open nameless", "EOPNOTSUPP"): "open", ("open nameless", "EISDIR"): "open",
    ("open nameless", "EINVAL"): "open", ("open nameless", "ENOENT"): "open",
    ("open named", "EEXIST"): "open",
    ("link new", "EEXIST"): "link", ("link old", "EEXIST"): "link",
}

_ROW_OF_ROLE = {"write": 3, "cut": 3, "fsync file": 5, "close file": 7, "close other": 7, "link new": 8,
                "link old": 8, "rename old": 9, "rename new": 9, "rename to free name": 9, "fsync folder": 10}


def row_of(role, error):
    """The row of the fault matrix; 20 for the calls that are optional."""
    if error == "EINTR" and role == "write":
        return 4
    if role in _ROW_OF_ROLE:
        return _ROW_OF_ROLE[role]
    return 2 if role is not None and role.startswith("open") else 20


def _role_of_open(line, folder):
    if "O_TMPFILE" in line:
        return "open nameless"
    if "O_CREAT" in line:
        return "open named"
    return "open folder" if f'"{folder}"' in line else "open listing"


def role_of(name, line, folder, target):
    """The role of one line of `strace -y`, or None. `target` is a name in `folder`, an absolute path."""
    file_name = os.path.basename(target)
    # The first argument as -y shows it: 3</path/to/file>, with "(deleted)" for a file without a name.
    shown = re.match(r"\w+\(\d+<([^>]*)>", line)
    on_file = shown is not None and shown[1].startswith(folder + "/")
    if name == "openat":
        return _role_of_open(line, folder)
    if name in ("fsync", "fdatasync"):
        return "fsync file" if on_file else "fsync folder"
    if name == "close":
        return "close file" if on_file else "close other"
    if name in ("linkat", "link"):
        return "link new" if "/proc/self/fd" in line else "link old"
    if name in ("renameat", "rename", "renameat2"):
        if "RENAME_NOREPLACE" in line:
            return "rename to free name"
        return "rename old" if f'"{file_name}.prev"' in line else "rename new"
    if name in ("newfstatat", "statx", "fstatat64"):
        return "stat target" if f'"{file_name}"' in line or f'"{file_name}.prev"' in line else "stat other"
    return {"pwrite64": "write" if on_file else None, "write": "write" if on_file else None, "access": "look for /proc",
            "faccessat2": "look for /proc", "getdents64": "list", "fcntl": "set flags", "flock": "lock",
            "fchmod": "set mode", "getrandom": "random", "prlimit64": "limits", "fallocate": "reserve",
            "ftruncate": "cut", "unlinkat": "unlink"}.get(name)


def expected_once(role, error):
    """SAVED, a condition word, or None where only the general rules apply."""
    return EXPECTED.get(role, {}).get(error)


def expected_sticky(calls, index, error):
    """The same when the call at `index` and all later ones of its name fail."""
    role = calls[index].role
    if (role, error) in STICKY:
        return STICKY[role, error]
    for call in calls[index:]:
        if call.name == calls[index].name:
            once = expected_once(call.role, error)
            if (call.role, error) in STICKY or once is None:
                return None
            if once != SAVED:
                return once
    return SAVED
