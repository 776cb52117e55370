"""Tensors of PyTorch, to and from a file: the library "torch" of milepost._libraries."""

from __future__ import annotations

from typing import Any

import torch

from milepost import _native
from milepost._dtypes import TORCH
from milepost._errors import InvalidArgumentError, UnsupportedError, WrongTypeError
from milepost._memory import Memory

NAME = "torch"

#: The dtypes of files that this version of PyTorch has, and back.
DTYPES: dict[str, torch.dtype] = {
    ours: getattr(torch, theirs) for ours, theirs in TORCH.items() if hasattr(torch, theirs)
}
NAMES: dict[torch.dtype, str] = {dtype: name for name, dtype in DTYPES.items()}
_PACKED = DTYPES.get("f4_e2m1fn")  # two elements a byte: the last dimension of torch counts bytes


def is_tensor(given: object) -> bool:
    return isinstance(given, torch.Tensor)


def encode(given: object, path: str, kept: dict[Any, Any]) -> _native.Tensor | _native.Special | None:
    if isinstance(given, torch.Tensor):
        return _encode_tensor(given, path, kept)
    if type(given) is torch.Size:
        return _native.Special("size", tuple(given))
    if type(given) is torch.dtype:
        return _native.Special("dtype", str(given))
    if type(given) is torch.device:
        return _native.Special("device", str(given))
    if type(given) is torch.layout:
        return _native.Special("layout", str(given))
    return None


def advice(given: object) -> str | None:
    if isinstance(given, torch.nn.Module):
        return "save its state_dict()"
    if isinstance(given, torch.optim.Optimizer) or type(given).__module__.startswith("torch.optim"):
        return "save its state_dict()"
    if isinstance(given, torch.Generator):
        return "save its get_state()"
    return None


def _encode_tensor(tensor: torch.Tensor, path: str, kept: dict[Any, Any]) -> _native.Tensor:
    if fault := fault_of(tensor):
        raise WrongTypeError(f"{path}: {fault}", "wrong_type")
    plain = tensor.detach().resolve_conj().resolve_neg()
    try:
        storage = plain.untyped_storage()
    except (NotImplementedError, RuntimeError) as error:  # inside of torch.vmap and the like
        raise WrongTypeError(f"{path}: has no memory of its own: {error}", "wrong_type") from error
    if plain.device.type != "cpu":
        storage = _on_cpu(storage, kept)
    shape, strides, itemsize = tuple(plain.shape), plain.stride(), plain.element_size()
    offset = int(plain.storage_offset()) * itemsize
    if plain.dtype is _PACKED:
        shape = (*shape[:-1], 2 * shape[-1])
        strides = (*(2 * stride for stride in strides[:-1]), 1)
    made = _native.Tensor.borrow(
        NAMES[plain.dtype],
        shape,
        None if plain.is_contiguous() else strides,
        storage.data_ptr() if storage.nbytes() else 0,
        storage.nbytes(),
        offset,
        (plain, storage),
    )
    role = (
        "parameter"
        if isinstance(tensor, torch.nn.Parameter)
        else "buffer"
        if getattr(tensor, "_is_buffer", False)
        else "plain"
    )
    return made if role == "plain" and not tensor.requires_grad else made.with_role(role, tensor.requires_grad)


def fault_of(tensor: torch.Tensor) -> str | None:
    """Why a tensor cannot be stored."""
    if type(tensor).__name__ == "DTensor":
        return "is a DTensor, of which each rank has a part: save with milepost.torch.distributed, or its full_tensor()"
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        return (
            f"is a {_full_name(type(tensor))}, a class of its own: save its plain tensors, or convert it with default="
        )
    if tensor.layout is not torch.strided:
        return f"has the layout {tensor.layout}: save its indices and values, or its to_dense()"
    if tensor.is_quantized:
        return "is quantized: save its int_repr(), scale and zero point"
    if tensor.is_nested:
        return "is nested: save what unbind() returns"
    if tensor.device.type == "meta":
        return "is on the device 'meta': it has no elements"
    if tensor.dtype not in NAMES:
        return f"has the dtype {tensor.dtype}, which a file cannot hold: convert it"
    if tensor.dtype is _PACKED and (tensor.dim() == 0 or not tensor.is_contiguous()):
        return (
            f"has the dtype {tensor.dtype} and is not contiguous, or has no dimension: it cannot be viewed by element"
        )
    return None


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _on_cpu(storage: torch.UntypedStorage, kept: dict[Any, Any]) -> torch.UntypedStorage:
    """A copy in memory of the CPU: one for all tensors of the storage. Pinned, which is the fastest way from a GPU."""
    key = (storage.device, storage.data_ptr(), storage.nbytes())
    if key not in kept:
        on_device = torch.empty(0, dtype=torch.uint8, device=storage.device).set_(storage)
        pinned = storage.device.type == "cuda"
        copy = torch.empty(storage.nbytes(), dtype=torch.uint8, pin_memory=pinned)
        kept[key] = (copy.copy_(on_device).untyped_storage(), storage)
    made: torch.UntypedStorage = kept[key][0]
    return made


