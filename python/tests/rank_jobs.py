"""What the ranks of test_distributed.py do. Each function runs on every rank; ranks.py starts them."""

from __future__ import annotations

import itertools
import os
import pickle
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

import milepost
from milepost.torch import distributed
from milepost.torch.distributed import LoadPlanner, SavePlanner, StorageReader, StorageWriter, _parts
from same import assert_same


class Trained:
    """A model of FSDP2 and its optimizer. No size is a multiple of the number of ranks."""

    def __init__(self, seed: int, steps: int) -> None:
        torch.manual_seed(seed)
        mesh = init_device_mesh("cpu", (dist.get_world_size(),))
        self.model = torch.nn.Sequential(
            torch.nn.Linear(10, 33), torch.nn.LayerNorm(33), torch.nn.Linear(33, 5), torch.nn.Linear(5, 1)
        )
        for layer in self.model:
            fully_shard(layer, mesh=mesh)
        fully_shard(self.model, mesh=mesh)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.01 + seed, betas=(0.8, 0.9))
        for _ in range(steps):
            self.model(torch.randn(4, 10)).sum().backward()
            self.optimizer.step()
            self.optimizer.zero_grad()

    def state(self) -> dict[str, Any]:
        model, optimizer = get_state_dict(self.model, self.optimizer)
        return {"model": model, "optimizer": optimizer}


