"""Checkpoints of torch.distributed.checkpoint in a folder."""

# ruff: noqa: E402  (what is imported after the skip needs PyTorch)
from __future__ import annotations

import copy
import io
import os
import pickle
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint.api import CheckpointException

import kill_distributed
import milepost
import rank_jobs
import ranks
from milepost.torch import distributed
from milepost.torch.distributed import LoadPlanner, SavePlanner, StorageReader, StorageWriter
from milepost.torch.distributed._state import flatten, unflatten
from rank_jobs import make_state, parts_of
from same import assert_same

pytestmark = pytest.mark.filterwarnings("ignore:torch.distributed is disabled:UserWarning")


# Many ranks


def test_four_ranks_load_into_one_two_and_three_and_back(tmp_path: Path) -> None:
    saved = str(tmp_path / "saved")
    ranks.run(4, rank_jobs.save, saved, 5)
    expected = milepost.load(f"{saved}-expected.milepost")
    for way in range(3):
        distributed.verify(f"{saved}-{way}")
        assert_same(expected, distributed.read(f"{saved}-{way}"))
        assert len(parts_of(f"{saved}-{way}")) == 4
    for count in (1, 2, 3):
        back = str(tmp_path / f"back-{count}")
        ranks.run(count, rank_jobs.load, saved, back, count == 2)
        assert len(parts_of(back)) == count
        assert_same(expected, distributed.read(back))
    ranks.run(4, rank_jobs.load, str(tmp_path / "saved"), str(tmp_path / "back-4"), False)
    assert_same(expected, distributed.read(str(tmp_path / "back-4")))


def test_ranks_share_the_folder_of_a_run(tmp_path: Path) -> None:
    assert ranks.run(2, rank_jobs.keep_a_run, str(tmp_path)) == [[3, 2, 1]] * 2


def test_replicas_are_written_once(tmp_path: Path) -> None:
    folder = str(tmp_path / "saved")
    ranks.run(3, rank_jobs.save_replicas, folder)
    nbytes = sum(os.path.getsize(os.path.join(folder, name)) for name in parts_of(folder))
    assert 4 << 20 < nbytes < 5 << 20
    assert_same({"large": torch.arange(1 << 20, dtype=torch.float32)}, distributed.read(folder))


def test_a_rank_that_fails_fails_all_and_the_checkpoint_stays(tmp_path: Path) -> None:
    folder = str(tmp_path / "saved")
    for raised in ranks.run(4, rank_jobs.fail, folder):
        assert raised[0].startswith("WrongTypeError: values.wrong/0: <object object")
        assert raised[1:] == ["IoError: the disk is full"] * 2
    assert distributed.read(folder)["values"]["epoch"] == 1
    distributed.verify(folder)


def test_ranks_that_are_killed_leave_one_whole_checkpoint() -> None:
    """A few kills; kill_distributed.py is the campaign."""
    tally = kill_distributed.run(3, 3, seed=int(time.time()))
    assert tally.kills == 3


# One process


def test_state_comes_back_with_its_types(folder: str) -> None:
    model = torch.nn.Linear(7, 5)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.ones(2, 7)).sum().backward()
    optimizer.step()
    state = {
        **make_state(),
        "optimizer": optimizer.state_dict(),
        "strided": torch.arange(12.0).reshape(3, 4).t(),
        "none": torch.empty(0, 3),
        "scalar": torch.tensor(3),
        "small": torch.ones(3, dtype=torch.float8_e4m3fn),
        "packed": torch.arange(6, dtype=torch.uint8).reshape(2, 3).view(torch.float4_e2m1fn_x2),
        "complex": torch.ones(2, dtype=torch.complex64).conj() * 1j,
    }
    distributed.save(state, folder)
    compared = {key: value for key, value in state.items() if key != "packed"}
    read = distributed.read(folder)
    assert torch.equal(read.pop("packed").view(torch.uint8), state["packed"].view(torch.uint8))
    assert_same(compared, read)
    target = blank(state)
    distributed.load(target, folder)
    assert torch.equal(target.pop("packed").view(torch.uint8), state["packed"].view(torch.uint8))
    assert_same(compared, target)


def blank(state: Any) -> Any:
    """The same structure with zeros, and without values."""
    if isinstance(state, torch.Tensor):
        made = torch.empty_like(state)
        (made.view(torch.uint8) if made.dtype is torch.float4_e2m1fn_x2 else made).zero_()
        return made
    if isinstance(state, dict):
        return {key: blank(value) for key, value in state.items()}
    if isinstance(state, list) and any(isinstance(each, dict | list | torch.Tensor) for each in state):
        return [blank(each) for each in state]
    return None


