"""Tensors on a GPU: saved from the device, and loaded to it. Skipped where there is no GPU."""

from __future__ import annotations

import copy
import gc
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import milepost
from gpu import CPU, DEVICE, PLACE, assert_equal, net, state, torch

# milepost.save and milepost.load


@pytest.mark.parametrize("codec", ["raw", "planes", "smallest"])
@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("device", [None, "cpu", DEVICE, PLACE])
def test_a_state_comes_back(path: str, codec: Any, mmap: bool, device: Any) -> None:
    given = state()
    milepost.save(given, path, codec=codec, durable=False)
    loaded = milepost.load(path, device=device, mmap=mmap)
    # Without device= all tensors are on the CPU, wherever they were saved from.
    assert_equal(given, loaded, PLACE if device in (DEVICE, PLACE) else CPU)
    assert all(tensor.device == PLACE for tensor in given.values() if isinstance(tensor, torch.Tensor))


@pytest.mark.parametrize("device", ["cpu", DEVICE])
def test_views_share_memory_again(path: str, device: str) -> None:
    given = state()
    milepost.save(given, path, durable=False)
    loaded = milepost.load(path, device=device)
    loaded["base"].copy_(torch.arange(240.0).reshape(24, 10))
    assert torch.equal(loaded["tied"], loaded["base"])
    assert torch.equal(loaded["transposed"], loaded["base"].t())
    assert torch.equal(loaded["strided"], loaded["base"][::2, 1::3])
    assert torch.equal(loaded["row"], loaded["base"][3])
    assert loaded["transposed"].stride() == given["transposed"].stride()
    assert loaded["tied"].data_ptr() == loaded["base"].data_ptr()
    assert Path(path).stat().st_size < 16 << 10  # each storage once


def test_devices_of_a_state_are_objects_of_it(path: str) -> None:
    given = {"device": PLACE, "x": torch.ones(2, device=DEVICE)}
    milepost.save(given, path, durable=False)
    loaded = milepost.load(path)
    assert loaded["device"] == PLACE
    assert loaded["x"].device == CPU


def test_what_is_loaded_to_the_device_does_not_keep_the_file_open(path: str) -> None:
    given = state()
    milepost.save(given, path, durable=False)
    loaded = milepost.load(path, device=DEVICE)
    assert path not in Path("/proc/self/maps").read_text(encoding="utf-8")
    assert_equal(given, loaded, PLACE)


def test_many_tensors_of_300_mebibytes(path: str) -> None:
    torch.manual_seed(2)
    sizes = [random.Random(3).randrange(1 << 20, 6 << 20) for _ in range(21)]
    given = {
        f"w{i}": torch.randint(-(2**31), 2**31 - 1, (n,), dtype=torch.int32, device=DEVICE) for i, n in enumerate(sizes)
    }
    given["large"] = torch.randint(-(2**31), 2**31 - 1, (16 << 20,), dtype=torch.int32, device=DEVICE)
    assert sum(tensor.nbytes for tensor in given.values()) > 300 << 20
    milepost.save(given, path, durable=False)
    loaded = milepost.load(path, device=DEVICE)
    assert list(loaded) == list(given)
    assert all(torch.equal(tensor, loaded[name]) for name, tensor in given.items())
    on_cpu = milepost.load(path)
    assert all(torch.equal(tensor.cpu(), on_cpu[name]) for name, tensor in given.items())


def test_a_save_keeps_no_memory_of_the_device(path: str) -> None:
    given = {"a": torch.ones(1 << 20, device=DEVICE), "b": [torch.ones(1 << 20, device=DEVICE)[::2]]}
    gc.collect()
    before = torch.cuda.memory_allocated()
    milepost.save(given, path, durable=False)
    assert torch.cuda.memory_allocated() == before
    torch.cuda.reset_peak_memory_stats()
    milepost.save(given, path, durable=False)
    assert torch.cuda.max_memory_allocated() == before


@pytest.mark.parametrize("device", ["cuda:99", torch.device("cuda:99"), 99])
def test_a_device_that_is_not_there(path: str, device: Any) -> None:
    milepost.torch.save_file({"x": torch.ones(2, device=DEVICE)}, path)
    message = "has no device .*99.* here: "
    with pytest.raises(milepost.InvalidArgumentError, match=message):
        milepost.load(path, device=device)
    with pytest.raises(milepost.InvalidArgumentError, match=message):
        milepost.safe_open(path, "pt", device=device)
    with pytest.raises(milepost.InvalidArgumentError, match=message):
        milepost.torch.load_file(path, device=device)
    assert milepost.load(path, device=DEVICE)["x"].tolist() == [1, 1]  # the GPU can still be used


