"""Milepost: the whole state of a training run in one file, without code in it, every byte checked.

    import milepost

    milepost.save({"model": net.state_dict(), "optimizer": opt.state_dict(), "epoch": 3}, "run.milepost")
    state = milepost.load("run.milepost")

docs/python.md is the guide.
"""

from __future__ import annotations

from milepost._convert import Converted, convert
from milepost._encoding import plain
from milepost._errors import (
    CancelledError,
    CorruptError,
    Error,
    InvalidArgumentError,
    IoError,
    LimitExceededError,
    Loss,
    MismatchError,
    MissingFileError,
    NotACheckpointError,
    NotDurableError,
    NotFoundError,
    OutOfMemoryError,
    TruncatedError,
    UnsupportedError,
    WrongTypeError,
)
from milepost._file import Damage, File, FileTensor, open
from milepost._load import load
from milepost._load_into import LoadReport, load_into
from milepost._native import version as __version__
from milepost._run import KeepBest, Run, RunCheckpoint, SkippedCheckpointWarning
from milepost._safe_open import safe_open
from milepost._save import PendingSave, save, save_async

#: For programs that catch the error of safetensors.
SafetensorError = Error

__all__ = [
    "CancelledError",
    "Converted",
    "CorruptError",
    "Damage",
    "Error",
    "File",
    "FileTensor",
    "InvalidArgumentError",
    "IoError",
    "KeepBest",
    "LimitExceededError",
    "LoadReport",
    "Loss",
    "MismatchError",
    "MissingFileError",
    "NotACheckpointError",
    "NotDurableError",
    "NotFoundError",
    "OutOfMemoryError",
    "PendingSave",
    "Run",
    "RunCheckpoint",
    "SafetensorError",
    "SkippedCheckpointWarning",
    "TruncatedError",
    "UnsupportedError",
    "WrongTypeError",
    "__version__",
    "convert",
    "load",
    "load_into",
    "open",
    "plain",
    "safe_open",
    "save",
    "save_async",
]
