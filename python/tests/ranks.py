"""Runs a function on several ranks: processes with a process group of gloo, forked from one that has imported torch."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import torch

_SECONDS = 120.0
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["torch", "torch.distributed.fsdp", "torch.distributed.tensor", "milepost.torch.distributed"]
)


class RankError(Exception):
    """What a rank raised, as text."""


def _main(rank: int, count: int, store: str, name: str, arguments: tuple[Any, ...], answer: Connection) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=count)
    module, function = name.rsplit(".", 1)
    try:
        answer.send((True, getattr(importlib.import_module(module), function)(*arguments)))
    except BaseException as error:
        answer.send((False, f"{type(error).__name__}: {error}\n{traceback.format_exc()}"))
    # Not by way of destructors: a rank whose neighbours were killed would wait for them.
    os._exit(0)


@contextmanager
def started(
    count: int, function: Callable[..., Any], *arguments: Any
) -> Iterator[list[tuple[BaseProcess, Connection]]]:
    """The processes, which run the function, and the pipes on which they answer (succeeded, result or text)."""
    name = f"{function.__module__}.{function.__qualname__}"
    made: list[tuple[BaseProcess, Connection]] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for rank in range(count):
                ours, theirs = _context.Pipe(duplex=False)
                job = (rank, count, os.path.join(folder, "store"), name, arguments, theirs)
                process = _context.Process(target=_main, args=job, daemon=True)
                process.start()
                theirs.close()
                made.append((process, ours))
            yield made
        finally:
            for process, ours in made:
                process.kill()
                process.join()
                ours.close()


def outcomes(count: int, function: Callable[..., Any], *arguments: Any) -> list[tuple[bool, Any]]:
    """For each rank whether it succeeded, and its result or the text of what it raised."""
    with started(count, function, *arguments) as ranks:
        end = time.monotonic() + _SECONDS
        answers = []
        for number, (_, answer) in enumerate(ranks):
            if not answer.poll(max(0.0, end - time.monotonic())):
                raise TimeoutError(f"rank {number} does not answer")
            answers.append(answer.recv())
        return answers


def run(count: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """The result of the function on each rank. Raises RankError if one has raised."""
    answers = outcomes(count, function, *arguments)
    for number, (succeeded, result) in enumerate(answers):
        if not succeeded:
            raise RankError(f"rank {number}: {result}")
    return [result for _, result in answers]
