"""Checkpoints of many ranks in a folder, for torch.distributed.checkpoint and without pickle.

    from milepost.torch import distributed

    distributed.save({"model": model_state, "optimizer": optimizer_state, "epoch": 3}, "run/step-1000")
    distributed.load(state, "run/step-1000")                     # with any number of ranks, in place

    dcp.save(state, storage_writer=distributed.StorageWriter(folder), planner=distributed.SavePlanner())
    dcp.load(state, storage_reader=distributed.StorageReader(folder), planner=distributed.LoadPlanner())

A folder, which may be a URL of fsspec, has one file for each rank, and one that names them and is written last. Until
that is written, the previous checkpoint in the folder is the current one. docs/distributed.md is the guide.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

import torch.distributed as dist
from torch.distributed.checkpoint import state_dict_loader, state_dict_saver
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.metadata import Metadata

from milepost._encoding import Default
from milepost._errors import Error, NotDurableError
from milepost._files import Path, Verify
from milepost._memory import Limits
from milepost._options import Codec
from milepost.torch.distributed._convert import consolidate, read, split, verify
from milepost.torch.distributed._planners import LoadPlanner, SavePlanner
from milepost.torch.distributed._storage import StorageReader, StorageWriter

__all__ = [
    "LoadPlanner",
    "SavePlanner",
    "StorageReader",
    "StorageWriter",
    "async_save",
    "consolidate",
    "load",
    "read",
    "save",
    "split",
    "verify",
]

T = TypeVar("T")


def save(
    state_dict: dict[str, Any],
    folder: Path,
    *,
    process_group: dist.ProcessGroup | None = None,
    codec: Codec = "raw",
    level: int = 1,
    durable: bool = True,
    threads: int = 0,
    default: Default | None = None,
    limits: Limits | None = None,
    notes: Mapping[str, int | float] | None = None,
) -> None:
    """Saves what the ranks of a process group have, or one process without one. Each of them calls it.

    Afterwards the folder is the new checkpoint; after an error, which all ranks raise, it is the old one, if it was
    one. Of what several ranks have in common, one copy is written. The options are those of milepost.save. Save to one
    folder once at a time. `notes` are numbers, such as a loss, that can be read without the parts.
    """
    writer = StorageWriter(
        folder, codec=codec, level=level, durable=durable, threads=threads, limits=limits, notes=notes
    )
    planner = SavePlanner(default=default)
    _run_save(
        writer,
        lambda: state_dict_saver.save(state_dict, storage_writer=writer, planner=planner, process_group=process_group),
    )


def async_save(
    state_dict: dict[str, Any],
    folder: Path,
    *,
    process_group: dist.ProcessGroup | None = None,
    codec: Codec = "raw",
    level: int = 1,
    durable: bool = True,
    threads: int = 0,
    default: Default | None = None,
    limits: Limits | None = None,
) -> Future[None]:
    """Copies the state to memory of the CPU, and saves it on a thread; training may change it when this returns.

        pending = distributed.async_save(state, "run/step-1000")
        ...
        pending.result()                                         # raises what save() would

    As torch's async_save, it needs a process group with a backend for the CPU (gloo), if there is one. One at a time.
    """
    writer = StorageWriter(folder, codec=codec, level=level, durable=durable, threads=threads, limits=limits)
    planner = SavePlanner(default=default)
    with _single_process():
        pending: Any = state_dict_saver.async_save(
            state_dict, storage_writer=writer, planner=planner, process_group=process_group
        )
    saved: Future[None] = Future()

    def finish(done: Future[Any]) -> None:
        try:
            _run_save(writer, done.result)
        except BaseException as error:  # CheckpointException of torch is one
            saved.set_exception(error)
        else:
            saved.set_result(None)

    pending.add_done_callback(finish)
    return saved


def load(
    state_dict: dict[str, Any],
    folder: Path,
    *,
    process_group: dist.ProcessGroup | None = None,
    allow_partial_load: bool = False,
    verify: Verify = "on_access",
    threads: int = 0,
    limits: Limits | None = None,
) -> None:
    """Loads into the tensors of the state, and replaces its values, with any number of ranks. Each of them calls it.

    Reads only what the state has: names that it does not have, and elements that other ranks have, are not read. A name
    that the checkpoint does not have is NotFoundError, or is left as it is if allow_partial_load. Errors are raised on
    all ranks; tensors may have been written to before. verify, threads and limits are those of milepost.load.
    """
    reader = _PatientReader(folder, verify=verify, threads=threads, limits=limits)
    planner = LoadPlanner(allow_partial_load=allow_partial_load)
    with _single_process(), _typed():
        state_dict_loader.load(state_dict, storage_reader=reader, planner=planner, process_group=process_group)


class _PatientReader(StorageReader):
    """A reader that raises later if it cannot read the record: at that place torch would log it, and raise something
    that has its text alone."""

    _failure: Error | None = None

    def read_metadata(self, *args: Any, **options: Any) -> Metadata:
        try:
            return super().read_metadata()
        except Error as error:
            self._failure = error
            return Metadata({})

    def set_up_storage_reader(self, metadata: Metadata, is_coordinator: bool, *args: Any, **options: Any) -> None:
        if self._failure is not None:
            raise self._failure
        super().set_up_storage_reader(metadata, is_coordinator)


def _run_save(writer: StorageWriter, call: Callable[[], T]) -> T:
    """Calls torch. Of a save that failed nothing stays, unless a rank does not know whether it failed."""
    try:
        with _single_process(), _typed():
            return call()
    except (Error, CheckpointException) as error:
        # The coordinator has told all ranks that it gave up; with other exceptions it may still commit. After
        # NotDurableError the record may be there.
        if not isinstance(error, NotDurableError):
            writer.discard()
        raise


@contextlib.contextmanager
def _typed() -> Iterator[None]:
    """What torch raises in the block becomes the Error that was the reason, of whatever rank."""
    try:
        yield
    except CheckpointException as failed:
        for reason, _ in failed.failures.values():
            if isinstance(reason, Error):
                raise reason from failed
        raise


@contextlib.contextmanager
def _single_process() -> Iterator[None]:
    """Without a process group torch warns that it saves and loads in one process, which is what was asked for."""
    if dist.is_available() and dist.is_initialized():
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        yield


def is_coordinator() -> bool:
    """Whether this is rank 0, or there is no process group."""
    return not (dist.is_available() and dist.is_initialized()) or dist.get_rank() == 0


def agree(decide: Callable[[], T]) -> T:
    """What `decide` returns or raises on rank 0, on all ranks."""
    if not (dist.is_available() and dist.is_initialized()):
        return decide()
    answer: list[Any] = [None, None]
    if dist.get_rank() == 0:
        try:
            answer[0] = decide()
        except Exception as error:
            answer[1] = error
    dist.broadcast_object_list(answer, src=0)
    if answer[1] is not None:
        raise answer[1]
    decided: T = answer[0]
    return decided
