"""milepost.load_into: in place, with a report, and nothing changed after an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import milepost
from same import assert_same

torch = pytest.importorskip("torch")


def net(seed: int = 0, **options: Any) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.Linear(4, 8, **options), torch.nn.BatchNorm1d(8, **options), torch.nn.Linear(8, 2, **options)
    )


def trained(module: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    torch.manual_seed(5)
    for _ in range(2):
        optimizer.zero_grad()
        module(torch.randn(3, 4)).square().mean().backward()
        optimizer.step()


def copy_of(state: Any) -> Any:
    if isinstance(state, torch.Tensor):
        return state.clone()
    if isinstance(state, dict):
        return {key: copy_of(value) for key, value in state.items()}
    return [copy_of(each) for each in state] if isinstance(state, list) else state


def damage(path: str, content: bytes) -> None:
    """Flips a bit in the first place that holds the bytes."""
    data = bytearray(Path(path).read_bytes())
    at = data.index(content)
    data[at] ^= 1
    Path(path).write_bytes(data)


def raw(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.detach().contiguous().view(torch.uint8).flatten().tolist())


def test_a_module_is_loaded_in_place(path: str) -> None:
    source, live = net(1), net(2)
    milepost.save({"model": source.state_dict(), "epoch": 1}, path)
    places = [tensor.data_ptr() for tensor in live.state_dict().values()]
    versions = [parameter._version for parameter in live.parameters()]
    report = milepost.load_into(live, path)
    assert report.complete
    assert report.matched_by == "name"
    assert len(report.loaded) == len(source.state_dict())
    assert_same(list(source.state_dict().values()), list(live.state_dict().values()))
    assert [tensor.data_ptr() for tensor in live.state_dict().values()] == places
    assert all(parameter._version > version for parameter, version in zip(live.parameters(), versions, strict=True))
    assert all(parameter.requires_grad for parameter in live.parameters())


def test_a_dict_of_tensors_and_a_path_to_one(path: str) -> None:
    milepost.save(
        {"a": {"b": {"w": torch.ones(2), "x": torch.zeros(1), "n": 1}}, "m": {"w": torch.full((2,), 3.0)}}, path
    )
    live = {"w": torch.zeros(2)}
    milepost.load_into(live, path)
    assert live["w"].tolist() == [3, 3]
    milepost.load_into({"w": live["w"]}, path, "a/b", strict=False)
    assert live["w"].tolist() == [1, 1]


def test_optimizers_resume(path: str) -> None:
    for kind in (torch.optim.SGD, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.Adagrad):
        options = {"momentum": 0.9} if kind is torch.optim.SGD else {}
        for named in (False, True):
            module, other = net(1), net(1)

            def parameters(of: torch.nn.Module, named: bool = named) -> Any:
                return of.named_parameters() if named else of.parameters()

            optimizer = kind(parameters(module), lr=0.01, **options)
            trained(module, optimizer)
            milepost.save({"model": module.state_dict(), "optimizer": optimizer.state_dict()}, path)
            resumed = kind(parameters(other), lr=5.0, **options)
            milepost.load_into(other, path)
            report = milepost.load_into(resumed, path)
            assert report.matched_by == ("name" if named else "order")
            assert_same(optimizer.state_dict(), resumed.state_dict())
            milepost.load_into(resumed, path)  # now with live state
            assert_same(optimizer.state_dict(), resumed.state_dict())
            trained(module, optimizer)
            trained(other, resumed)
            assert_same(optimizer.state_dict(), resumed.state_dict())
            assert_same(list(module.state_dict().values()), list(other.state_dict().values()))


@pytest.mark.parametrize("option", ["fused", "capturable", None])
def test_a_step_is_where_the_optimizer_reads_it(path: str, option: str | None) -> None:
    """Optimizers that are fused or capturable read it on the device; 'meta' takes the place of a GPU."""
    source = torch.nn.Parameter(torch.ones(3))
    source.grad = torch.ones(3)
    optimizer = torch.optim.Adam([source])
    optimizer.step()
    if option is not None:
        optimizer.param_groups[0][option] = True
    milepost.save({"optimizer": optimizer.state_dict()}, path)
    live = torch.nn.Parameter(torch.ones(3, device="meta"))
    resumed = torch.optim.Adam([live])
    milepost.load_into(resumed, path)
    devices = {key: value.device.type for key, value in resumed.state[live].items()}
    assert devices == {"step": "meta" if option else "cpu", "exp_avg": "meta", "exp_avg_sq": "meta"}


def test_state_is_memory_of_its_own(path: str) -> None:
    module = net()
    optimizer = torch.optim.Adam(module.parameters())
    trained(module, optimizer)
    milepost.save({"optimizer": optimizer.state_dict()}, path)
    resumed = torch.optim.Adam(net().parameters())
    milepost.load_into(resumed, path)
    assert path not in Path("/proc/self/maps").read_text()


def test_what_does_not_match_is_one_error_and_nothing_changes(path: str) -> None:
    milepost.save({"model": {**net(1).state_dict(), "more": torch.ones(1)}}, path)
    live = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3), torch.nn.Linear(1, 1)
    )
    before = copy_of(dict(live.state_dict()))
    with pytest.raises(milepost.MismatchError) as caught:
        milepost.load_into(live, path)
    for word in ("model/more", "model/3.bias", "model/2.weight"):
        assert word in str(caught.value)
    assert caught.value.path == path
    assert_same(before, dict(live.state_dict()))

    report = milepost.load_into(live, path, strict=False)
    assert report.unexpected == ["model/more"]
    assert report.missing == ["model/3.weight", "model/3.bias"]
    assert report.shape_mismatches[0] == ("model/2.weight", (2, 8), (3, 8))
    assert not report.complete
    assert "more" in str(report)
    assert torch.equal(live[0].weight, net(1)[0].weight)


def test_only_rename_strip_and_cast(path: str) -> None:
    source = net(1, dtype=torch.float64)
    renamed = {f"module._orig_mod.{name.replace('0.', 'first.')}": value for name, value in source.state_dict().items()}
    milepost.save({"model": renamed}, path)
    live = net(2)
    with pytest.raises(milepost.MismatchError):
        milepost.load_into(live, path)
    options: dict[str, Any] = {"strip_prefixes": ["module.", "_orig_mod."], "rename": {"first.*": "0.*"}}
    with pytest.raises(milepost.MismatchError, match="f64 in the file, live f32"):
        milepost.load_into(live, path, **options)
    milepost.load_into(live, path, cast=True, **options)
    assert torch.equal(live[0].weight, source[0].weight.float())
    other = net(3)
    report = milepost.load_into(other, path, only="0.*", cast=True, **options)
    assert len(report.loaded) == 2
    assert torch.equal(other[2].weight, net(3)[2].weight)
    with pytest.raises(milepost.InvalidArgumentError):
        milepost.load_into(other, path, mode="quick")  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["checked", "staged"])
def test_damage_changes_nothing(path: str, mode: Any) -> None:
    module = net(1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    trained(module, optimizer)
    milepost.save({"model": module.state_dict(), "optimizer": optimizer.state_dict()}, path)
    last = list(optimizer.state_dict()["state"].values())[-1]["momentum_buffer"]
    damage(path, raw(last))
    live = net(2)
    with_state = torch.optim.SGD(live.parameters(), lr=9, momentum=0.9)
    trained(live, with_state)
    fresh = torch.optim.SGD(live.parameters(), lr=9, momentum=0.9)
    for target in (with_state, fresh):
        before = copy_of(target.state_dict())
        with pytest.raises(milepost.CorruptError, match="optimizer/state/5"):
            milepost.load_into(target, path, mode=mode)
        assert_same(before, target.state_dict())
    milepost.load_into(live, path)  # the model is whole
    damage(path, raw(module[2].bias))
    before = copy_of(dict(live.state_dict()))
    with pytest.raises(milepost.CorruptError, match=r"model/2\.bias"):
        milepost.load_into(live, path, mode=mode)
    assert_same(before, dict(live.state_dict()))


def test_extra_state(path: str) -> None:
    class Scaled(torch.nn.Module):
        def __init__(self, scale: Any) -> None:
            super().__init__()
            self.inner = torch.nn.Linear(1, 1)
            self.scale = scale

        def get_extra_state(self) -> Any:
            return {"scale": self.scale}

        def set_extra_state(self, state: Any) -> None:
            self.scale = state["scale"]

    source = torch.nn.Sequential(Scaled((2, 0.5)))
    milepost.save({"model": source.state_dict()}, path)
    live = torch.nn.Sequential(Scaled(None))
    assert milepost.load_into(live, path).complete
    assert live[0].scale == (2, 0.5)
    arrays = torch.nn.Sequential(Scaled({"array": np.ones(2), "tensor": torch.ones(2)}))
    milepost.save({"model": arrays.state_dict()}, path)
    given = torch.nn.Sequential(Scaled(None))
    milepost.load_into(given, path)
    assert_same(arrays[0].scale, given[0].scale)
    milepost.save({"model": {name: value for name, value in source.state_dict().items() if "extra" not in name}}, path)
    report = milepost.load_into(live, path, strict=False)
    assert report.missing == ["model/0._extra_state"]
    assert live[0].scale == (2, 0.5)


def test_hyperparameters_that_the_file_lacks_stay(path: str) -> None:
    optimizer = torch.optim.SGD(net().parameters(), lr=0.1)
    state = optimizer.state_dict()
    del state["param_groups"][0]["nesterov"]
    state["param_groups"][0]["mine"] = None
    milepost.save({"optimizer": state}, path)
    live = torch.optim.SGD(net().parameters(), lr=0.5, momentum=0.9, nesterov=True)
    report = milepost.load_into(live, path, strict=False)
    assert report.missing == ["optimizer/param_groups/0/nesterov"]
    assert live.param_groups[0]["nesterov"] is True
    assert live.param_groups[0]["lr"] == 0.1
    assert live.param_groups[0]["mine"] is None


def test_tied_weights(path: str) -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
            self.b.weight = self.a.weight

    source, live = Tied(), Tied()
    milepost.save({"model": source.state_dict()}, path)
    assert milepost.load_into(live, path).complete
    assert torch.equal(live.a.weight, source.b.weight)
    entries = {name: value for name, value in source.state_dict().items() if name != "b.weight"}
    milepost.save({"model": entries}, path)
    assert milepost.load_into(live, path).complete


def test_what_cannot_be_loaded_into(path: str) -> None:
    milepost.save({"a": {"w": torch.ones(1)}, "b": {"w": torch.ones(1)}, "n": 1}, path)
    with pytest.raises(milepost.NotFoundError, match="'a', 'b': pass one of these as name="):
        milepost.load_into(torch.nn.Linear(1, 1), path)
    with pytest.raises(milepost.NotFoundError, match="no optimizer"):
        milepost.load_into(torch.optim.SGD([torch.ones(1)], lr=1), path)
    with pytest.raises(milepost.NotFoundError):
        milepost.load_into(torch.nn.Linear(1, 1), path, "c")
    with pytest.raises(milepost.WrongTypeError, match="expected a"):
        milepost.load_into([1], path)
    with pytest.raises(milepost.WrongTypeError, match="meta"):
        milepost.load_into({"w": torch.ones(1, device="meta")}, path, "a")
    with pytest.raises(milepost.MissingFileError):
        milepost.load_into(torch.nn.Linear(1, 1), path + "x")
