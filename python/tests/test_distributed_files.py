"""The files of a folder of many ranks: what is damaged, and what is removed when."""

# ruff: noqa: E402  (what is imported after the skip needs PyTorch)
from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")


import milepost
from milepost.torch import distributed
from milepost.torch.distributed import StorageReader, _parts, _record
from milepost.torch.distributed._folder import Folder
from milepost.torch.distributed._opened import OpenParts, ReadOptions
from rank_jobs import make_state, parts_of
from same import assert_same

# Damage


def damage(name: str) -> Callable[[str, str], None]:
    def cut(path: str, other: str) -> None:
        os.truncate(path, os.path.getsize(path) - 100)

    def flip(path: str, other: str) -> None:
        with open(path, "r+b") as file:
            file.seek(70)
            byte = file.read(1)[0]
            file.seek(70)
            file.write(bytes([byte ^ 1]))

    def replace(path: str, other: str) -> None:
        os.replace(other, path)

    def remove(path: str, other: str) -> None:
        os.unlink(path)

    return {"cut": cut, "flipped": flip, "foreign": replace, "missing": remove}[name]


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ("cut", milepost.TruncatedError, "truncated"),
        ("flipped", milepost.CorruptError, "tensors/weight"),
        ("foreign", milepost.MismatchError, "is not the part that the record names: expected"),
        ("missing", milepost.CorruptError, "is missing: the record of save"),
    ],
)
def test_a_part_that_is_not_as_it_was_is_named(
    folder: str, tmp_path: Path, how: str, error: type[Exception], text: str
) -> None:
    file = str(tmp_path / "whole.milepost")
    milepost.save({"weight": torch.arange(600.0).reshape(12, 50), "bias": torch.ones(3), "epoch": 3}, file)
    distributed.split(file, folder, parts=3)
    distributed.split(file, folder + "-other", parts=3)
    part, other = (os.path.join(each, parts_of(each)[2]) for each in (folder, folder + "-other"))
    damage(how)(part, other)
    for call in (lambda: distributed.read(folder), lambda: distributed.verify(folder)):
        with pytest.raises(error, match=text) as caught:
            call()
        assert folder in str(caught.value)
        assert os.path.basename(part) in str(caught.value)
        assert caught.value.path == part
    with pytest.raises(error, match=text):
        distributed.load({"weight": torch.zeros(12, 50)}, folder)
    # What other parts have can be loaded.
    assert distributed.read(folder, ["epoch"]) == {"epoch": 3}


def test_a_folder_without_a_record_is_not_a_checkpoint(folder: str, tmp_path: Path) -> None:
    for call in (lambda: distributed.read(folder), lambda: distributed.load({"a": 1}, folder)):
        with pytest.raises(milepost.MissingFileError, match=r"is not a checkpoint: it has no checkpoint\.milepost"):
            call()
    distributed.save(make_state(), folder)
    os.unlink(os.path.join(folder, "checkpoint.milepost"))
    with pytest.raises(milepost.MissingFileError):
        distributed.read(folder)
    milepost.save({"a": 1}, os.path.join(folder, "checkpoint.milepost"))
    with pytest.raises(milepost.NotACheckpointError, match="no format word"):
        distributed.read(folder)


