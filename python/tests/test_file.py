"""milepost.open, and tensors of an open file in every framework."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import milepost
from same import assert_same

torch = pytest.importorskip("torch")

STATE = {
    "model": {"w": torch.arange(24.0).reshape(4, 6), "b": torch.ones(3, dtype=torch.bfloat16)},
    "optimizer": {"state": {0: {"m": torch.ones(4, 6)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
    "config": {"lr": 0.5, "sizes": (1, 2), "mask": torch.ones(2, dtype=torch.bool)},
    "epoch": 3,
}


@pytest.fixture
def saved(path: str) -> str:
    milepost.save(STATE, path)
    return path


def test_parts(saved: str) -> None:
    with milepost.open(saved) as file:
        assert (file.models, file.optimizers, file.values) == (["model"], ["optimizer"], ["config", "epoch"])
        assert list(file) == ["model/w", "model/b", "optimizer/state/0/m", "config/mask"]
        assert len(file) == 4
        assert "model/w" in file
        assert "model/x" not in file
        assert file.get("epoch") == 3
        assert file.get("config/lr") == 0.5
        assert file.get("optimizer/param_groups/0/lr") == 0.1
        assert_same(file.get("config"), STATE["config"])
        assert_same(file.model(), STATE["model"])
        assert_same(file.optimizer(), STATE["optimizer"])
        assert file.warnings == []
        assert file.verify() == []
        with pytest.raises(milepost.NotFoundError, match="model/none"):
            file["model/none"]
        with pytest.raises(milepost.NotFoundError):
            file.model("epoch")
    with pytest.raises(milepost.InvalidArgumentError, match="closed"):
        file.get("epoch")


def test_a_tensor_in_each_framework(saved: str) -> None:
    with milepost.open(saved) as file:
        tensor = file["model/w"]
        bf16 = file["model/b"]
    assert (tensor.name, tensor.dtype, tensor.shape, tensor.nbytes) == ("w", "f32", (4, 6), 96)
    assert "f32[4, 6]" in repr(tensor)
    assert_same(tensor.torch(), STATE["model"]["w"])
    assert_same(tensor.numpy(), STATE["model"]["w"].numpy())
    assert bf16.numpy().dtype.name == "bfloat16"
    assert_same(bf16.torch(), STATE["model"]["b"])
    part = tensor[1:3, ::2]
    assert part.shape == (2, 3)
    assert_same(part.torch().contiguous(), STATE["model"]["w"][1:3, ::2].contiguous())
    assert_same(np.ascontiguousarray(part[0].numpy()), STATE["model"]["w"][1:2, ::2].contiguous().numpy())
    with pytest.raises(milepost.InvalidArgumentError):
        tensor[[1, 2]]


def test_the_digest_is_that_of_the_content(saved: str, path: str, tmp_path: Path) -> None:
    again = str(tmp_path / "again")
    file = milepost.open(saved)
    assert file.digest.startswith("xxh3-128:")
    assert len(file.digest) == 41
    turned = dict(reversed(STATE.items()))
    turned["model"] = dict(reversed(STATE["model"].items()))
    for codec in ("raw", "zstd", "planes"):
        milepost.save(turned, again, codec=codec)
        other = milepost.open(again)
        assert other.digest == file.digest
        assert [other[name].digest for name in file] == [file[name].digest for name in file]
    milepost.save({**STATE, "epoch": 4}, again)
    assert milepost.open(again).digest != file.digest
    assert milepost.open(again)["model/w"].digest == file["model/w"].digest
    with pytest.raises(milepost.InvalidArgumentError, match="a part of a tensor"):
        file["model/w"][1:2].digest  # noqa: B018
    file.close()
    with pytest.raises(milepost.InvalidArgumentError, match="closed"):
        file.digest  # noqa: B018


def test_the_order_of_names_does_not_change_the_digest(path: str, tmp_path: Path) -> None:
    """Also that of arrays, and of models that are ordered dicts: they are listed in the record."""
    state = {
        "b": {"x": np.ones(2), "y": torch.ones(2), "z": np.zeros(3)},
        "a": OrderedDict(w=torch.ones(3)),
        "c": OrderedDict(w=torch.ones(4)),
        "d": {"one": [np.ones(1), {"k": 1, "l": 2.0}]},
    }
    again = str(tmp_path / "again")
    milepost.save(state, path)
    milepost.save({name: state[name] for name in reversed(state)}, again)
    assert Path(path).read_bytes() != Path(again).read_bytes()
    assert milepost.open(path).digest == milepost.open(again).digest


def test_another_content_is_refused(saved: str) -> None:
    digest = milepost.open(saved).digest
    milepost.save({**STATE, "epoch": 4}, saved)
    module = torch.nn.Linear(6, 4)
    calls: list[Callable[[str | None], Any]] = [
        lambda digest: milepost.open(saved, digest=digest),
        lambda digest: milepost.load(saved, digest=digest),
        lambda digest: milepost.load_into(module, saved, strict=False, digest=digest),
        lambda digest: milepost.safe_open(saved, "pt", digest=digest),
    ]
    for call in calls:
        with pytest.raises(milepost.MismatchError, match=digest) as refused:
            call(digest)
        assert (refused.value.condition, refused.value.path) == ("other_content", saved)
        with pytest.raises(milepost.InvalidArgumentError, match="md5:"):
            call("md5:")
        with pytest.raises(milepost.WrongTypeError):
            call(3)  # type: ignore[arg-type]
        call(milepost.open(saved).digest)
        call(None)


def test_dlpack(saved: str) -> None:
    before = Path(saved).read_bytes()
    with milepost.open(saved) as file:
        tensor, bf16, mask = file["model/w"], file["model/b"], file["config/mask"]
    assert tensor.__dlpack_device__() == (1, 0)
    for each, expected in ((tensor, STATE["model"]["w"]), (bf16, STATE["model"]["b"]), (mask, STATE["config"]["mask"])):
        assert_same(torch.from_dlpack(each), expected)
    assert_same(torch.from_dlpack(tensor[:, 1]).contiguous(), STATE["model"]["w"][:, 1:2].contiguous())
    array = np.from_dlpack(tensor)
    assert_same(array, STATE["model"]["w"].numpy())
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1
    torch.from_dlpack(tensor).fill_(9)
    assert Path(saved).read_bytes() == before


@pytest.mark.parametrize("after", ["close", "replace", "delete"])
def test_tensors_outlive_their_file(saved: str, after: str) -> None:
    made: list[Any] = []
    with milepost.open(saved) as file:
        tensor = file["model/w"]
        made += [tensor.torch(), tensor.numpy(), torch.from_dlpack(tensor), np.from_dlpack(tensor)]
        made += [milepost.load(saved)["model"]["w"], tensor[1:].torch()]
    if after == "replace":
        milepost.save({"model": {"w": torch.zeros(4, 6)}}, saved)
    elif after == "delete":
        os.remove(saved)
    for each in made[:5]:
        assert np.asarray(each)[3, 5] == 23.0
    assert made[5][2, 5] == 23.0
    assert tensor.torch()[3, 5] == 23.0


def test_writes_never_reach_the_file_nor_another_load(saved: str) -> None:
    before = Path(saved).read_bytes()
    first, second = milepost.load(saved), milepost.load(saved)
    first["model"]["w"].mul_(0).add_(torch.arange(6.0))
    first["optimizer"]["state"][0]["m"][0, 0] = 5
    assert_same(second, STATE)
    assert Path(saved).read_bytes() == before
    with milepost.open(saved) as file:
        file["model/w"].torch().zero_()
        assert file.verify() == []
        assert_same(milepost.load(saved), STATE)


def damaged(path: str, tensor: torch.Tensor) -> None:
    data = bytearray(Path(path).read_bytes())
    at = data.index(tensor.numpy().tobytes())
    data[at + 3] ^= 16
    Path(path).write_bytes(data)


def test_damage_is_found_when_a_tensor_is_handed_out(saved: str) -> None:
    damaged(saved, STATE["model"]["w"])
    with pytest.raises(milepost.CorruptError, match="model/w") as caught:
        milepost.load(saved)
    assert (caught.value.condition, caught.value.path) == ("chunk_checksum", saved)
    with milepost.open(saved) as file:
        assert file["config/mask"].torch().all()
        for make in (lambda: file["model/w"].torch(), lambda: file["model/w"].numpy(), lambda: file.get("model/w")):
            with pytest.raises(milepost.CorruptError):
                make()
        (damage,) = file.verify()
        assert damage.condition == "chunk_checksum"
        assert damage.begin < damage.end
    for options in ({"verify": "full"}, {"verify": "on_access", "mmap": False}):
        with pytest.raises(milepost.CorruptError):
            milepost.load(saved, **options)
    for mmap in (True, False):
        assert milepost.load(saved, verify="never", mmap=mmap)["model"]["w"].shape == (4, 6)
    with pytest.raises(milepost.InvalidArgumentError, match="verify"):
        milepost.load(saved, verify="sometimes")  # type: ignore[arg-type]


def test_full_verification_finds_damage_outside_of_tensors(saved: str) -> None:
    data = bytearray(Path(saved).read_bytes())
    data[data.index(b"epoch")] ^= 1  # in the first copy of the index: the second one is used
    Path(saved).write_bytes(data)
    assert milepost.load(saved)["epoch"] == 3
    with milepost.open(saved) as file:
        assert "index_copy" in file.warnings[0]
    with pytest.raises(milepost.CorruptError):
        milepost.load(saved, verify="full")


def test_other_files_and_cut_ones(path: str) -> None:
    milepost.save(STATE, path)
    whole = Path(path).read_bytes()
    for content, error in (
        (b"", milepost.TruncatedError),
        (b"\x1f\x8b\x08" + bytes(100), milepost.NotACheckpointError),
        (b"PK\x03\x04" + bytes(100), milepost.TruncatedError),
        (whole[:-10], milepost.TruncatedError),
        (whole + b"x", milepost.CorruptError),
    ):
        Path(path).write_bytes(content)
        with pytest.raises(error) as caught:
            milepost.load(path)
        assert caught.value.path == path
    with pytest.raises(FileNotFoundError):
        milepost.load(path + ".none")
    with pytest.raises(milepost.NotACheckpointError):
        milepost.load(os.path.dirname(path))


def test_compressed_tensors_are_memory_of_their_own(path: str) -> None:
    milepost.save({"w": torch.zeros(100_000), "n": 1}, path, codec="zstd")
    loaded = milepost.load(path)
    assert path not in Path("/proc/self/maps").read_text()
    loaded["w"].fill_(1)
    assert milepost.load(path)["w"].sum() == 0


def test_another_framework_can_be_asked_for(path: str) -> None:
    milepost.save(STATE, path)
    loaded = milepost.load(path, framework="numpy")
    assert type(loaded["model"]["w"]) is np.ndarray
    assert loaded["model"]["b"].dtype.name == "bfloat16"
    milepost.save({"x": np.ones(2), "n": 1}, path)
    assert type(milepost.load(path, framework="torch")["x"]) is torch.Tensor
    with milepost.open(path) as file:
        assert type(file.get("x")) is np.ndarray
    with pytest.raises(milepost.InvalidArgumentError, match="'tf', not one of"):
        milepost.load(path, framework="tf")
