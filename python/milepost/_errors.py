"""The exceptions of the package: one class for each code of the library."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Any, NamedTuple


class Error(Exception):
    """One failure. `code` says what can be done about it, `condition` what is wrong, `path` which file it is about.

    docs/format.md, appendix A, lists both words. `path` is None where no file is concerned. Can be pickled.
    """

    code: str = ""
    condition: str
    path: str | None

    def __init__(self, message: str, condition: str = "", path: str | None = None) -> None:
        super().__init__(message)
        self.condition = condition
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.condition, self.path), vars(self)

    def __str__(self) -> str:
        return str(self.args[0])


class NotACheckpointError(Error, ValueError):
    """The file is something else; the message tells what it looks like."""

    code = "not_a_checkpoint"


class Loss(NamedTuple):
    """A part of a checkpoint that a format cannot hold, and why."""

    path: str
    reason: str


class UnsupportedError(Error):
    """The file, or a dtype, needs a newer library or another package; or a format cannot do what was asked for."""

    code = "unsupported"
    #: With the condition "not_held": what the format cannot hold.
    losses: Sequence[Loss] = ()


class CorruptError(Error, ValueError):
    """The file is damaged: get a good copy."""

    code = "corrupt"


class LimitExceededError(Error, ValueError):
    """The file needs more than a limit allows: raise the limit if you trust the file."""

    code = "limit_exceeded"


class NotFoundError(Error, KeyError):
    """The file has nothing of that name."""

    code = "not_found"


class MissingFileError(NotFoundError, FileNotFoundError):
    """There is no file at the path."""

    def __init__(self, message: str, condition: str = "", path: str | None = None) -> None:
        super().__init__(message, condition, path)
        self.errno = errno.ENOENT

    @property
    def filename(self) -> str | None:
        return self.path


class InvalidArgumentError(Error, ValueError):
    """The calling code has to be changed."""

    code = "invalid_argument"


class WrongTypeError(InvalidArgumentError, TypeError):
    """An object, a value or a tensor is of another type than is needed."""


class IoError(Error, OSError):
    """The machine failed: look at it, then try again."""

    code = "io_error"


class OutOfMemoryError(IoError, MemoryError):
    """Memory could not be allocated."""


class TruncatedError(Error, ValueError):
    """The file was cut, or its save did not finish: use the previous one."""

    code = "truncated"


class MismatchError(Error, ValueError):
    """The file is whole but is not the one that was asked for."""

    code = "mismatch"


class NotDurableError(Error, OSError):
    """The new file is in place, but the system could not say that it is on the disk: keep the old copy."""

    code = "not_durable"


class CancelledError(Error):
    """The program ended the call before it was done."""

    code = "cancelled"


_OF_CONDITION: dict[str, type[Error]] = {
    "file": MissingFileError,
    "wrong_type": WrongTypeError,
    "out_of_memory": OutOfMemoryError,
}
_OF_CODE: dict[str, type[Error]] = {
    each.code: each
    for each in (
        NotACheckpointError,
        UnsupportedError,
        CorruptError,
        LimitExceededError,
        NotFoundError,
        InvalidArgumentError,
        IoError,
        TruncatedError,
        MismatchError,
        NotDurableError,
        CancelledError,
    )
}


def make(code: str, condition: str, message: str) -> Error:
    """The exception of an error of the library. The extension calls this."""
    return _OF_CONDITION.get(condition, _OF_CODE[code])(message, condition)
