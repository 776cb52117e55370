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
_REFUSED = ("EINVAL", "ENOSYS", "EOPNOTSUPP")
_NO_LINK = ("EMLINK", "ENOSPC", "EXDEV", "EPERM", "EOPNOTSUPP", "ENOSYS", "EEXIST")

EXPECTED = {
    # rows 2, 20
    "open folder": {**_OPEN, "EACCES": SAVED, "ENOSPC": "open", "EDQUOT": "open", "EINTR": SAVED},
    "open nameless": {**_OPEN, "ENOSPC": "no_space", "EDQUOT": "quota", "EINTR": SAVED,
                      "EOPNOTSUPP": SAVED, "EISDIR": SAVED, "EINVAL": SAVED, "ENOENT": SAVED},
    "open probe": dict.fromkeys(("EMFILE", "EACCES", "EROFS", "ENOSPC", "EDQUOT", "EINTR", *_REFUSED), SAVED),
    "open named": {**_OPEN, "ENOSPC": "no_space", "EDQUOT": "quota", "EINTR": SAVED, "EEXIST": SAVED},
    "open listing": dict.fromkeys(("EMFILE", "ENOSPC", "EACCES", "EROFS", "EDQUOT"), SAVED),
    "open target early": {"EMFILE": "open", "EIO": "open", "EACCES": SAVED, "ENOENT": SAVED, "EINTR": SAVED},
    "open target": dict.fromkeys(("EMFILE", "EIO", "EACCES", "ENOENT", "EINTR"), SAVED),
    "stat open target early": {"EIO": "open"},
    "stat open target": {"EIO": SAVED},
    "stat target": {"EACCES": "open", "EIO": "open", "EPERM": SAVED, "ENOSYS": SAVED},
    "name limit": {"EIO": SAVED, "ENOSYS": SAVED},
    "stat target again": {"EACCES": SAVED, "EIO": SAVED},
    "stat other": {"EIO": None},
    "look for /proc": {"ENOENT": SAVED, "EACCES": SAVED},
    "list": {"EIO": SAVED},
    "set flags": {"EBADF": SAVED},
    "lock": {"ENOLCK": SAVED, "EAGAIN": SAVED, "ENOSYS": SAVED},
    "set mode": {"EPERM": SAVED, "EROFS": SAVED, "ENOSYS": SAVED},
    "attribute": dict.fromkeys(("EPERM", "EIO", "ENOSYS", "EOPNOTSUPP", "ERANGE"), SAVED),
    "set owner": dict.fromkeys(("EPERM", "EIO", "ENOSYS", "EDQUOT"), SAVED),
    "check cut": dict.fromkeys(("ENOSYS", "EPERM", "EINVAL", "EIO", "EINTR"), SAVED),
    "check link": dict.fromkeys((*_NO_LINK, "ENOENT"), SAVED),
    "check old link": dict.fromkeys(_NO_LINK, SAVED),
    "check rename": {**dict.fromkeys(("EACCES", "EIO", "EXDEV"), "link"), "ENOSPC": "no_space",
                     **dict.fromkeys((*_REFUSED, "EPERM", "EEXIST"), SAVED)},
    "open to copy": dict.fromkeys(("EMFILE", "EIO", "EACCES"), "link"),
    "stat to copy": {"EIO": "link"},
    "open copy": {"EMFILE": "link", "EACCES": "link", "EROFS": "link", "ENOSPC": "no_space", "EDQUOT": "quota",
                  "EINTR": SAVED, "EEXIST": SAVED},
    "close copy": {"EIO": "link", "ENOSPC": "no_space", "EINTR": SAVED},
    "set times": {"EPERM": SAVED, "ENOSYS": SAVED},
    "copy": dict.fromkeys((*_REFUSED, "EXDEV", "EINTR"), SAVED),
    "fsync copy": {"EIO": "link", "ENOSPC": "no_space", "EDQUOT": "quota", **dict.fromkeys(_REFUSED, SAVED)},
    "random": {"EAGAIN": SAVED, "ENOSYS": SAVED},
    "limits": {"EPERM": SAVED},
    "reserve": {"ENOSPC": "no_space", "EDQUOT": "quota", "EFBIG": "file_size_limit", "EIO": "write",
                **dict.fromkeys(("ENOSYS", "EOPNOTSUPP", "EINVAL", "EPERM", "EINTR"), SAVED)},
    # rows 3, 4
    "write": {"ENOSPC": "no_space", "EIO": "write", "EDQUOT": "quota", "EFBIG": "file_size_limit", "EINTR": SAVED},
    "cut": {"ENOSPC": "no_space", "EIO": "write", "ENOSYS": "write", "EINTR": SAVED},
    # rows 5, 7 to 10
    "fsync file": {"EIO": "sync", "ENOSPC": "sync", "EDQUOT": "sync", "EINTR": SAVED,
                   **dict.fromkeys(_REFUSED, SAVED)},
    "close file": {"EIO": "close", "ENOSPC": "close", "EINTR": SAVED},
    "close other": {"EIO": SAVED, "ENOSPC": SAVED, "EINTR": SAVED},
    "link new": {**_LINK, "EEXIST": SAVED},
    "link old": dict.fromkeys(_NO_LINK, SAVED),
    "rename old": {**dict.fromkeys(_RENAME, "link"), "ENOSPC": "no_space"},
    "rename new": dict.fromkeys(_RENAME, "rename"),
    "rename to free name": {**dict.fromkeys(("EACCES", "EIO", "ENOSPC", "EXDEV"), "rename"), "EEXIST": "target",
                            **dict.fromkeys((*_REFUSED, "EPERM"), SAVED)},
    "fsync folder": {"EIO": "directory_sync", "ENOSPC": "directory_sync", "EDQUOT": "directory_sync",
                     "EINTR": SAVED, **dict.fromkeys(_REFUSED, SAVED)},
    "unlink": {"EIO": SAVED},
}