def test_arrays_of_numpy_are_on_the_cpu(path: str) -> None:
    given = torch.arange(6.0, device=DEVICE)
    milepost.save({"x": given, "n": 1}, path, durable=False)
    with pytest.raises(milepost.InvalidArgumentError, match="CPU"):
        milepost.load(path, framework="numpy", device=DEVICE)
    assert np.array_equal(milepost.load(path, framework="numpy")["x"], given.cpu().numpy())


def test_a_device_is_that_of_torch_in_a_file_with_arrays(path: str) -> None:
    milepost.save({"x": torch.arange(6.0, device=DEVICE), "array": np.arange(3)}, path, durable=False)
    loaded = milepost.load(path, device=DEVICE)
    assert loaded["x"].device == PLACE
    assert type(loaded["array"]) is np.ndarray


# Streams. As torch.save and Tensor.cpu(), a save waits for the current stream; for others the program has to.

#: What torch.cuda._sleep waits: about a tenth of a second, in cycles.
LONG = 200_000_000


@pytest.fixture
def side_stream() -> Iterator[Any]:
    """A stream that is the current one, and not the default one, during the test."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        yield stream
    torch.cuda.synchronize()


@pytest.mark.parametrize("save", ["save", "save_async", "save_file"])
def test_a_save_waits_for_the_current_stream(path: str, side_stream: Any, save: str) -> None:
    weight = torch.zeros(8 << 20, device=DEVICE)
    torch.cuda._sleep(LONG)
    weight.fill_(1)  # not done yet when the save begins
    if save == "save_file":
        milepost.torch.save_file({"w": weight}, path, durable=False)
    elif save == "save":
        milepost.save({"w": weight}, path, durable=False)
    else:
        pending = milepost.save_async({"w": weight}, path, durable=False)
        weight.fill_(2)
        pending.result()
    weight.fill_(3)
    assert torch.equal(milepost.load(path)["w"], torch.ones(8 << 20))


def test_a_load_comes_after_the_work_of_the_current_stream(path: str, side_stream: Any) -> None:
    module = net(1)
    milepost.save({"model": module.state_dict()}, path, durable=False)
    live = net(2)
    torch.cuda._sleep(LONG)
    for tensor in live.state_dict().values():
        tensor.fill_(7)
    milepost.load_into(live, path)
    assert_equal(list(module.state_dict().values()), list(live.state_dict().values()), PLACE)


def test_a_loaded_tensor_can_be_used_in_any_stream(path: str, side_stream: Any) -> None:
    expected = torch.randint(0, 100, (8 << 20,), dtype=torch.int32)
    milepost.save({"w": expected}, path, durable=False)
    loaded = milepost.load(path, device=DEVICE)["w"]
    with torch.cuda.stream(torch.cuda.Stream()):  # without waiting for the stream of the load
        doubled = (loaded * 2).cpu()
    assert torch.equal(doubled, expected * 2)


def every_byte_of(tensor: Any) -> Any:
    return torch.empty(0, dtype=torch.uint8, device=DEVICE).set_(tensor.untyped_storage())


def test_save_async_holds_what_was_there_when_it_was_called(path: str) -> None:
    given = state() | {"large": torch.arange(8 << 20, dtype=torch.int32, device=DEVICE)}
    expected = copy.deepcopy({key: given[key].detach().cpu() for key in ("base", "row", "large", "bf16")})
    pending = milepost.save_async(given, path, durable=False)
    with torch.no_grad():
        for tensor in given.values():
            if isinstance(tensor, torch.Tensor) and tensor.numel():
                every_byte_of(tensor).fill_(255)
    pending.result()
    loaded = milepost.load(path)
    assert_equal(expected, {key: loaded[key] for key in expected}, CPU)
    pending = milepost.save_async(given, path, durable=False)  # the memory of the first snapshot, used again
    given["large"].zero_()
    pending.result()
    assert torch.equal(milepost.load(path)["large"], torch.full((8 << 20,), -1, dtype=torch.int32))


# In place of safetensors


@pytest.mark.parametrize("backend", ["mmap", "pread"])
@pytest.mark.parametrize("device", [DEVICE, f"{DEVICE}:0", torch.device(DEVICE), PLACE, 0])
def test_safe_open_gives_tensors_of_the_device(path: str, device: Any, backend: str) -> None:
    tensors = {name: tensor.detach() for name, tensor in state().items() if isinstance(tensor, torch.Tensor)}
    milepost.torch.save_file(tensors, path, durable=False)
    with milepost.safe_open(path, "pt", device=device, backend=backend) as file:
        assert file.keys() == sorted(tensors)
        for name, tensor in tensors.items():
            assert_equal(tensor, file.get_tensor(name), PLACE, name)
        part = file.get_slice("base")
        assert part.get_shape() == [24, 10]
        for index in (slice(2, 5), (slice(None), slice(None, None, 8)), (3, ...), (..., 2), [0, 5], slice(4, 4)):
            assert_equal(tensors["base"][index], part[index], PLACE, str(index))
        assert_equal(tensors["f8"][2:6], file.get_slice("f8")[2:6], PLACE)
        assert_equal(tensors["transposed"][2:6], file.get_slice("transposed")[2:6], PLACE)


def test_a_slice_takes_only_its_own_memory_of_the_device(path: str) -> None:
    milepost.torch.save_file({"w": torch.ones(1024, 4096, device=DEVICE)}, path, durable=False)
    with milepost.safe_open(path, "pt", device=DEVICE) as file:
        gc.collect()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        rows = file.get_slice("w")[5:7]
        assert torch.cuda.max_memory_allocated() - before == rows.nbytes == 32 << 10


@pytest.mark.parametrize("backend", ["mmap", "pread"])
def test_files_and_bytes_of_tensors(path: str, backend: str) -> None:
    tensors = {name: tensor.detach() for name, tensor in state().items() if isinstance(tensor, torch.Tensor)}
    milepost.torch.save_file(tensors, path, {"step": "3"}, durable=False)
    assert_equal(tensors, milepost.torch.load_file(path, device=DEVICE, backend=backend), PLACE)
    assert_equal(tensors, milepost.torch.load_file(path, device=0, backend=backend), PLACE)
    assert_equal(tensors, milepost.torch.load_file(path, backend=backend), CPU)
    assert_equal(tensors, milepost.torch.load(milepost.torch.save(tensors)), CPU)


class Tied(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(3000, 8)
        self.output = torch.nn.Linear(8, 3000, bias=False)
        self.output.weight = self.embedding.weight


@pytest.mark.parametrize("device", ["cpu", DEVICE, 0])
def test_models_with_tied_weights(path: str, device: Any) -> None:
    torch.manual_seed(5)
    module, live = Tied().to(DEVICE), Tied().to(DEVICE)
    milepost.torch.save_model(module, path, durable=False)
    assert Path(path).stat().st_size < 1.5 * module.embedding.weight.nbytes
    place = live.embedding.weight.data_ptr()
    missing, unexpected = milepost.torch.load_model(live, path, device=device)
    assert not missing
    assert not unexpected
    assert_equal(dict(module.state_dict()), dict(live.state_dict()), PLACE)
    assert live.embedding.weight.data_ptr() == live.output.weight.data_ptr() == place


def test_results_are_those_of_safetensors(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    tensors = {"a": torch.randn(6, 4, device=DEVICE), "b": torch.randn(3, device=DEVICE).bfloat16()}
    loaded = []
    for package, name in ((safetensors, "a.safetensors"), (milepost.torch, "a.milepost")):
        package.save_file(tensors, tmp_path / name)
        loaded.append([package.load_file(tmp_path / name, device=device) for device in (DEVICE, f"{DEVICE}:0", 0)])
    assert_equal(*loaded, PLACE)


# JAX


def test_arrays_of_jax_on_a_gpu(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # else it takes most of what PyTorch has left
    jax = pytest.importorskip("jax")
    mj = pytest.importorskip("milepost.jax")
    try:
        gpu = jax.devices("gpu")[0]
    except RuntimeError as error:
        pytest.skip(f"JAX has no GPU here: {error}")
    given = {
        "w": jax.device_put(jax.numpy.arange(12.0).reshape(3, 4), gpu),
        "b": jax.device_put(jax.numpy.ones(3, "bfloat16"), gpu),
    }
    mj.save_file(given, path)
    loaded = mj.load_file(path)
    assert list(loaded) == list(given)
    for name, array in given.items():
        assert isinstance(loaded[name], jax.Array)
        assert loaded[name].dtype == array.dtype
        assert np.array_equal(np.asarray(loaded[name]), np.asarray(array))
