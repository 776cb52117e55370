"""The bytes of the tensors of one open file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from milepost import _native
from milepost._errors import LimitExceededError

Progress = Callable[[int, int], object]
Limits = dict[str, int]


class Memory:
    """Gives out memory of storages: of the mapped file where it can be used in place, else read into memory.

    A mapped storage is checked when it is handed out; with `verify`, the constructor checks all of them at once.
    Without it there must be one tensor only, or a file that is not verified. Storages that are to be read are read by
    the constructor, too. Every memoryview keeps what it needs alive.
    """

    def __init__(
        self,
        file: _native.File,
        tensors: Iterable[_native.Tensor],
        *,
        mapped: bool = True,
        verify: bool = True,
        limits: Limits | None = None,
        threads: int = 0,
        progress: Progress | None = None,
    ) -> None:
        tensors = list(tensors)
        self._views: dict[tuple[int | None, bool], memoryview] = {}
        #: torch's storages by number, for those who share this memory.
        self.shared: dict[Any, Any] = {}
        in_place = [tensor for tensor in tensors if mapped and tensor.is_mapped]
        self._in_place = {tensor.storage for tensor in in_place}
        to_read = {tensor.storage: tensor for tensor in tensors if tensor.storage not in self._in_place}
        if in_place and verify:
            _native.check(in_place, threads, progress)
        check_limit(sum(tensor.storage_nbytes for tensor in to_read.values()), limits)
        if to_read:
            views = file.read([tensor.whole_storage() for tensor in to_read.values()], threads, progress)
            self._views = {(storage, True): view for storage, view in zip(to_read, views, strict=True)}

    def is_in_place(self, tensor: _native.Tensor) -> bool:
        """Whether its memory is the mapped file."""
        return tensor.storage in self._in_place

    def storage(self, tensor: _native.Tensor, *, writable: bool) -> memoryview | None:
        """All bytes of the storage of a tensor; None if the tensor has none. Writable ones are private."""
        in_place = tensor.storage in self._in_place
        key = (tensor.storage, writable or not in_place)
        view = self._views.get(key)
        if view is None:
            view = _native.mapped_storage(tensor, writable)
            if view is not None:
                self._views[key] = view
        return view


def check_limit(nbytes: int, limits: Limits | None) -> None:
    most = (limits or {}).get("max_total_bytes")
    if most is not None and nbytes > most:
        raise LimitExceededError(f"tensors would take {nbytes} bytes of memory, the limit is {most}", "total_bytes")