def test_int_keys_are_not_str_keys(folder: str) -> None:
    state = {"a": {0: "int", "1": "str", None: "none", 2.5: "float", True: "bool", b"x": "bytes"}, "b": [{0: 1}]}
    distributed.save(state, folder)
    assert_same(state, distributed.read(folder))
    target = {"a": dict.fromkeys(state["a"]), "b": [{0: None}]}
    distributed.load(target, folder)
    assert_same(state, target)


@pytest.mark.parametrize("state", [{"a": {0: 1, "0": 2}}, {"a.b": 1, "a": {"b": 2}}, {"a": {(1, 2): 3}}])
def test_names_that_are_not_one_are_refused(folder: str, state: dict[str, Any]) -> None:
    with pytest.raises(milepost.WrongTypeError, match=r"^a"):
        distributed.save(state, folder)
    assert not os.path.exists(folder)


@pytest.mark.parametrize(
    "wrong",
    [object(), print, {"deep": [{"x": object()}]}, torch.ones(2, device="meta"), torch.ones(2).to_sparse()],
    ids=["object", "function", "nested", "meta", "sparse"],
)
def test_what_is_not_data_is_refused_before_anything_is_written(folder: str, wrong: Any) -> None:
    with pytest.raises(milepost.WrongTypeError, match=r"^a\.wrong"):
        distributed.save({"a": {"fine": torch.ones(3), "wrong": wrong}}, folder)
    assert not os.path.exists(folder)


def test_default_stores_what_it_returns(folder: str) -> None:
    distributed.save({"a": torch.Generator}, folder, default=lambda given: given.__name__)
    assert distributed.read(folder) == {"a": "Generator"}


