"""In place of safetensors: programs written for it run with one import changed, and give the same results."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import milepost
import milepost.numpy
from milepost import safe_open
from same import assert_same

torch = pytest.importorskip("torch")

import milepost.torch  # noqa: E402


def modules(name: str) -> SimpleNamespace:
    """What a program imports from the package of that name."""
    package = importlib.import_module(name)
    return SimpleNamespace(
        safe_open=package.safe_open,
        torch=importlib.import_module(f"{name}.torch"),
        numpy=importlib.import_module(f"{name}.numpy"),
        error=package.SafetensorError,
    )


TENSORS = {
    "b": torch.arange(24.0).reshape(4, 6),
    "a": torch.ones(3, dtype=torch.bfloat16),
    "scalar": torch.tensor(5),
    "empty": torch.zeros(0, 3),
    "flags": torch.tensor([True, False]),
    "f8": torch.ones(4).to(torch.float8_e4m3fn),
}

INDICES = [
    slice(None),
    (slice(1, 3),),
    (slice(None), slice(None, None, 2)),
    (slice(None), slice(None, None, 8)),
    1,
    -1,
    (1, 2),
    (..., 1),
    (0, ..., 1),
    (..., slice(1, 2)),
    (slice(-2, None),),
    (slice(1, 3), 2),
    None,
    (None, 1, None),
    slice(3, 1),
    slice(0, 100),
    slice(4, 4),
    [0, 2],
    torch.tensor([0, 2]),
    True,
    np.int64(2),
    ...,
]


def example_of_the_readme(package: SimpleNamespace, folder: Path) -> Any:
    """The example of safetensors' README and of its page on the torch interface."""
    path = str(folder / "model.safetensors")
    tensors = {"weight1": torch.zeros((1024, 1024)), "weight2": torch.ones((1024, 1024))}
    package.torch.save_file(tensors, path)
    loaded = {}
    with package.safe_open(path, framework="pt", device="cpu") as file:
        for key in file.keys():  # noqa: SIM118
            loaded[key] = file.get_tensor(key)
    return loaded, package.torch.load_file(path), list(loaded)


