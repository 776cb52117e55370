"""Section 6.7: the content digest of a file and of its tensors."""

import struct

from canonical_key import canonical_key
from conventions import Refused, checksum128
from opening import open_data
from walk import DICT, TENSOR, EntryList, Walk, has_size

MODEL, OPTIMIZER, VALUE = 1, 2, 3


def u8(number: int) -> bytes:
    return struct.pack("<B", number)


def u16(number: int) -> bytes:
    return struct.pack("<H", number)


def u32(number: int) -> bytes:
    return struct.pack("<I", number)


def u64(number: int) -> bytes:
    return struct.pack("<Q", number)


def text(data: bytes) -> bytes:
    return u32(len(data)) + data


def hash_of(what: str, string: bytes) -> bytes:
    return checksum128(text(what.encode()) + string)


def shown(digest: bytes) -> str:
    return f"xxh3-128:{digest.hex()}"


def content_hash(walk: Walk, storage: int) -> bytes:
    """Section 4.2."""
    return checksum128(b"".join(chunk.raw_checksum for chunk in walk.chunks[storage]))


def dtype_hash(walk: Walk, code: int) -> bytes:
    c = walk.columns
    (i,) = [i for i, dtype in enumerate(c.dtypes) if dtype.code == code]
    return hash_of("milepost.dtype/1", u8(code) + u16(c.dtypes[i].bits) + text(c.dtype_names.raw(i)))


def tensor_digest(walk: Walk, number: int) -> bytes:
    view = walk.views[number]
    dims, strides = view.layout.dims, view.layout.strides
    layout = dtype_hash(walk, view.layout.dtype) + u8(len(dims)) + b"".join(map(u64, dims))
    if strides is None:
        layout += u8(0)
    else:
        layout += u8(1) + b"".join(u64(0 if dim == 1 else stride) for dim, stride in zip(dims, strides))
    return hash_of(
        "milepost.tensor/1",
        hash_of("milepost.layout/1", layout)
        + u64(view.offset)
        + u64(walk.storage_nbytes[view.storage])
        + content_hash(walk, view.storage),
    )


class FileDigest:
    """The string of a file, in pieces."""

    def __init__(self, walk: Walk):
        self.walk = walk
        self.numbers: dict[int, int] = {}  # of storages
        self.lists = iter(walk.entry_lists)

    def digest(self) -> bytes:
        """Entry lists are taken in the order of the file, parts written in the order of their names."""
        c = self.walk.columns
        parts = [(c.model_names.raw(i), MODEL, i, [next(self.lists)]) for i in range(len(c.models))]
        for i, optimizer in enumerate(c.optimizers):
            count = optimizer.group_count + optimizer.state_count + 2
            parts.append((c.optimizer_names.raw(i), OPTIMIZER, i, [next(self.lists) for _ in range(count)]))
        (top,) = self.lists
        parts += [(c.entry_names.raw(i), VALUE, i, []) for i in range(top.first, top.first + top.count)]
        contents = {MODEL: self.model, OPTIMIZER: self.optimizer, VALUE: self.one}
        string = u32(len(parts))
        for name, kind, i, lists in sorted(parts):
            string += u8(kind) + text(name) + contents[kind](i, lists)
        return hash_of("milepost.content/1", string)

    def model(self, i: int, lists: list[EntryList]) -> bytes:
        return self.entries(lists[0]) + self.value(len(self.walk.columns.entry_names) + i)

    def one(self, i: int, lists: list[EntryList]) -> bytes:
        return self.value(i)

    def entries(self, entry_list: EntryList) -> bytes:
        names = self.walk.columns.entry_names
        numbers = range(entry_list.first, entry_list.first + entry_list.count)
        string = u32(entry_list.count)
        for i in sorted(numbers, key=names.raw):
            string += text(names.raw(i)) + self.value(i)
        return string

    def optimizer(self, number: int, lists: list[EntryList]) -> bytes:
        walk, c = self.walk, self.walk.columns
        keys = [key.encode() for key in walk.param_keys_of[number]]
        ascending = sorted(keys)
        place = {key: i for i, key in enumerate(ascending)}

        def parameter(index: int) -> int:
            return place[keys[index]] if keys else index

        groups, states = walk.groups_of[number], walk.states_of[number]
        first = sum(optimizer.group_count for optimizer in c.optimizers[:number])
        string = text(c.algorithms.raw(number)) + u32(len(keys)) + b"".join(map(text, ascending)) + u32(len(groups))
        for i in range(len(groups)):
            params, names = walk.params_of[first + i], walk.param_names_of[first + i]
            string += u32(len(params)) + b"".join(u64(parameter(each)) for each in params)
            string += u8(0) if names is None else u8(1) + b"".join(text(name.encode()) for name in names)
            string += self.entries(lists[i])
        string += u32(len(states))
        state_lists = lists[len(groups) : len(groups) + len(states)]
        for state, entry_list in sorted(zip(states, state_lists), key=lambda pair: parameter(pair[0].index)):
            string += u64(parameter(state.index)) + self.entries(entry_list)
        return string + self.entries(lists[-2]) + self.entries(lists[-1])

    def value(self, i: int) -> bytes:
        """Recursive; the depth is bounded by rule 19."""
        walk, value = self.walk, self.walk.columns.values[i]
        string = u8(value.kind) + u8(value.subtype)
        if has_size(value.kind):
            string += u32(walk.sizes[i])
        if value.kind == TENSOR:
            number = walk.tensor_number[i]
            return string + tensor_digest(walk, number) + u32(self.storage_number(walk.views[number].storage))
        if value.kind == DICT:
            attributes = walk.attributes(i)
            if attributes is not None:
                string += self.value(attributes)
            for key, item in sorted(walk.items(i), key=lambda pair: canonical_key(walk, pair[0])):
                string += self.value(key) + self.value(item)
            return string
        children = b"".join(self.value(child) for child in walk.children(i))
        return string + walk.payload(i) + children

    def storage_number(self, storage: int) -> int:
        if self.walk.storage_nbytes[storage] == 0:
            return 0
        return self.numbers.setdefault(storage, len(self.numbers) + 1)


def digests(walk: Walk) -> list[str]:
    """That of the file, then those of all tensors."""
    tensors = [tensor_digest(walk, number) for number in range(walk.tensor_count)]
    return [shown(digest) for digest in [FileDigest(walk).digest(), *tensors]]


def digests_text(data: bytes) -> str:
    """All of them in one line, or what opening refuses."""
    try:
        return " ".join(digests(open_data(data).walk))
    except Refused as refused:
        return f"{refused.code}/{refused.condition}"