def test_no_pickle(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("pickle is used")

    for name in ("loads", "dumps", "load", "dump", "Pickler", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(torch, "load", refuse)
    monkeypatch.setattr(torch, "save", refuse)
    state, target = make_state(), blank(make_state(2))
    dcp.save(state, storage_writer=StorageWriter(folder), planner=SavePlanner())
    dcp.load(target, storage_reader=StorageReader(folder), planner=LoadPlanner())
    assert_same(state, target)
    for name in os.listdir(folder):
        milepost.safe_open(os.path.join(folder, name), "pt").keys()


def test_the_planners_of_torch_are_refused_where_they_would_pickle(folder: str) -> None:
    with pytest.raises(
        CheckpointException, match=r"values\.epoch: is not a tensor, and the planner in use would pickle"
    ):
        dcp.save(make_state(), storage_writer=StorageWriter(folder))
    assert not os.path.exists(folder)
    tensors = make_state()["model"]
    dcp.save(tensors, storage_writer=StorageWriter(folder))
    target = blank(tensors)
    dcp.load(target, storage_reader=StorageReader(folder))
    assert_same(tensors, target)
    assert_same(tensors, distributed.read(folder))
    distributed.save(make_state(), folder)
    with pytest.raises(CheckpointException, match=r"pass planner=.*LoadPlanner"):
        dcp.load({"values": {"epoch": None}}, storage_reader=StorageReader(folder))


def test_the_planners_write_no_pickle_to_the_storage_of_torch(tmp_path: Path) -> None:
    state = make_state()
    del state["values"]["empty"]
    dcp.save(state, storage_writer=dcp.FileSystemWriter(tmp_path), planner=SavePlanner())
    target = blank(state)
    dcp.load(target, storage_reader=dcp.FileSystemReader(tmp_path), planner=LoadPlanner())
    assert_same(state, target)
    item = SavePlanner().transform_object
    made = item(dcp.planner.WriteItem(dcp.planner.MetadataIndex("a"), dcp.planner.WriteItemType.BYTE_IO), (1, "x"))
    assert isinstance(made, io.BytesIO)
    assert made.getvalue().startswith(b"\x89MLP")


def test_plans_that_torch_caches_are_of_two_saves(folder: str) -> None:
    for number in (1, 2, 3):
        planner = SavePlanner(enable_plan_caching=True)
        dcp.save(make_state(number), storage_writer=StorageWriter(folder), planner=planner)
        assert_same(make_state(number), distributed.read(folder))


def test_state_that_is_not_flattened(folder: str) -> None:
    state = make_state()
    dcp.save(state, storage_writer=StorageWriter(folder), planner=SavePlanner(flatten_state_dict=False))
    target = {"model": None, "values": None}
    dcp.load(target, storage_reader=StorageReader(folder), planner=LoadPlanner(flatten_state_dict=False))
    assert_same(state, target)


def test_stateful_objects_are_asked(folder: str) -> None:
    class Counter:
        def __init__(self, count: int) -> None:
            self.count = count

        def state_dict(self) -> dict[str, Any]:
            return {"count": self.count}

        def load_state_dict(self, state: dict[str, Any]) -> None:
            self.count = state["count"]

    counter = Counter(0)
    distributed.save({"counter": Counter(7)}, folder)
    distributed.load({"counter": counter}, folder)
    assert counter.count == 7


def test_async_save_copies_first(folder: str) -> None:
    state = make_state()
    expected = copy.deepcopy(state)
    pending = distributed.async_save(state, folder)
    state["model"]["weight"].zero_()
    pending.result(60)
    assert_same(expected, distributed.read(folder))
    with pytest.raises(milepost.WrongTypeError, match=r"^a: "):
        distributed.async_save({"a": print}, folder).result(60)
    assert_same(expected, distributed.read(folder))


# Loading


def test_a_part_of_the_state_is_loaded(folder: str) -> None:
    distributed.save(make_state(), folder)
    target = {"model": {"bias": torch.zeros(5, dtype=torch.int64)}}
    distributed.load(target, folder)
    assert target["model"]["bias"].tolist() == [1] * 5
    assert list(distributed.read(folder, ["model.bias"])["model"]) == ["bias"]
    assert distributed.read(folder, ["values.nested"]) == {"values": {"nested": rank_jobs.values(1)["nested"]}}
    with pytest.raises(milepost.NotFoundError, match="mode: the checkpoint does not have it"):
        distributed.read(folder, ["mode"])


def test_what_does_not_fit_is_named(folder: str) -> None:
    distributed.save(make_state(), folder)
    with pytest.raises(milepost.NotFoundError, match=r"model\.other: the checkpoint does not have it"):
        distributed.load({"model": {"other": torch.zeros(2)}}, folder)
    target: Any = {"model": {"other": torch.zeros(2), "bias": torch.zeros(5)}, "new": {}}
    distributed.load(target, folder, allow_partial_load=True)
    assert target["model"]["other"].tolist() == [0, 0]
    assert target["model"]["bias"].tolist() == [1] * 5
    with pytest.raises(milepost.MismatchError, match=r"model\.bias: has the size \(5,\) in the checkpoint, and \(6,\)"):
        distributed.load({"model": {"bias": torch.zeros(6)}}, folder)
    with pytest.raises(milepost.WrongTypeError, match=r"model\.bias: is a tensor in the checkpoint"):
        distributed.load({"model": {"bias": 3}}, folder)


def test_tensors_of_other_layouts_are_loaded_into(folder: str) -> None:
    weight = torch.arange(60.0).reshape(12, 5)
    distributed.save({"a": weight, "b": weight + 1, "c": weight}, folder)
    memory = torch.zeros(2, 60)
    target = {"a": torch.zeros(5, 12).t(), "b": memory[0].view(12, 5), "c": torch.zeros(12, 5, dtype=torch.float64)}
    distributed.load(target, folder)
    assert torch.equal(target["a"], weight)
    assert torch.equal(memory[0], (weight + 1).flatten())
    assert torch.equal(target["c"], weight.double())
    tied = torch.zeros(12, 5)
    distributed.load({"a": tied, "c": tied.view(12, 5)}, folder)
    assert torch.equal(tied, weight)


def test_parameters_stay_parameters(folder: str) -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    distributed.save({"w": weight}, folder)
    target = {"w": torch.nn.Parameter(torch.zeros(3))}
    distributed.load(target, folder)
    assert target["w"].tolist() == [1, 1, 1]
    assert target["w"].requires_grad
    assert distributed.read(folder)["w"].requires_grad


# One file


def test_consolidate_and_split(folder: str, tmp_path: Path) -> None:
    state = make_state()
    distributed.save(state, folder)
    file = str(tmp_path / "one.milepost")
    distributed.consolidate(folder, file, codec="planes")
    assert_same(state, milepost.load(file))
    for parts in (1, 2, 5):
        distributed.split(file, folder, parts)
        assert len(parts_of(folder)) == parts
        distributed.verify(folder)
        assert_same(state, distributed.read(folder))
    target = blank(state)
    distributed.load(target, folder)
    assert_same(state, target)


def test_flatten_is_the_inverse_of_unflatten() -> None:
    state = {"a": [{"b": 1}, torch.ones(1), []], "c": {}, "d": {"e": {}, 0: [1, 2]}, "f": (1, {"g": 2})}
    flat, paths = flatten(state)
    assert list(flat) == ["a.0.b", "a.1", "a.2", "c", "d.e", "d.0", "f"]
    assert_same(state, unflatten(flat, paths))