def example_of_slices(package: SimpleNamespace, folder: Path) -> Any:
    """The example of safetensors' page on speed: a part of a tensor for each rank."""
    path = folder / "model.safetensors"
    package.torch.save_file({"embedding": torch.arange(800.0).reshape(100, 8)}, path)
    with package.safe_open(path, framework="pt") as file:
        part = file.get_slice("embedding")
        _, hidden = part.get_shape()
        return part[:, :hidden], part[:, : hidden // 2], part[50:], part[:, ::8], part.get_shape(), part.get_dtype()


def example_of_metadata(package: SimpleNamespace, folder: Path) -> Any:
    path = folder / "model.safetensors"
    package.torch.save_file(TENSORS, path, metadata={"format": "pt", "step": "3"})
    with package.safe_open(path, "pt") as file:
        names = file.keys()
        # safetensors has the metadata in any order.
        return sorted(file.metadata().items()), names, [file.get_slice(name).get_dtype() for name in names]


def example_of_bytes(package: SimpleNamespace, folder: Path) -> Any:
    data = package.torch.save(TENSORS, {"a": "b"})
    assert type(data) is bytes
    loaded = package.torch.load(data)
    return {name: loaded[name] for name in sorted(loaded)}


def example_of_models(package: SimpleNamespace, folder: Path) -> Any:
    """The example of safetensors' page on shared tensors."""

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = torch.nn.Linear(10, 10)
            self.b = self.a

    torch.manual_seed(1)
    model, other = Model(), Model()
    path = folder / "model.safetensors"
    package.torch.save_model(model, path)
    result = package.torch.load_model(other, path)
    missing, unexpected = package.torch.load_model(torch.nn.Linear(10, 10), path, strict=False)
    return other.state_dict(), [sorted(each) for each in result], sorted(missing), bool(unexpected)


def example_of_numpy(package: SimpleNamespace, folder: Path) -> Any:
    path = folder / "model.safetensors"
    arrays = {"embedding": np.zeros((512, 1024)), "attention": np.arange(256), "scalar": np.array(3, np.uint8)}
    package.numpy.save_file(arrays, path)
    with package.safe_open(path, framework="numpy") as file:
        one = file.get_tensor("attention")
    loaded, again = package.numpy.load_file(path), package.numpy.load(package.numpy.save(arrays))
    return one, {name: loaded[name] for name in sorted(loaded)}, {name: again[name] for name in sorted(again)}


def example_of_errors(package: SimpleNamespace, folder: Path) -> Any:
    path = folder / "model.safetensors"
    with pytest.raises(FileNotFoundError):
        package.torch.load_file(path)
    package.torch.save_file(TENSORS, path)
    with package.safe_open(path, "pt") as file, pytest.raises(package.error, match=r"not.*have|not contain"):
        file.get_tensor("none")
    with pytest.raises(package.error):
        file.keys()
    with pytest.raises(package.error):
        package.safe_open(path, "no such framework")
    with pytest.raises(ValueError):  # noqa: PT011
        package.torch.save_file({"a": 1}, path)
    with pytest.raises(RuntimeError, match="Missing key"):
        package.torch.load_model(torch.nn.Linear(1, 1), path)
    return True


EXAMPLES = [
    example_of_the_readme,
    example_of_slices,
    example_of_metadata,
    example_of_bytes,
    example_of_models,
    example_of_numpy,
    example_of_errors,
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.__name__)
def test_programs_run_with_another_import(tmp_path: Path, example: Any) -> None:
    results = []
    for name in ("safetensors", "milepost"):
        (tmp_path / name).mkdir()
        results.append(example(modules(name), tmp_path / name))
    assert_same(*results)


@pytest.mark.parametrize("framework", ["pt", "np"])
@pytest.mark.parametrize("index", INDICES, ids=repr)
@pytest.mark.parametrize("codec", ["raw", "zstd"])
def test_slices_are_what_indexing_the_tensor_gives(path: str, framework: str, index: Any, codec: Any) -> None:
    names = ["b", "scalar", "empty"]
    milepost.torch.save_file({name: TENSORS[name] for name in names}, path, codec=codec)
    with safe_open(path, framework) as file:
        for name in names:
            whole = TENSORS[name] if framework == "pt" else TENSORS[name].numpy()
            if framework == "np" and isinstance(index, torch.Tensor):
                index = index.numpy()
            try:
                expected = whole[index]
            except (IndexError, TypeError):
                with pytest.raises((IndexError, TypeError)):
                    file.get_slice(name)[index]
            else:
                given = file.get_slice(name)[index]
                if framework == "np":  # an index of ints alone gives a scalar of NumPy
                    expected, given = np.asarray(expected), np.asarray(given)
                assert_same(expected, given)


@pytest.mark.parametrize("index", [10, -5, (1, 2, 3), (..., ...), (0, 6)], ids=repr)
def test_slices_out_of_range(path: str, index: Any) -> None:
    milepost.torch.save_file(TENSORS, path)
    with safe_open(path, "pt") as file, pytest.raises(IndexError):
        file.get_slice("b")[index]
    with safe_open(path, "pt") as file, pytest.raises(ValueError, match="greater than zero"):
        file.get_slice("b")[::-1]


@pytest.mark.parametrize("backend", ["mmap", "pread"])
def test_a_slice_is_all_that_a_device_gets(path: str, backend: str) -> None:
    milepost.torch.save_file({"w": torch.ones(100, 10), "t": torch.ones(10, 100).t()}, path)
    with safe_open(path, "pt", device="meta", backend=backend) as file:
        for name in ("w", "t"):
            part = file.get_slice(name)[3:5]
            assert part.device.type == "meta"
            assert part.shape == (2, 10)
            assert part.untyped_storage().nbytes() == part.nbytes


def test_more_than_safetensors(path: str) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    metadata = {"step": 3, "betas": (0.9, 0.999), "mean": torch.ones(2)}
    tensors = {"t": base.t(), "row": base[1], "c": torch.ones(2, dtype=torch.complex128)}
    milepost.torch.save_file(tensors, path, metadata)
    with safe_open(path, "pt") as file:
        assert_same(metadata, file.metadata())
        loaded = file.get_tensors()
    assert loaded["t"].stride() == (1, 4)
    loaded["row"][0] = 100.0
    assert loaded["t"][0, 1] == 100.0


def test_a_file_of_a_training_run_has_paths_as_names(path: str) -> None:
    milepost.save({"model": {"w": torch.ones(2)}, "values": [1, {"x": torch.zeros(3)}], "n": 1}, path)
    with safe_open(path, "pt") as file:
        assert file.keys() == ["model/w", "values/1/x"]
        assert file.metadata() is None
        assert torch.equal(file.get_tensor("values/1/x"), torch.zeros(3))
        assert torch.equal(file.get_slice("values/1/x")[[True, False, True]], torch.zeros(2))


def test_what_is_loaded_may_be_written_to(path: str) -> None:
    milepost.torch.save_file(TENSORS, path)
    before = Path(path).read_bytes()
    for backend in ("mmap", "pread"):
        loaded = milepost.torch.load_file(path, backend=backend)
        loaded["b"].fill_(7)
        assert Path(path).read_bytes() == before
    assert_same(milepost.torch.load_file(path)["b"], TENSORS["b"])
    arrays = milepost.numpy.load_file
    milepost.numpy.save_file({"a": np.ones(3)}, path)
    with pytest.raises(ValueError, match="read-only"):
        arrays(path)["a"][0] = 2
    arrays(path, backend="pread")["a"][0] = 2


def test_bytes_of_another_kind_are_refused() -> None:
    with pytest.raises(milepost.NotACheckpointError):
        milepost.torch.load(b"{}" * 100)
    with pytest.raises(milepost.InvalidArgumentError):
        milepost.torch.load("text")  # type: ignore[arg-type]


def test_tensors_come_back_without_gradients(path: str) -> None:
    milepost.torch.save_file(dict(torch.nn.Linear(2, 2).named_parameters()), path)
    loaded = milepost.torch.load_file(path)
    assert type(loaded["weight"]) is torch.Tensor
    loaded["weight"].mul_(2)
    milepost.save({"p": torch.nn.Parameter(torch.ones(2)), "n": 1}, path)
    with safe_open(path, "pt") as file:
        assert not file.get_tensor("p").requires_grad
