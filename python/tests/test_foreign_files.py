"""Files of other formats are opened and loaded as those of Milepost are."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import milepost
import milepost.numpy
from same import assert_same

FILES = Path(__file__).resolve().parents[2] / "tests" / "convert" / "files"
torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors")

# What torch.load reads, and Milepost does not have.
ONLY_TORCH = ("storage", "quantized", "sparse", "complex32", "meta")


def tensors() -> dict[str, Any]:
    return {
        "embed.weight": torch.arange(40, dtype=torch.float32).reshape(8, 5),
        "norm": torch.ones(5, dtype=torch.bfloat16),
        "nested/name": torch.arange(3),
        "none": torch.zeros(0, 4),
        "flag": torch.tensor(True),
    }


def gguf_of_blocks(path: Path) -> None:
    def text(given: bytes) -> bytes:
        return struct.pack("<Q", len(given)) + given

    header = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + text(b"w") + struct.pack("<IQIQ", 1, 32, 2, 0)
    path.write_bytes(header + bytes(-len(header) % 32) + bytes(range(18)) + bytes(14))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file", [pytest.param(each, id=each.stem) for each in sorted(FILES.glob("*.pt"))])
def test_a_file_of_pytorch_is_what_torch_load_returns(file: Path) -> None:
    try:
        expected = torch.load(file, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError:
        expected = None
    except (RuntimeError, AttributeError, TypeError):
        pytest.skip("this version of PyTorch does not read it")
    try:
        loaded = milepost.load(file)
    except milepost.UnsupportedError as error:
        assert expected is None or file.stem.endswith(ONLY_TORCH)
        assert error.path == str(file)  # noqa: PT017
        return
    if expected is None:  # Milepost reads more as data
        return
    if "conj_neg" in file.stem:
        expected = {name: each.resolve_conj().resolve_neg() for name, each in expected.items()}
    if file.stem == "1.0.1-legacy-sgd":  # the parameters are addresses: state is sorted by index
        state = expected["optimizer_state_dict"]["state"]
        expected["optimizer_state_dict"]["state"] = dict(sorted(state.items()))
    assert_same(expected, loaded)


def test_tensors_that_share_a_storage_still_do(tmp_path: Path) -> None:
    whole = torch.arange(10.0)
    torch.save({"model": {"a": whole, "b": whole[2:8:2]}, "list": [whole, 3]}, tmp_path / "x.pt")
    loaded = milepost.load(tmp_path / "x.pt")
    loaded["model"]["a"][2] = 50
    assert loaded["model"]["b"][0] == 50
    assert loaded["list"][0][2] == 50
    assert torch.load(tmp_path / "x.pt")["model"]["a"][2] == 2


def test_arrays_of_numpy_in_a_file_of_pytorch_are_arrays(tmp_path: Path) -> None:
    torch.save({"t": torch.ones(2), "a": np.arange(3), "l": [np.ones(1), torch.zeros(1)]}, tmp_path / "x.pt")
    loaded = milepost.load(tmp_path / "x.pt")
    assert_same(loaded, {"t": torch.ones(2), "a": np.arange(3), "l": [np.ones(1), torch.zeros(1)]})


def test_safe_open_gives_what_that_of_safetensors_gives(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = tmp_path / "model.safetensors"
    save_file(tensors(), path, {"step": "3"})
    with safetensors.safe_open(path, "pt") as theirs, milepost.safe_open(path, "pt") as ours:
        assert sorted(theirs.keys()) == ours.keys()
        assert theirs.offset_keys() == ours.offset_keys()
        assert theirs.metadata() == ours.metadata()
        for name in ours.keys():  # noqa: SIM118
            assert_same(theirs.get_tensor(name), ours.get_tensor(name))
            assert theirs.get_slice(name).get_dtype() == ours.get_slice(name).get_dtype()
        for index in (slice(2, 5), (slice(None), 1), (3, 4), (..., slice(0, 5, 2))):
            assert_same(theirs.get_slice("embed.weight")[index], ours.get_slice("embed.weight")[index])
        with pytest.raises(milepost.NotFoundError):
            ours.get_tensor("missing")
    expected = load_file(path)
    loaded = milepost.torch.load_file(path)
    assert_same(expected, {name: loaded[name] for name in expected})
    arrays = milepost.numpy.load_file(path)
    assert arrays["embed.weight"].flags.writeable
    assert_same(arrays["embed.weight"], expected["embed.weight"].numpy())


def test_shards_are_one_file(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"a": torch.ones(2)}, tmp_path / "m-00001-of-00002.safetensors")
    save_file({"b": torch.zeros(3)}, tmp_path / "m-00002-of-00002.safetensors")
    index = tmp_path / "m.safetensors.index.json"
    index.write_text(
        '{"metadata": {"total_size": 20}, "weight_map": {"a": "m-00001-of-00002.safetensors", '
        '"b": "m-00002-of-00002.safetensors"}}'
    )
    assert_same(milepost.torch.load_file(index), {"a": torch.ones(2), "b": torch.zeros(3)})


def test_files_of_numpy(tmp_path: Path) -> None:
    given = {"w": np.arange(12.0).reshape(3, 4), "columns": np.asfortranarray(np.arange(6).reshape(2, 3))}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", **given)
        assert_same(milepost.numpy.load_file(tmp_path / "x.npz"), given)
        assert_same(milepost.load(tmp_path / "x.npz", framework="numpy"), given)
        with milepost.open(tmp_path / "x.npz") as file:
            assert_same(file["model/w"][1:3, ::2].numpy(), given["w"][1:3, ::2])
            assert file["model/columns"][:, 1:2].numpy().tolist() == [[1], [4]]
    np.save(tmp_path / "x.npy", given["w"])
    assert_same(milepost.load(tmp_path / "x.npy")["arr_0"], torch.from_numpy(given["w"]))
    np.save(tmp_path / "small.npy", np.zeros(0, np.int8))
    assert milepost.load(tmp_path / "small.npy")["arr_0"].shape == (0,)


def test_files_of_keras(tmp_path: Path) -> None:
    path = FILES / "hdf5" / "keras.weights.h5"
    expected = json.loads((path.parent / "expected.json").read_text())[path.name]
    loaded = milepost.load(path)
    assert [(name, list(each.shape)) for name, each in loaded.items()] == [
        (name, shape) for name, _, shape, _ in expected["tensors"]
    ]
    assert loaded["layers/dense_1/vars/0"].dtype == torch.bfloat16
    for name, _, _, digest in expected["tensors"]:
        data = loaded[name].contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        assert hashlib.sha256(data).hexdigest()[:16] == digest, name
    with milepost.open(path) as file:
        assert (file.format, file.models) == ("hdf5", ["model"])
        assert file.get("attributes")["layers/dense/vars"] == {"name": "first"}
    with pytest.raises(milepost.UnsupportedError, match="does not write hdf5"):
        milepost.convert(path, tmp_path / "x.h5", lossy=True)


def test_jax_loads_them(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    import milepost.jax

    np.savez(tmp_path / "x.npz", w=np.ones(3, np.float32))
    assert milepost.jax.load_file(tmp_path / "x.npz")["w"].sum() == 3


def test_quantized_tensors_of_gguf_are_listed_and_not_decoded(tmp_path: Path) -> None:
    gguf_of_blocks(tmp_path / "x.gguf")
    with milepost.open(tmp_path / "x.gguf") as file:
        assert (file["model/w"].dtype, file["model/w"].shape, file["model/w"].nbytes) == ("ggml.q4_0", (1,), 18)
        with pytest.raises(milepost.UnsupportedError, match=r"w has the dtype ggml.q4_0, which NumPy does not have"):
            file["model/w"].numpy()
    with pytest.raises(
        milepost.UnsupportedError, match=r"w has the dtype ggml.q4_0, a quantized type of GGUF"
    ) as caught:
        milepost.torch.load_file(tmp_path / "x.gguf")
    assert caught.value.condition == "dtype"


def test_the_parts_of_an_open_file(tmp_path: Path) -> None:
    net = torch.nn.Linear(3, 2)
    opt = torch.optim.AdamW(net.parameters(), lr=0.5)
    net(torch.ones(3)).sum().backward()
    opt.step()
    given = {"net": net.state_dict(), "opt": opt.state_dict(), "args": {"lr": 0.5, "seeds": [1, torch.ones(1)]}}
    torch.save(given, tmp_path / "x.pt")
    with milepost.open(tmp_path / "x.pt") as file:
        assert (file.models, file.optimizers, file.values) == (["net"], ["opt"], ["args"])
        assert list(file)[:2] == ["net/weight", "net/bias"]
        assert len(file) == 9
        assert "net/bias" in file
        assert "net" not in file
        assert "nothing" not in file
        assert file["net/bias"].name == "bias"
        assert_same(file.model("net"), given["net"])
        assert_same(file.optimizer("opt"), given["opt"])
        assert_same(file.get("args"), given["args"])
        assert file.get("args/lr") == 0.5
        assert_same(file.get("opt/state/0/exp_avg"), given["opt"]["state"][0]["exp_avg"])
        assert_same(torch.from_dlpack(file["net/bias"]), given["net"]["bias"])
        assert file.warnings == []
        for missing in (
            lambda: file["none"],
            lambda: file.get("args/none"),
            lambda: file.model(),
            lambda: file.get("net"),
        ):
            with pytest.raises(milepost.NotFoundError):
                missing()
        with pytest.raises(milepost.InvalidArgumentError, match="args/lr is not a tensor"):
            file["args/lr"]


def test_what_only_files_of_milepost_have(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(2))
    with milepost.open(tmp_path / "x.npy", verify="full") as file:
        for call in (lambda: file.digest, lambda: file["model/arr_0"].digest, file.verify):
            with pytest.raises(milepost.UnsupportedError, match="npy file has no digest") as caught:
                call()
            assert caught.value.condition == "feature"
    with pytest.raises(milepost.UnsupportedError, match="no digest that could be compared"):
        milepost.load(tmp_path / "x.npy", digest="xxh3-128:" + "0" * 32)


def test_checksums_of_the_format_are_compared(tmp_path: Path) -> None:
    torch.save({"w": torch.full((100,), 7, dtype=torch.uint8)}, tmp_path / "x.pt")
    data = bytearray((tmp_path / "x.pt").read_bytes())
    data[data.index(b"\7" * 100) + 50] ^= 1
    (tmp_path / "x.pt").write_bytes(data)
    with pytest.raises(milepost.CorruptError) as caught:
        milepost.load(tmp_path / "x.pt")
    assert caught.value.condition == "foreign_checksum"
    assert caught.value.path == str(tmp_path / "x.pt")


class Hostile:
    def __reduce__(self) -> Any:
        return os.system, ("echo hostile > hostile.txt",)


@pytest.mark.parametrize("is_zip", [True, False])
def test_nothing_in_a_pickle_is_run(tmp_path: Path, is_zip: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"w": torch.ones(1), "x": Hostile()}, "x.pt", _use_new_zipfile_serialization=is_zip)
    for call in (milepost.load, milepost.open, milepost.torch.load_file):
        with pytest.raises(milepost.UnsupportedError, match=r"system") as caught:
            call("x.pt")
        assert caught.value.condition == "global"
    assert not os.path.exists("hostile.txt")


def test_limits_hold(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1000), "n": list(range(1000))}, tmp_path / "x.pt")
    for limits in (
        {"max_total_bytes": 3999},
        {"max_index_bytes": 100},
        {"max_records": 500},
        {"max_decoded_bytes": 500},
    ):
        with pytest.raises(milepost.LimitExceededError):
            milepost.load(tmp_path / "x.pt", limits=limits)
    milepost.load(tmp_path / "x.pt", limits={"max_total_bytes": 4000})


def test_other_files_are_told_what_they_look_like(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.txt", "text")
    (tmp_path / "x.txt").write_text("a text of some length " * 10)
    for name in ("x.zip", "x.txt"):
        with pytest.raises((milepost.NotACheckpointError, milepost.UnsupportedError, milepost.CorruptError)):
            milepost.load(tmp_path / name)


def test_load_into_from_other_formats(tmp_path: Path) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    opt = torch.optim.Adam(net.parameters(), lr=0.5)
    net(torch.ones(4, 3)).sum().backward()
    opt.step()
    torch.save({"net": net.state_dict(), "opt": opt.state_dict(), "ema": [net.state_dict()]}, tmp_path / "x.pt")
    again = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    other = torch.optim.Adam(again.parameters(), lr=0.1)
    report = milepost.load_into(again, tmp_path / "x.pt")
    assert report.complete
    assert report.loaded[:2] == ["net/0.weight", "net/0.bias"]
    milepost.load_into(other, tmp_path / "x.pt")
    assert_same(again.state_dict(), net.state_dict())
    assert_same(other.state_dict(), opt.state_dict())

    milepost.convert(tmp_path / "x.pt", tmp_path / "x.safetensors", lossy=True)
    with pytest.raises(milepost.MismatchError):
        milepost.load_into(torch.nn.Linear(3, 2), tmp_path / "x.safetensors")
    with pytest.raises(milepost.NotFoundError):
        milepost.load_into(again, tmp_path / "x.pt", "nothing")
    with pytest.raises(milepost.LimitExceededError):
        milepost.load_into(again, tmp_path / "x.pt", limits={"max_total_bytes": 100})


def test_progress_and_exceptions_of_it(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(10 << 18)}, tmp_path / "x.pt")
    seen: list[tuple[int, int]] = []
    milepost.load(tmp_path / "x.pt", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10 << 20, 10 << 20)
    assert len(seen) == 3

    def stop(done: int, total: int) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        milepost.load(tmp_path / "x.pt", progress=stop)


def test_a_file_that_is_rewritten_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(2))
    with milepost.open(tmp_path / "x.npy") as file:
        data = (tmp_path / "x.npy").read_bytes()
        with open(tmp_path / "x.npy", "r+b") as other:
            other.write(data[:-1] + b"\1more")
        with pytest.raises(milepost.IoError) as caught:
            file["model/arr_0"].numpy()
        assert caught.value.condition == "changed"


def test_what_was_loaded_needs_no_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", w=np.arange(5))
    with milepost.open(tmp_path / "x.npz") as file:
        handle = file["model/w"]
    os.remove(tmp_path / "x.npz")
    assert handle.numpy().sum() == 10
    assert re.match(r"<w, i64\[5\]>", repr(handle))
