"""The options of the functions, for those that pass them on: a type checker finds one that is mistyped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypedDict

Codec = Literal["raw", "zstd", "planes", "smallest", "automatic"]


def texts(given: str | Iterable[str]) -> list[str]:
    """One text, or many."""
    return [given] if isinstance(given, str) else list(given)


class FileOptions(TypedDict, total=False):
    """Those of milepost.save that decide how the file is written."""

    codec: Codec
    level: int
    durable: bool
    keep_previous: bool
    create_only: bool
    keep_storages: bool
    threads: int
    limits: dict[str, int] | None


class SaveOptions(FileOptions, total=False):
    """Those of milepost.save."""

    default: Callable[[Any], Any] | None
    progress: Callable[[int, int], object] | None


class PytreeOptions(FileOptions, total=False):
    """Those of milepost.save but `default`."""

    progress: Callable[[int, int], object] | None


class RunOptions(SaveOptions, total=False):
    """Those of milepost.save, and of milepost.torch.distributed.save."""

    process_group: Any


class OpenOptions(TypedDict, total=False):
    """Those of milepost.safe_open."""

    verify: Literal["on_access", "full", "never"]
    limits: dict[str, int] | None


class LoadOptions(OpenOptions, total=False):
    """Those of milepost.load."""

    mmap: bool
    device: Any
    framework: str | None
    threads: int
    progress: Callable[[int, int], object] | None
