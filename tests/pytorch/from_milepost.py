"""From a file, by way of the plain Python reader, to the objects of PyTorch: the inverse of to_milepost.py."""

import ctypes
from collections import Counter, OrderedDict

import content as given
import torch
from canonical_text import DTYPE_NAMES, Part, Parts
from decode_content import decode_content
from opening import open_data, open_file
from to_milepost import ROLE_BUFFER, ROLE_PARAMETER
from views import contiguous_strides

DTYPES = {name: dtype for dtype, name in DTYPE_NAMES.items()}
DICTS = [dict, OrderedDict, Counter]


def storage_of(data: bytes) -> torch.UntypedStorage:
    """PyTorch's own memory, aligned as it wants it."""
    storage = torch.UntypedStorage(len(data))
    if data:
        ctypes.memmove(storage.data_ptr(), data, len(data))
    return storage


class Importer:
    def __init__(self, content: given.Content):
        self.content = content
        self.storages = [storage_of(storage.data) for storage in content.storages]

    def value(self, value):
        return CONVERTERS[type(value)](self, value)

    def values(self, values: list) -> list:
        return [self.value(each) for each in values]

    def entries(self, entries: given.Entries, into: dict) -> dict:
        for name, value in entries:
            into[name] = self.value(value)
        return into

    def string(self, value: given.String):
        if value.subtype == 2:
            return torch.device(value.text)
        return getattr(torch, value.text.removeprefix("torch.")) if value.subtype else value.text

    def dict(self, value: given.Dict) -> dict:
        made = DICTS[value.subtype]()
        for key, each in value.items:
            made[self.value(key)] = self.value(each)
        if value.attributes:
            vars(made).update(self.dict(value.attributes))
        return made

    def tensor(self, value: given.Tensor) -> torch.Tensor:
        tensor = torch.empty(0, dtype=DTYPES[value.dtype.name])
        strides = contiguous_strides(value.shape) if value.strides is None else value.strides
        tensor.set_(self.storages[value.storage], value.offset // tensor.element_size(), value.shape, strides)
        if value.role == ROLE_PARAMETER:
            return torch.nn.Parameter(tensor, value.requires_grad)
        if value.role == ROLE_BUFFER:
            return torch.nn.Buffer(tensor)
        return tensor.requires_grad_(value.requires_grad)

    def model(self, model: given.Model) -> Part:
        state_dict = self.entries(model.entries, OrderedDict())
        metadata = self.value(model.metadata)
        if metadata is not None:
            state_dict._metadata = metadata
        return Part(model.name, state_dict)

    def optimizer(self, optimizer: given.Optimizer) -> Part:
        keys = dict(enumerate(optimizer.param_keys))  # empty where indices are the keys
        state = {keys.get(each.index, each.index): self.entries(each.entries, {}) for each in optimizer.states}
        sd = {
            "state": self.entries(optimizer.state_extras, state),
            "param_groups": [self.group(group, keys) for group in optimizer.groups],
        }
        return Part(optimizer.name, self.entries(optimizer.extras, sd), optimizer.algorithm)

    def group(self, group: given.Group, keys: dict) -> dict:
        items = list(self.entries(group.hyperparameters, {}).items())
        placed = [(group.params_position, ("params", [keys.get(param, param) for param in group.params]))]
        if group.param_names is not None:
            placed.append((group.param_names_position, ("param_names", group.param_names)))
        for position, item in sorted(placed):
            items.insert(position, item)
        return dict(items)

    def parts(self) -> Parts:
        return Parts(
            [self.model(model) for model in self.content.models],
            [self.optimizer(optimizer) for optimizer in self.content.optimizers],
            self.entries(self.content.values, {}),
        )


CONVERTERS = {
    given.Null: lambda importer, value: None,
    given.Bool: lambda importer, value: value.value,
    given.Int: lambda importer, value: value.value,
    given.Float: lambda importer, value: value.number,
    given.Complex: lambda importer, value: complex(value.real.number, value.imag.number),
    given.String: Importer.string,
    given.Bytes: lambda importer, value: bytearray(value.data) if value.subtype else value.data,
    given.List: lambda importer, value: importer.values(value.items),
    given.Tuple: lambda importer, value: (torch.Size if value.subtype else tuple)(importer.values(value.items)),
    given.Set: lambda importer, value: set(importer.values(value.items)),
    given.Dict: Importer.dict,
    given.Tensor: Importer.tensor,
}


def decode(data: bytes) -> Parts:
    return Importer(decode_content(open_data(data))).parts()


def load(path) -> Parts:
    return Importer(decode_content(open_file(str(path)))).parts()