# What a fault that is survived once comes to when it stays. Where a later call of the same name must fail, that is read
# from the table above; these are the others. None: the general rules alone.
STICKY = {
    ("open nameless", "EOPNOTSUPP"): "open", ("open nameless", "EISDIR"): "open",
    ("open nameless", "EINVAL"): "open", ("open nameless", "ENOENT"): "open",
    ("open named", "EEXIST"): "open",
    ("link new", "EEXIST"): "link",
    ("check rename", "EEXIST"): "link",
    ("open copy", "EEXIST"): "link",
    ("stat target again", "EACCES"): None, ("stat target again", "EIO"): None,  # the file is copied again, or not
    # The file gets a name then, which needs an open too.
    ("open probe", "EMFILE"): "open", ("open probe", "EACCES"): "open", ("open probe", "EROFS"): "open",
    ("open probe", "ENOSPC"): "no_space", ("open probe", "EDQUOT"): "quota",
    **{("open probe", error): "open" for error in _REFUSED},
    # Without these calls the save takes another way from the beginning.
    **{("check link", error): SAVED for error in (*_NO_LINK, "ENOENT")},
    **{("check cut", error): SAVED for error in ("ENOSYS", "EPERM", "EINVAL", "EIO")},
}

# The calls that copy the old file, where it cannot be linked.
_COPYING = {"open target": "open to copy", "stat open target": "stat to copy", "open named": "open copy"}

# Calls by which a save finds out at its beginning what will work at its end have another role before the first write.
_EARLY = {"cut": "check cut", "link new": "check link", "link old": "check old link",
          "rename to free name": "check rename", "fsync file": "fsync copy", "open target": "open target early",
          "stat open target": "stat open target early", "close file": "close other"}

_ROW_OF_ROLE = {"write": 3, "cut": 3, "fsync file": 5, "close file": 7, "close other": 7, "link new": 8,
                "link old": 8, "check link": 8, "check old link": 8, "fsync copy": 5, "rename old": 9, "rename new": 9, "rename to free name": 9, "fsync folder": 10}


def row_of(role, error):
    """The row of the fault matrix; 20 for the calls that are optional."""
    if error == "EINTR" and role == "write":
        return 4
    if role in _ROW_OF_ROLE:
        return _ROW_OF_ROLE[role]
    return 2 if role is not None and role.startswith("open") else 20


def _role_of_open(line, folder, file_name):
    if f'"{file_name}"' in line:
        return "open target"
    if "O_TMPFILE" in line:
        return "open nameless"
    if "O_CREAT" in line:
        return "open named"
    return "open folder" if f'"{folder}"' in line else "open listing"


def in_context(role, roles):
    """The role of a call after calls of `roles`."""
    if role == "open nameless" and role in roles:
        return "open probe"
    if role == "close file" and role in roles:
        return "close copy"
    if role == "stat target" and "write" in roles:
        return "stat target again"
    if role in _COPYING and "write" not in roles and ("open to copy" if role == "open named" else "lock") in roles:
        return _COPYING[role]
    return role if "write" in roles else _EARLY.get(role, role)


def role_of(name, line, folder, target):
    """The role of one line of `strace -y`, or None. `target` is a name in `folder`, an absolute path."""
    file_name = os.path.basename(target)
    # The first argument as -y shows it: 3</path/to/file>, with "(deleted)" for a file without a name.
    shown = re.match(r"\w+\(\d+<([^>]*)>", line)
    on_file = shown is not None and shown[1].startswith(folder + "/")
    if name == "openat":
        return _role_of_open(line, folder, file_name)
    if name in ("fsync", "fdatasync"):
        return "fsync file" if on_file else "fsync folder"
    if name == "close":
        return "close file" if on_file and shown[1] != target else "close other"
    if name in ("linkat", "link"):
        return "link new" if "/proc/self/fd" in line else "link old"
    if name in ("renameat", "rename", "renameat2"):
        if "RENAME_NOREPLACE" in line:
            return "rename to free name"
        return "rename old" if f'"{file_name}.prev"' in line else "rename new"
    if name in ("newfstatat", "statx", "fstatat64"):
        if shown is not None and shown[1] == target:
            return "stat open target"
        return "stat target" if f'"{file_name}"' in line or f'"{file_name}.prev"' in line else "stat other"
    if name == "fcntl" and on_file:
        return "direct flag"  # not in the table: where it cannot be cleared, the last write fails
    return {"pwrite64": "write" if on_file else None, "write": "write" if on_file else None, "access": "look for /proc",
            "faccessat2": "look for /proc", "getdents64": "list", "fcntl": "set flags", "flock": "lock",
            "fchmod": "set mode", "getrandom": "random", "prlimit64": "limits", "fallocate": "reserve",
            "ftruncate": "cut", "unlinkat": "unlink", "fchown": "set owner", "copy_file_range": "copy",
            "utimensat": "set times", "fstatfs": "name limit",
            **dict.fromkeys(("fgetxattr", "fsetxattr", "flistxattr", "fremovexattr"), "attribute")}.get(name)


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
