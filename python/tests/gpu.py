"""What the tests of tensors on a GPU share. A module that imports it is skipped where PyTorch has no GPU."""

from __future__ import annotations

from typing import Any

import pytest

from same import bytes_of

torch = pytest.importorskip("torch")

if not torch.cuda.is_available():
    pytest.skip("PyTorch has no GPU here", allow_module_level=True)

import milepost.torch  # noqa: E402, F401  (after the skip: without PyTorch it is an error)

DEVICE = "cuda"
#: What a tensor says that is on DEVICE: with the number of the GPU.
PLACE = torch.empty(0, device=DEVICE).device
CPU = torch.device("cpu")


def assert_equal(given: Any, loaded: Any, device: torch.device, path: str = "") -> None:
    """The same types, dtypes and bits, and all tensors of `loaded` on the device."""
    assert type(given) is type(loaded), path
    if isinstance(given, torch.Tensor):
        assert loaded.device == device, path
        described = [(each.dtype, each.shape, each.requires_grad) for each in (given, loaded)]
        assert described[0] == described[1], path
        assert torch.equal(bytes_of(plain(given)).cpu(), bytes_of(loaded).cpu()), path
    elif isinstance(given, dict):
        assert list(given) == list(loaded), path
        for key, value in given.items():
            assert_equal(value, loaded[key], device, f"{path}/{key}")
    elif isinstance(given, list | tuple):
        assert len(given) == len(loaded), path
        for number, (one, other) in enumerate(zip(given, loaded, strict=True)):
            assert_equal(one, other, device, f"{path}/{number}")
    else:
        assert given == loaded, path


def plain(tensor: Any) -> Any:
    """As a file has it: a conjugate view becomes the elements that it shows."""
    return tensor.resolve_conj().resolve_neg()


def state() -> dict[str, Any]:
    """Tensors of many kinds, some of which share memory."""
    torch.manual_seed(1)
    base = torch.randn(24, 10, device=DEVICE)
    return {
        "base": base,
        "tied": base,
        "transposed": base.t(),
        "strided": base[::2, 1::3],
        "row": base[3],
        "expanded": torch.randn(5, 1, device=DEVICE).expand(5, 7),
        "bf16": torch.randn(3, 5, device=DEVICE).bfloat16(),
        "f8": torch.randn(8, device=DEVICE).to(torch.float8_e4m3fn),
        "f8_e5m2": torch.randn(8, device=DEVICE).to(torch.float8_e5m2),
        "flags": torch.tensor([True, False, True], device=DEVICE),
        "integers": torch.arange(-4, 4, device=DEVICE),
        "conjugate": torch.randn(4, dtype=torch.complex64, device=DEVICE).conj(),
        "negative": torch.randn(4, dtype=torch.complex64, device=DEVICE).conj().imag,
        "parameter": torch.nn.Parameter(torch.randn(6, device=DEVICE)),
        "frozen": torch.nn.Parameter(torch.randn(6, device=DEVICE), requires_grad=False),
        "with_grad": torch.ones(2, device=DEVICE, requires_grad=True),
        "scalar": torch.tensor(2.5, device=DEVICE),
        "empty": torch.empty(0, 3, device=DEVICE),
        "step": 3,
    }


def net(seed: int) -> Any:
    torch.manual_seed(seed)
    made = torch.nn.Sequential(
        torch.nn.Linear(16, 32), torch.nn.BatchNorm1d(32), torch.nn.ReLU(), torch.nn.Linear(32, 4)
    )
    return made.to(DEVICE)


def train(module: Any, optimizer: Any, steps: range) -> None:
    for step in steps:
        torch.manual_seed(step)
        optimizer.zero_grad()
        module(torch.randn(8, 16, device=DEVICE)).square().mean().backward()
        optimizer.step()