def edited(folder: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Writes the record of the folder with a change."""
    path = os.path.join(folder, "checkpoint.milepost")
    record = milepost.load(path)
    change(record)
    milepost.save(record, path, durable=False)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (lambda r: r.update(version=2), milepost.UnsupportedError, "version 2"),
        (lambda r: r["parts"][0].update(file="../other.milepost"), milepost.CorruptError, "not that of a part"),
        (lambda r: r["parts"][0].update(nbytes="x"), milepost.CorruptError, "part 0 has 'x' where a int"),
        (lambda r: r["tensors"]["model.bias"].update(size=(6,)), milepost.CorruptError, "5 elements in its chunks"),
        (lambda r: r["tensors"]["model.bias"].update(size=(4,)), milepost.CorruptError, "outside of"),
        (lambda r: r["tensors"]["model.bias"].update(size=(-5,)), milepost.CorruptError, "expected sizes"),
        (lambda r: r["tensors"]["model.bias"].update(dtype="f31"), milepost.CorruptError, "expected the dtype"),
        (lambda r: r["tensors"]["model.bias"].update(chunks=[(0, "a")]), milepost.CorruptError, "2 items"),
        (
            lambda r: r["tensors"]["model.bias"].update(chunks=[(1, "model.bias", (0,), (5,))]),
            milepost.CorruptError,
            "number 1",
        ),
        (
            lambda r: r["tensors"]["model.bias"].update(chunks=[(0, "model.weight", (0,), (5,))]),
            milepost.CorruptError,
            "expected the dtype and the shape",
        ),
        (lambda r: r["tensors"]["model.bias"].update(dtype="f32"), milepost.CorruptError, "expected the dtype"),
        (lambda r: r["values"].update({"values.epoch": (0, "gone")}), milepost.CorruptError, "a value 'gone'"),
        (lambda r: r["paths"].update({"model.bias": ("l", (1 << 40,))}), milepost.CorruptError, "has the step"),
        (lambda r: r["paths"].update({"model.bias": ("l", ["x"])}), milepost.CorruptError, "has the step"),
        (lambda r: r["paths"].update({"model.bias": ("model", "weight", "x")}), milepost.CorruptError, "contradicts"),
        (lambda r: r["paths"].pop("model.bias"), milepost.CorruptError, "has no path"),
        (lambda r: r.pop("values"), milepost.CorruptError, "where a dict"),
    ],
)
def test_a_record_that_lies_is_refused(
    folder: str, change: Callable[[dict[str, Any]], None], error: type[Exception], text: str
) -> None:
    distributed.save(make_state(), folder)
    edited(folder, change)
    with pytest.raises(error, match=text):
        distributed.read(folder)


def test_a_checkpoint_that_is_replaced_while_it_is_read_says_so(folder: str) -> None:
    distributed.save(make_state(1), folder)
    reader = StorageReader(folder)
    reader.read_metadata()
    distributed.save(make_state(2), folder)
    parts = OpenParts(Folder(folder), reader._record, ReadOptions())
    with pytest.raises(milepost.IoError, match="another save has replaced the checkpoint while it was read"):
        parts.check()


# Saving again


def test_the_previous_parts_go_when_the_record_is_there(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed.save(make_state(1), folder)
    before = parts_of(folder)
    real = _record.write
    seen = []

    def watched(*arguments: Any, **options: Any) -> None:
        seen.append(parts_of(folder))
        assert_same(make_state(1), distributed.read(folder))
        real(*arguments, **options)
        seen.append(parts_of(folder))

    monkeypatch.setattr(_record, "write", watched)
    distributed.save(make_state(2), folder)
    after = parts_of(folder)
    assert len(before) == len(after) == 1
    assert before != after
    assert seen == [sorted(before + after)] * 2
    assert_same(make_state(2), distributed.read(folder))


def test_what_a_killed_save_left_is_removed_when_it_is_old(folder: str) -> None:
    distributed.save(make_state(), folder)
    for name, age in (("part-00112233445566aa-00000.milepost", 3600), ("part-00112233445566bb-00000.milepost", 60)):
        Path(folder, name).write_bytes(b"half")
        os.utime(os.path.join(folder, name), (time.time() - age,) * 2)
    Path(folder, "notes.txt").write_text("mine")
    os.utime(os.path.join(folder, "notes.txt"), (0, 0))
    distributed.save(make_state(2), folder)
    left = parts_of(folder)
    assert "part-00112233445566aa-00000.milepost" not in left
    assert "part-00112233445566bb-00000.milepost" in left
    assert "notes.txt" in left
    assert len(left) == 3


def test_a_record_is_not_written_for_parts_that_are_gone(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed.save(make_state(1), folder)
    real = _parts.commit

    def late(at: Folder, record: Any, options: Any) -> None:
        os.unlink(at.file(record.parts[0].file))
        real(at, record, options)

    monkeypatch.setattr(_parts, "commit", late)
    with pytest.raises(milepost.IoError, match="the checkpoint is the old one"):
        distributed.save(make_state(2), folder)
    assert_same(make_state(1), distributed.read(folder))


def test_a_folder_is_a_checkpoint_of_a_run(tmp_path: Path) -> None:
    run = milepost.Run(tmp_path)
    run.save(1, make_state(1))
    distributed.save(make_state(2), tmp_path / "000002.step-2")
    (tmp_path / "000003.step-3").mkdir()  # not complete
    newest = run.checkpoints()[0]
    assert (newest.number, newest.is_folder) == (2, True)
    assert_same(make_state(2), distributed.read(newest))
