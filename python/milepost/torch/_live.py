"""Live modules and optimizers, to be loaded into."""

from __future__ import annotations

from typing import Any, ClassVar

import torch

from milepost import _libraries, _native, _parts
from milepost._errors import WrongTypeError
from milepost._memory import Limits, Memory, Progress
from milepost.torch import _tensors

_EXTRA = "_extra_state"


def of(target: Any) -> LiveModel | LiveOptimizer | None:
    if isinstance(target, torch.nn.Module):
        return LiveModel(target.state_dict(), target)
    if isinstance(target, torch.optim.Optimizer):
        return LiveOptimizer(target)
    if isinstance(target, dict) and target and all(isinstance(tensor, torch.Tensor) for tensor in target.values()):
        return LiveModel(target, None)
    return None


class _Places:
    """Memory of the CPU for live tensors: their own, or a copy that is moved to their device afterwards."""

    def __init__(self) -> None:
        self._copies: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._written: list[torch.Tensor] = []

    def of(self, name: str, tensor: torch.Tensor) -> _native.Tensor:
        if tensor.device.type == "meta":
            raise WrongTypeError(f"{name}: is on the device 'meta': give it memory first, by to_empty()", "wrong_type")
        live = tensor.detach()
        if live.is_conj() or live.is_neg():
            raise WrongTypeError(f"{name}: is a conjugate or negative view: load into the tensor itself", "wrong_type")
        if live.device.type != "cpu":
            on_cpu = torch.empty(live.shape, dtype=live.dtype)
            self._copies.append((live, on_cpu))
            live = on_cpu
        self._written.append(tensor)
        made = _tensors.encode(live, name, {})
        assert isinstance(made, _native.Tensor)
        return made

    def finish(self) -> None:
        for live, on_cpu in self._copies:
            live.copy_(on_cpu)
        # Autograd does not see writes to memory: what it saved of these tensors is no longer their value.
        torch.autograd.graph.increment_version(self._written)


class LiveModel:
    """The tensors of a module, or of a dict."""

    KIND: ClassVar[str] = "model"

    def __init__(self, state_dict: dict[str, Any], module: torch.nn.Module | None) -> None:
        self._module = module
        self._tensors = {name: entry for name, entry in state_dict.items() if isinstance(entry, torch.Tensor)}
        self._extra = [name for name in state_dict if name not in self._tensors]

    def load(
        self, file: _native.File, name: str, options: dict[str, Any], progress: Progress | None, limits: Limits | None
    ) -> dict[str, Any]:
        places = _Places()
        given = [(live, places.of(live, tensor)) for live, tensor in self._tensors.items()]
        new = _NewTensors(file, limits)
        report, extra = _native.load_model(
            file, name, given, self._extra, options, progress, new.make, _tensors.special
        )
        new.read(options["threads"])
        places.finish()
        for entry, value in extra.items():
            self._set_extra_state(entry, value)
        return report

    def _set_extra_state(self, entry: str, value: Any) -> None:
        owner, _, last = entry.rpartition(".")
        if self._module is not None and last == _EXTRA:
            self._module.get_submodule(owner).set_extra_state(value)


class LiveOptimizer:
    """The groups and the state of an optimizer."""

    KIND: ClassVar[str] = "optimizer"

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self._optimizer = optimizer

    def load(
        self, file: _native.File, name: str, options: dict[str, Any], progress: Progress | None, limits: Limits | None
    ) -> dict[str, Any]:
        places = _Places()
        groups = [self._group(group, places) for group in self._optimizer.param_groups]
        if any(state for _, params in groups for _, _, state in params):
            # What is not live yet is read after the live tensors are written: damage must be found before.
            _native.check(_tensors_of(file, name), options["threads"], None)
        new = _NewTensors(file, limits)
        report, loaded, state_extra = _native.load_optimizer(
            file, name, groups, options, progress, new.make, _tensors.special
        )
        new.read(options["threads"])
        places.finish()
        for group, (hyperparameters, states) in zip(self._optimizer.param_groups, loaded, strict=True):
            _set_hyperparameters(group, hyperparameters)
            for param, state in zip(group["params"], states, strict=True):
                self._set_state(param, state)
                if group.get("fused") or group.get("capturable"):
                    self._move_step(param)
        others: Any = self._optimizer.state  # PyTorch keeps other keys than parameters, too
        others.update(state_extra)
        return report

    def _group(self, group: dict[str, Any], places: _Places) -> tuple[list[str], list[Any]]:
        names = group.get("param_names", [""] * len(group["params"]))
        params = []
        for name, param in zip(names, group["params"], strict=True):
            state = self._optimizer.state.get(param, {})
            live = [(key, places.of(key, entry)) for key, entry in state.items() if isinstance(entry, torch.Tensor)]
            params.append((name, tuple(param.shape), live))
        return [key for key in group if key not in ("params", "param_names")], params

    def _set_state(self, param: torch.Tensor, entries: dict[str, Any]) -> None:
        if entries:
            state = self._optimizer.state[param]
            for key, value in entries.items():
                state[key] = _on_device_of(param, key, value)

    def _move_step(self, param: torch.Tensor) -> None:
        """Kernels of the device read it there: `fused` and `capturable` may have come from the file."""
        state = self._optimizer.state.get(param, {})
        if isinstance(step := state.get("step"), torch.Tensor):
            state["step"] = step.to(param.device)


def _on_device_of(param: torch.Tensor, key: str, value: Any) -> Any:
    """State is where its parameter is; a `step` is on the CPU, unless _move_step() moves it."""
    if isinstance(value, torch.Tensor) and key != "step":
        return value.to(param.device)
    if isinstance(value, list):
        return [_on_device_of(param, key, each) for each in value]
    return value


def _set_hyperparameters(group: dict[str, Any], loaded: dict[str, Any]) -> None:
    for key, value in loaded.items():
        live = group.get(key)
        if isinstance(live, torch.Tensor) and isinstance(value, torch.Tensor) and live.shape == value.shape:
            live.detach().copy_(value)  # others may refer to it: a captured graph does
        else:
            group[key] = value


def _tensors_of(file: _native.File, name: str) -> list[_native.Tensor]:
    return [
        tensor for number, tensor in enumerate(file.all_tensors()) if file.tensor_path(number).startswith(name + "/")
    ]


class _NewTensors:
    """Tensors for which there are no live ones, in memory of their own; those of torch are all read at once."""

    def __init__(self, file: _native.File, limits: Limits | None) -> None:
        self._file = file
        self._limits = limits
        self._record = _parts.record_of(file)
        self._made: list[tuple[_native.Tensor, torch.Tensor]] = []

    def make(self, tensor: _native.Tensor) -> Any:
        """One that has no elements yet; of another framework, as it was saved, the whole array."""
        framework = self._record.framework_of(self._file, tensor)
        if framework != "torch":
            memory = Memory(self._file, [tensor], mapped=False, limits=self._limits)
            return _libraries.library(framework).decode(tensor, memory)
        made = torch.empty(0, dtype=_tensors.dtype_of(tensor))
        self._made.append((tensor, made))
        return made

    def read(self, threads: int) -> None:
        tensors = [tensor for tensor, _ in self._made]
        memory = Memory(self._file, tensors, mapped=False, threads=threads, limits=self._limits)
        for tensor, made in self._made:
            read = _tensors.decode(tensor, memory)
            made.set_(read.untyped_storage(), read.storage_offset(), read.shape, read.stride())