def sharded(fill: float) -> dict[str, Any]:
    """DTensors of one mesh and of two dimensions, with other placements than FSDP's."""
    count = dist.get_world_size()
    line = init_device_mesh("cpu", (count,))
    grid = init_device_mesh("cpu", (2, count // 2) if count % 2 == 0 else (1, count))
    matrix = torch.arange(42.0).reshape(6, 7) + fill
    return {
        "columns": distribute_tensor(matrix, line, [Shard(1)]),
        "copies": distribute_tensor(matrix.to(torch.bfloat16), line, [Replicate()]),
        "boxes": distribute_tensor(matrix.to(torch.int64), grid, [Shard(0), Shard(1)]),
        "rows": distribute_tensor(matrix, grid, [Replicate(), Shard(0)]),
        "few": distribute_tensor(torch.tensor([fill]), line, [Shard(0)]),
    }


def values(number: int) -> dict[str, Any]:
    return {
        "epoch": number,
        "lr": 0.1 * number,
        "big": 2**80 + number,
        "name": f"ü{number}",
        "nothing": None,
        "flag": bool(number % 2),
        "betas": (0.9, number),
        "dtype": torch.bfloat16,
        "history": [number, 0.5],
        "nested": [{"loss": float(number)}, [number]],
        "by_int": {0: f"zero {number}", 7: torch.arange(3) + number},
        "rng": torch.arange(5, dtype=torch.uint8) + number,
        "pair": (torch.ones(2) * number, number),
        "empty": {},
    }


def make_state(number: int = 1) -> dict[str, Any]:
    """For one process."""
    return {
        "model": {"weight": torch.arange(60.0).reshape(12, 5) + number, "bias": torch.full((5,), number)},
        "values": values(number),
    }


def parts_of(folder: str) -> list[str]:
    """The files of a checkpoint but for its record."""
    return sorted(name for name in os.listdir(folder) if name != "checkpoint.milepost")


def state_of(trained: Trained, number: int) -> dict[str, Any]:
    return {**trained.state(), "sharded": sharded(float(number)), "values": values(number)}


def whole(state: Any) -> Any:
    """With each DTensor as the tensor that it is a part of."""
    if isinstance(state, DTensor):
        return state.full_tensor().detach()
    if isinstance(state, dict):
        return {key: whole(value) for key, value in state.items()}
    if isinstance(state, list):
        return [whole(value) for value in state]
    return state


def forbid_pickle() -> None:
    """What torch sends between ranks is pickled by other names of it; files are not."""

    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("pickle is used")

    pickle.loads = pickle.dumps = pickle.load = pickle.dump = refuse
    torch.load = torch.save = refuse


def save(folder: str, seed: int) -> None:
    """Saves by three ways: FOLDER-0 by save, FOLDER-1 by torch's save, FOLDER-2 by async_save, and what is expected."""
    trained = Trained(seed, 2)
    state = state_of(trained, seed)
    expected = whole(state)
    if dist.get_rank() == 0:
        milepost.save(expected, f"{folder}-expected.milepost")
    forbid_pickle()
    distributed.save(state, f"{folder}-0")
    dcp.save(state, storage_writer=StorageWriter(f"{folder}-1", codec="planes"), planner=SavePlanner())
    pending = distributed.async_save(state, f"{folder}-2")
    with torch.no_grad():
        for parameter in trained.model.parameters():
            parameter.zero_()
    pending.result(60)


def load(folder: str, back: str, by_torch: bool) -> None:
    """Loads into a model of other numbers, compares all of it, and saves it again."""
    expected = milepost.load(f"{folder}-expected.milepost")
    forbid_pickle()
    trained = Trained(77, 1)
    state = state_of(trained, 77)
    if by_torch:
        dcp.load(state, storage_reader=StorageReader(f"{folder}-1"), planner=LoadPlanner())
    else:
        distributed.load(state, f"{folder}-0")
    assert_same(expected, whole(state))
    set_state_dict(
        trained.model, trained.optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"]
    )
    again = whole(trained.state())
    assert_same({key: expected[key] for key in again}, again)
    part = {"sharded": {"boxes": sharded(0.0)["boxes"]}, "values": {"lr": None}}
    distributed.load(part, f"{folder}-0")
    assert_same({"boxes": expected["sharded"]["boxes"]}, whole(part["sharded"]))
    assert part["values"] == {"lr": expected["values"]["lr"]}
    distributed.save(state, back)


def save_replicas(folder: str) -> None:
    distributed.save({"large": torch.arange(1 << 20, dtype=torch.float32)}, folder)


def fail(folder: str) -> list[str]:
    """Three saves that fail on one rank. Returns the names of the errors of this rank, and what they say."""
    rank = dist.get_rank()
    state = {"sharded": sharded(1.0), "values": values(1)}
    distributed.save(state, folder)
    before = sorted(os.listdir(folder))
    raised = []

    def attempt(given: dict[str, Any]) -> None:
        try:
            distributed.save(given, folder)
        except (milepost.Error, CheckpointException) as error:
            raised.append(f"{type(error).__name__}: {error}")
        dist.barrier()
        assert sorted(os.listdir(folder)) == before, os.listdir(folder)

    other = {"sharded": sharded(2.0), "values": values(2)}
    attempt(other | ({"values": {"wrong": [object()]}} if rank == 2 else {}))
    real = _parts.write_file

    def broken(*arguments: Any, **options: Any) -> None:
        raise milepost.IoError("the disk is full", "write")

    _parts.write_file = broken if rank == 1 else real
    attempt(other)
    _parts.write_file = real
    write, distributed._record.write = distributed._record.write, broken
    attempt(other)
    distributed._record.write = write
    return raised


def save_for_ever(folder: str, first: int) -> None:
    """Saves states one after the other, in each of which all elements and values are one number."""
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    for number in itertools.count(first):
        matrix = torch.full((64, 1024), float(number))
        state = {
            "rows": distribute_tensor(matrix, mesh, [Shard(0)]),
            "copies": torch.full((8,), number),
            "number": number,
            "list": [{"number": number}, {"number": number}],
        }
        if number % 2:
            distributed.save(state, folder)
        else:
            distributed.async_save(state, folder).result()


def keep_a_run(folder: str) -> list[int]:
    """Saves checkpoints of a run and goes on from the newest one."""
    run = milepost.Run(folder, keep=2, keep_best="loss")
    for step in range(4):
        state = {"sharded": sharded(float(step)), "step": step, "loss": abs(step - 1.0)}
        run.save(step, state, distributed=True)
    live = {"sharded": sharded(0.0), "step": -1, "loss": -1.0}
    restored = milepost.Run(folder).restore(live)
    assert restored is live
    assert_same(whole(live), whole({"sharded": sharded(3.0), "step": 3, "loss": 2.0}))
    dist.barrier()
    return [each.step for each in run.checkpoints()]
