"""Sections 2 (paths) and 6.1: the columns walked from front to back.

Every property here relies on the rules that stand before its use; nothing is checked twice."""

import struct
from dataclasses import dataclass
from functools import cached_property, reduce

from columns import Columns, Group, Tensor, Value
from conventions import CHUNK_NBYTES, CODEC_RAW, Limits, round_up
from footer import Footer
from head import Head

NULL, BOOL, INT, FLOAT, COMPLEX, STRING, BYTES, LIST, TUPLE, SET, DICT, TENSOR = range(12)
KIND_NAMES = [
    "null",
    "bool",
    "int",
    "float",
    "complex",
    "string",
    "bytes",
    "list",
    "tuple",
    "set",
    "dict",
    "tensor",
]
WITH_BYTES = {INT, FLOAT, COMPLEX, STRING, BYTES}
WITH_CHILDREN = {LIST, TUPLE, SET, DICT}
ATTRIBUTES = 128


@dataclass(frozen=True)
class Scope:
    """A list of entries whose names are unique within it."""

    what: str  # model, group, state, state_extra, extra, top
    prefix: str
    first: int
    count: int


@dataclass(frozen=True)
class View:
    """A tensor with its dims, its strides (None: contiguous) and the bits of its dtype."""

    tensor: Tensor
    dims: list[int]
    strides: list[int] | None
    bits: int

    @cached_property
    def elements(self) -> int:
        return product(self.dims)

    @cached_property
    def reach(self) -> int:
        """Bytes from `offset` to the end of the last element (rule 30)."""
        if self.elements == 0:
            return 0
        if self.strides is None:
            return (self.elements * self.bits + 7) // 8
        return (1 + self.last_element) * (self.bits // 8)

    @cached_property
    def last_element(self) -> int:
        return sum((dim - 1) * stride for dim, stride in zip(self.dims, self.strides))


@dataclass(frozen=True)
class Chunk:
    storage: int
    number: int  # within the storage
    offset: int  # in the file
    raw_nbytes: int
    stored_nbytes: int
    stored_checksum: bytes
    raw_checksum: bytes  # the stored one where the chunk is stored raw

    @property
    def compressed(self) -> bool:
        return self.stored_nbytes < self.raw_nbytes


def product(factors) -> int:
    return reduce(lambda left, right: left * right, factors, 1)


def contiguous_strides(dims: list[int]) -> list[int]:
    """Section 10: the product of the sizes of the dims behind each (0 where one of those is empty)."""
    return [product(dims[axis + 1 :]) for axis in range(len(dims))]


def is_contiguous(dims: list[int], strides: list[int]) -> bool:
    pairs = zip(dims, strides, contiguous_strides(dims))
    return 0 in dims or all(dim == 1 or stride == expected for dim, stride, expected in pairs)


def chunk_count(nbytes: int) -> int:
    return (nbytes + CHUNK_NBYTES - 1) // CHUNK_NBYTES


class Walk:
    def __init__(self, columns: Columns, head: Head, footer: Footer, limits: Limits):
        self.columns = columns
        self.head = head
        self.footer = footer
        self.limits = limits

    # Names and scopes (from rule 7 on)

    @property
    def root_count(self) -> int:
        return len(self.columns.entry_names) + len(self.columns.models)

    @cached_property
    def named_entry_count(self) -> int:
        """Entries of models, groups, states and extras: all but the top-level values."""
        c = self.columns
        return (
            sum(m.entry_count for m in c.models)
            + sum(g.hyperparameter_count for g in c.groups)
            + sum(s.entry_count for s in c.states)
            + sum(o.state_extra_count + o.extra_count for o in c.optimizers)
        )

    @property
    def top_value_count(self) -> int:
        return len(self.columns.entry_names) - self.named_entry_count

    @cached_property
    def scopes(self) -> list[Scope]:
        first, made = 0, []
        for what, prefix, count in self.scope_counts():
            made.append(Scope(what, prefix, first, count))
            first += count
        return made

    def scope_counts(self):
        c = self.columns
        for number, model in enumerate(c.models):
            yield "model", f"{c.model_names.text(number)}/", model.entry_count
        for number, optimizer in enumerate(c.optimizers):
            name = c.optimizer_names.text(number)
            for place, group in enumerate(self.groups_of[number]):
                yield "group", f"{name}/param_groups/{place}/", group.hyperparameter_count
            for state in self.states_of[number]:
                yield "state", f"{name}/state/{state.index}/", state.entry_count
            yield "state_extra", f"{name}/state/", optimizer.state_extra_count
            yield "extra", f"{name}/", optimizer.extra_count
        yield "top", "", self.top_value_count

    @cached_property
    def groups_of(self) -> list[list[Group]]:
        return split(self.columns.groups, [o.group_count for o in self.columns.optimizers])

    @cached_property
    def states_of(self) -> list[list]:
        return split(self.columns.states, [o.state_count for o in self.columns.optimizers])

    @cached_property
    def params_of(self) -> list[list[int]]:
        return split(self.columns.params, [g.param_count for g in self.columns.groups])

    @cached_property
    def param_names_of(self) -> list[list[str] | None]:
        pool = [self.columns.param_names.text(i) for i in range(len(self.columns.param_names))]
        taken = split(pool, [g.param_count if g.has_names else 0 for g in self.columns.groups])
        return [names if g.has_names else None for g, names in zip(self.columns.groups, taken)]

    @cached_property
    def top_names(self) -> list[str]:
        """Models, optimizers and top-level values, as top_order numbers them."""
        c = self.columns
        values = range(self.named_entry_count, len(c.entry_names))
        return (
            [c.model_names.text(i) for i in range(len(c.models))]
            + [c.optimizer_names.text(i) for i in range(len(c.optimizers))]
            + [c.entry_names.text(i) for i in values]
        )

    # Values (children from rule 18 on, payloads from rule 20 on)

    @cached_property
    def child_start(self) -> list[int]:
        return running(self.root_count, [child_count(v) for v in self.columns.values])

    @cached_property
    def byte_start(self) -> list[int]:
        return running(0, [payload_nbytes(v) for v in self.columns.values])

    @cached_property
    def tensor_number(self) -> list[int]:
        return running(0, [1 if v.kind == TENSOR else 0 for v in self.columns.values])

    def children(self, i: int) -> range:
        return range(self.child_start[i], self.child_start[i] + child_count(self.columns.values[i]))

    def attributes(self, i: int) -> int | None:
        """The number of the value that holds a dict's attributes."""
        value = self.columns.values[i]
        return self.child_start[i] if value.kind == DICT and value.flavour & ATTRIBUTES else None

    def items(self, i: int) -> list[tuple[int, int]]:
        """The keys and values of a dict."""
        children = self.children(i)
        pairs = children if self.attributes(i) is None else children[1:]
        return list(zip(pairs[::2], pairs[1::2]))

    def payload(self, i: int) -> bytes:
        begin = self.byte_start[i]
        return self.columns.value_bytes[begin : begin + self.columns.values[i].size]

    def integer(self, i: int) -> int:
        return int.from_bytes(self.payload(i), "little", signed=True)

    def number(self, i: int) -> float:
        return struct.unpack("<d", self.payload(i))[0]

    # Tensors and storages (from rule 26 and rule 33 on)

    @cached_property
    def bits_of(self) -> dict[int, int]:
        return {dtype.code: dtype.bits for dtype in self.columns.dtypes}

    @cached_property
    def views(self) -> list[View]:
        made, at, dims = [], 0, self.columns.dims
        for tensor in self.columns.tensors:
            shape, at = dims[at : at + tensor.rank], at + tensor.rank
            strides = None
            if tensor.flags & 1:
                strides, at = dims[at : at + tensor.rank], at + tensor.rank
            made.append(View(tensor, shape, strides, self.bits_of[tensor.dtype]))
        return made

    @cached_property
    def stored_sizes(self) -> list[list[tuple[int, int]]]:
        """For each storage the (raw, stored) sizes of its chunks."""
        taken, made = iter(self.columns.stored_nbytes), []
        for storage in self.columns.storages:
            sizes = [min(CHUNK_NBYTES, storage.nbytes - at) for at in range(0, storage.nbytes, CHUNK_NBYTES)]
            made.append([(raw, raw if storage.codec == CODEC_RAW else next(taken)) for raw in sizes])
        return made

    def stored_extent(self, number: int) -> int:
        """Bytes from the first to the last of a storage's chunks, the zeros between them included."""
        at = 0
        for _, stored in self.stored_sizes[number]:
            at = round_up(at, 64) + stored
        return at

    @cached_property
    def chunks(self) -> list[list[Chunk]]:
        """For each storage its chunks."""
        stored_checksums, raw_checksums = (
            iter(self.columns.stored_checksums),
            iter(self.columns.raw_checksums),
        )
        made = []
        for number, storage in enumerate(self.columns.storages):
            at, chunks = storage.offset, []
            for place, (raw, stored) in enumerate(self.stored_sizes[number]):
                at = round_up(at, 64)
                checksum = next(stored_checksums)
                raw_checksum = next(raw_checksums) if stored < raw else checksum
                chunks.append(Chunk(number, place, at, raw, stored, checksum, raw_checksum))
                at += stored
            made.append(chunks)
        return made


def child_count(value: Value) -> int:
    return value.size if value.kind in WITH_CHILDREN else 0


def payload_nbytes(value: Value) -> int:
    return value.size if value.kind in WITH_BYTES else 0


def split(pool: list, counts: list[int]) -> list[list]:
    starts = running(0, counts)
    return [pool[start : start + count] for start, count in zip(starts, counts)]


def running(first: int, counts: list[int]) -> list[int]:
    """Where each element's part begins, and at last where the pool ends."""
    starts = [first]
    for count in counts:
        starts.append(starts[-1] + count)
    return starts
