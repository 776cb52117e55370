"""From the objects of PyTorch to those of the plain Python writer, with tied tensors tied."""

import ctypes
from collections import Counter, OrderedDict

import content as given
import torch
from canonical_text import DTYPE_NAMES, Part, Parts
from milepost_writer import Writer

ROLE_PLAIN, ROLE_PARAMETER, ROLE_BUFFER = range(3)
SUBTYPE_DTYPE, SUBTYPE_DEVICE, SUBTYPE_LAYOUT = 1, 2, 3


def storage_bytes(storage: torch.UntypedStorage) -> bytes:
    return ctypes.string_at(storage.data_ptr(), storage.nbytes()) if storage.nbytes() else b""


def param_numbers(state_dict: dict) -> dict[str, int]:
    """Of the names in `params` of all groups, as get_optimizer_state_dict has them; none where these are indices."""
    names = [param for group in state_dict["param_groups"] for param in group["params"] if type(param) is str]
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def role_of(tensor: torch.Tensor) -> int:
    if isinstance(tensor, torch.nn.Parameter):
        return ROLE_PARAMETER
    return ROLE_BUFFER if isinstance(tensor, torch.nn.Buffer) else ROLE_PLAIN


class Exporter:
    def __init__(self):
        self.storages: list[given.Storage] = []
        self.numbers: dict[int, int] = {}  # by identity, which lasts because `kept` holds the storages
        self.kept: list[torch.UntypedStorage] = []

    def value(self, value):
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        if type(value) not in CONVERTERS:
            raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} cannot be saved")
        return CONVERTERS[type(value)](self, value)

    def values(self, values) -> list:
        return [self.value(each) for each in values]

    def entries(self, items) -> given.Entries:
        return [(name, self.value(value)) for name, value in items]

    def dict(self, value: dict) -> given.Dict:
        items = [(self.value(key), self.value(each)) for key, each in value.items()]
        attributes = getattr(value, "__dict__", {})
        subtype = [dict, OrderedDict, Counter].index(type(value))
        return given.Dict(items, subtype, self.dict(dict(attributes)) if attributes else None)

    def tensor(self, tensor: torch.Tensor) -> given.Tensor:
        plain = tensor.detach().resolve_conj().resolve_neg()
        return given.Tensor(
            self.storage(plain.untyped_storage()),
            given.dtype(DTYPE_NAMES[plain.dtype]),
            list(plain.shape),
            list(plain.stride()),
            plain.storage_offset() * plain.element_size(),
            role_of(tensor),
            tensor.requires_grad,
        )

    def storage(self, storage: torch.UntypedStorage) -> int:
        number = self.numbers.setdefault(storage._cdata, len(self.storages))
        if number == len(self.storages):
            self.storages.append(given.Storage(storage_bytes(storage)))
            self.kept.append(storage)
        return number

    def model(self, part: Part) -> given.Model:
        metadata = self.value(getattr(part.state_dict, "_metadata", None))
        return given.Model(part.name, self.entries(part.state_dict.items()), metadata)

    def optimizer(self, part: Part) -> given.Optimizer:
        sd, state = part.state_dict, part.state_dict["state"]
        numbers = param_numbers(sd)
        # As PyTorch has it, a key of `state` is an index: also one that no group lists. Or it is a param key.
        of_params = [key for key in state if key in numbers or type(key) is int]
        return given.Optimizer(
            part.name,
            part.algorithm,
            [self.group(group, numbers) for group in sd["param_groups"]],
            [given.State(numbers.get(key, key), self.entries(state[key].items())) for key in of_params],
            self.entries((key, state[key]) for key in state if key not in of_params),
            self.entries((key, sd[key]) for key in sd if key not in ("state", "param_groups")),
            list(numbers),
        )

    def group(self, group: dict, numbers: dict) -> given.Group:
        keys = list(group)
        return given.Group(
            self.entries((key, group[key]) for key in keys if key not in ("params", "param_names")),
            [numbers.get(param, param) for param in group["params"]],
            group.get("param_names"),
            keys.index("params"),
            keys.index("param_names") if "param_names" in group else None,
        )

    def content(self, parts: Parts) -> given.Content:
        return given.Content(
            [self.model(part) for part in parts.models],
            [self.optimizer(part) for part in parts.optimizers],
            self.entries(parts.values.items()),
            self.storages,
            parts.names(),
        )


CONVERTERS = {
    type(None): lambda exporter, value: given.Null(),
    bool: lambda exporter, value: given.Bool(value),
    int: lambda exporter, value: given.Int(value),
    float: lambda exporter, value: given.Float.of(value),
    complex: lambda exporter, value: given.Complex(given.Float.of(value.real), given.Float.of(value.imag)),
    str: lambda exporter, value: given.String(value),
    bytes: lambda exporter, value: given.Bytes(value),
    bytearray: lambda exporter, value: given.Bytes(bytes(value), 1),
    torch.dtype: lambda exporter, value: given.String(str(value), SUBTYPE_DTYPE),
    torch.device: lambda exporter, value: given.String(str(value), SUBTYPE_DEVICE),
    torch.layout: lambda exporter, value: given.String(str(value), SUBTYPE_LAYOUT),
    list: lambda exporter, value: given.List(exporter.values(value)),
    tuple: lambda exporter, value: given.Tuple(exporter.values(value)),
    torch.Size: lambda exporter, value: given.Tuple(exporter.values(value), 1),
    set: lambda exporter, value: given.Set(exporter.values(value)),
    dict: Exporter.dict,
    OrderedDict: Exporter.dict,
    Counter: Exporter.dict,
}


def encode(parts: Parts) -> bytes:
    """A file in the form that the library itself would give it: storages by the first tensor that views them."""
    exporter = Exporter()
    content = exporter.content(parts)
    views = Writer(content).views
    first_views = {number: place for place, number in enumerate(dict.fromkeys(view.storage for view in views))}
    content.storages = [content.storages[number] for number in first_views]
    for view in views:
        view.storage = first_views[view.storage]
    return Writer(content).build()