def decode(tensor: _native.Tensor, memory: Memory, device: torch.device | None = None) -> torch.Tensor:
    """A view of the memory of the file; what is written to it stays in this process."""
    dtype = dtype_of(tensor)
    shape, strides = tensor.shape, tensor.strides
    made = torch.empty(0, dtype=dtype, device=device)
    if dtype is _PACKED:
        if strides is not None or not shape or shape[-1] % 2:
            raise UnsupportedError(f"{tensor.name}: {dtype} cannot view {tensor!r}", "dtype")
        shape = (*shape[:-1], shape[-1] // 2)
    storage = _storage(tensor, memory, device)
    if strides is None:
        strides = _contiguous(shape)
    made.set_(storage, tensor.offset // made.element_size(), shape, strides)
    if tensor.role == "parameter":
        return torch.nn.Parameter(made, tensor.requires_grad)
    if tensor.role == "buffer" and hasattr(torch.nn, "Buffer"):
        return torch.nn.Buffer(made)
    return made.requires_grad_() if tensor.requires_grad else made


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides = [1] * len(shape)
    for dim in range(len(shape) - 1, 0, -1):
        strides[dim - 1] = strides[dim] * max(shape[dim], 1)
    return tuple(strides)


def _storage(tensor: _native.Tensor, memory: Memory, device: torch.device | None) -> torch.UntypedStorage:
    """One for all tensors of the storage, also on another device."""
    key = ("torch", tensor.storage, device)
    made: torch.UntypedStorage | None = memory.shared.get(key)
    if made is None:
        view = memory.storage(tensor, writable=True)
        if view is None or not len(view):  # no elements: nothing to view, however large the storage is
            return torch.empty(0, dtype=torch.uint8, device=device).untyped_storage()
        elements = torch.frombuffer(view, dtype=torch.uint8)
        made = (elements if device is None else _moved(elements, device)).untyped_storage()
        memory.shared[key] = made
    return made


def _moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    try:
        return tensor.to(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InvalidArgumentError(f"cannot load to the device {str(device)!r}: {error}", "option") from error


def of_bytes(tensor: _native.Tensor, view: memoryview, device: torch.device | None = None) -> torch.Tensor:
    dtype = dtype_of(tensor)
    if not len(view):
        return torch.empty(tensor.shape, dtype=dtype, device=device)
    made = torch.frombuffer(view, dtype=dtype).reshape(tensor.shape)
    return made if device is None else _moved(made, device)


def device_of(given: Any) -> torch.device | None:
    try:
        device = torch.device("cpu" if given is None else given)
        torch.empty(0, device=device)
    except (RuntimeError, TypeError, AssertionError, NotImplementedError) as error:
        text = f"torch {torch.__version__} has no device {given!r:.60} here: {error}"
        raise InvalidArgumentError(text, "option") from error
    return None if device.type == "cpu" else device


def without_grad(made: torch.Tensor) -> torch.Tensor:
    return made.detach() if made.requires_grad or type(made) is torch.nn.Parameter else made


def dtype_of(tensor: _native.Tensor) -> torch.dtype:
    """Raises UnsupportedError if this version of PyTorch does not have it."""
    return dtype_named(tensor.dtype, tensor.name or "a tensor")


def dtype_named(name: str, of: str) -> torch.dtype:
    """The dtype of that name in a file. `of` says in messages what has it."""
    dtype = DTYPES.get(name)
    if dtype is None:
        why = (
            "a quantized type of GGUF that is not decoded here"
            if name.startswith("ggml.")
            else f"which torch {torch.__version__} does not have: load it with framework='numpy'"
        )
        raise UnsupportedError(f"{of} has the dtype {name}, {why}", "dtype")
    return dtype


def shape_of(tensor: _native.Tensor) -> tuple[int, ...]:
    """As PyTorch has it."""
    if tensor.dtype == "f4_e2m1fn" and tensor.shape:
        return (*tensor.shape[:-1], tensor.shape[-1] // 2)
    return tensor.shape


def special(special: _native.Special) -> Any:
    kind, value = special.kind, special.value
    if kind == "size":
        try:
            return torch.Size(value)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"a torch.Size cannot have {value!r:.60}", "wrong_type") from error
    if kind == "device":
        try:
            return torch.device(value)
        except RuntimeError as error:
            raise InvalidArgumentError(f"torch {torch.__version__} has no device {value!r}", "wrong_type") from error
    found = vars(torch).get(value.removeprefix("torch."))  # getattr would import modules that a file names
    if not isinstance(found, torch.dtype if kind == "dtype" else torch.layout):
        raise InvalidArgumentError(f"torch {torch.__version__} has no {kind} {value!r}", "wrong_type")
    return found
