"""Training on a GPU: modules and optimizers are loaded in place, and training resumes bit for bit."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import milepost
from gpu import CPU, DEVICE, PLACE, assert_equal, net, state, torch, train


def test_a_module_is_loaded_in_place(path: str) -> None:
    source, live = net(1), net(2)
    milepost.save({"model": source.state_dict(), "epoch": 1}, path, durable=False)
    places = [tensor.data_ptr() for tensor in live.state_dict().values()]
    versions = [parameter._version for parameter in live.parameters()]
    assert milepost.load_into(live, path).complete
    assert_equal(list(source.state_dict().values()), list(live.state_dict().values()), PLACE)
    assert [tensor.data_ptr() for tensor in live.state_dict().values()] == places
    assert all(parameter._version > version for parameter, version in zip(live.parameters(), versions, strict=True))


def test_tied_and_transposed_tensors_are_loaded_in_place(path: str) -> None:
    given = state()
    names = ["base", "tied", "transposed", "row", "bf16", "f8"]
    milepost.save({"model": {name: given[name] for name in names}}, path, durable=False)
    base = torch.zeros(24, 10, device=DEVICE)
    live = {
        "base": base,
        "tied": base,
        "transposed": base.t(),
        "row": base[3],
        "bf16": torch.zeros(3, 5, device=DEVICE, dtype=torch.bfloat16),
        "f8": torch.zeros(8, device=DEVICE).to(torch.float8_e4m3fn),
    }
    assert milepost.load_into(live, path).complete
    assert_equal({name: given[name] for name in names}, live, PLACE)
    assert live["transposed"].data_ptr() == base.data_ptr()


def test_a_cast_is_done_in_place(path: str) -> None:
    weight = torch.randn(100, device=DEVICE)
    milepost.save({"model": {"w": weight}}, path, durable=False)
    live = {"w": torch.zeros(100, device=DEVICE, dtype=torch.bfloat16)}
    with pytest.raises(milepost.MismatchError, match="f32 in the file, live bf16"):
        milepost.load_into(live, path)
    assert not live["w"].any()
    milepost.load_into(live, path, cast=True)
    assert torch.equal(live["w"], weight.bfloat16())


@pytest.mark.parametrize("options", [{"fused": True}, {"foreach": True}, {"capturable": True}, {}], ids=str)
@pytest.mark.parametrize("way", ["load_into fresh", "load_into live", "load_state_dict"])
def test_training_resumes_bit_for_bit(path: str, options: dict[str, bool], way: str) -> None:
    unbroken, module = net(1), net(1)
    optimizer = torch.optim.Adam(unbroken.parameters(), lr=0.01, **options)
    train(unbroken, optimizer, range(6))

    first = torch.optim.Adam(module.parameters(), lr=0.01, **options)
    train(module, first, range(3))
    milepost.save({"model": module.state_dict(), "optimizer": first.state_dict()}, path, durable=False)
    other = net(2)
    resumed = torch.optim.Adam(other.parameters(), lr=5.0, **options)
    if way == "load_state_dict":
        loaded = milepost.load(path)
        other.load_state_dict(loaded["model"])
        resumed.load_state_dict(loaded["optimizer"])
    else:
        if way == "load_into live":
            train(other, resumed, range(10, 12))
        milepost.load_into(other, path)
        milepost.load_into(resumed, path)
    assert_same_state(first.state_dict(), resumed.state_dict())
    train(other, resumed, range(3, 6))
    assert_same_state(optimizer.state_dict(), resumed.state_dict())
    assert_equal(dict(unbroken.state_dict()), dict(other.state_dict()), PLACE)


def assert_same_state(left: Any, right: Any) -> None:
    """Of optimizers. A `step` is on the CPU, or, if they are fused or capturable, on the device."""
    assert left["param_groups"] == right["param_groups"]
    assert left["state"].keys() == right["state"].keys()
    for number, entries in left["state"].items():
        for key, value in entries.items():
            assert_equal(value, right["state"][number][key], value.device, f"{number}/{key}")


def test_a_step_follows_an_optimizer_that_becomes_fused(path: str) -> None:
    module, other = net(1), net(1)
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    train(module, optimizer, range(2))
    milepost.save({"optimizer": optimizer.state_dict()}, path, durable=False)
    resumed = torch.optim.Adam(other.parameters(), fused=False, foreach=False)
    train(other, resumed, range(2))  # its steps are live, and on the CPU
    milepost.load_into(resumed, path)
    assert {entries["step"].device for entries in resumed.state.values()} == {PLACE}
    milepost.load_into(other, saved_model(module, path))
    train(module, optimizer, range(2, 4))
    train(other, resumed, range(2, 4))
    assert_equal(dict(module.state_dict()), dict(other.state_dict()), PLACE)


def saved_model(module: Any, path: str) -> str:
    milepost.save({"model": module.state_dict()}, path + "-model", durable=False)
    return path + "-model"


def test_the_generator_of_the_device_goes_on(path: str) -> None:
    torch.manual_seed(4)
    torch.randn(5, device=DEVICE)
    rng, all_rng = torch.cuda.get_rng_state(), torch.cuda.get_rng_state_all()
    milepost.save({"rng": rng, "all": all_rng, "step": 1}, path, durable=False)
    expected = torch.randn(1000, device=DEVICE)
    loaded = milepost.load(path)
    assert torch.equal(loaded["rng"], rng)
    torch.cuda.set_rng_state(loaded["rng"])
    assert torch.equal(torch.randn(1000, device=DEVICE), expected)
    torch.cuda.set_rng_state_all(loaded["all"])
    assert torch.equal(torch.randn(1000, device=DEVICE), expected)


def test_the_state_of_a_grad_scaler(path: str) -> None:
    scaler = torch.amp.GradScaler(DEVICE, init_scale=1024.0, growth_interval=2)
    module = net(1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    for step in range(3):
        torch.manual_seed(step)
        with torch.autocast(DEVICE, dtype=torch.bfloat16):
            loss = module(torch.randn(8, 16, device=DEVICE)).square().mean()
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    assert scaler.get_scale() == 2048  # it grew once
    milepost.save({"model": module.state_dict(), "scaler": scaler.state_dict()}, path, durable=False)
    loaded = milepost.load(path)
    assert loaded["scaler"] == scaler.state_dict()
    other = torch.amp.GradScaler(DEVICE)
    other.load_state_dict(loaded["scaler"])
    assert other.state_dict() == scaler.state_dict()
    assert_equal(module.state_dict(), loaded["model"], CPU)


# torch.distributed.checkpoint, in one process


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled:UserWarning")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_checkpoint_of_one_rank(folder: str, asynchronous: bool) -> None:
    distributed = pytest.importorskip("milepost.torch.distributed")
    module = net(1)
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    train(module, optimizer, range(2))
    given = {
        "model": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "strided": torch.arange(12.0, device=DEVICE).reshape(3, 4).t(),
    }
    expected, target = copy.deepcopy(given), copy.deepcopy(given)
    if asynchronous:
        pending = distributed.async_save(given, folder, durable=False)
        with torch.no_grad():
            for tensor in given["model"].values():
                tensor.zero_()  # the save has a copy
        pending.result()
    else:
        distributed.save(given, folder, durable=False)
    for tensor in [*target["model"].values(), target["strided"]]:
        tensor.zero_()
    places = [tensor.data_ptr() for tensor in target["model"].values()]
    distributed.load(target, folder)
    assert_equal(expected["model"], target["model"], PLACE)
    assert [tensor.data_ptr() for tensor in target["model"].values()] == places
    assert torch.equal(target["strided"], expected["strided"])
    assert_same_state(expected["optimizer"], target["optimizer"])
    read = distributed.read(folder)["model"]
    assert_equal(dict(expected["model"]), {name: read[name] for name in expected["model"]}, CPU)
