"""Sections 2 (paths) and 6.1: the columns walked from front to back.

Every property here relies on the rules that are checked before its use; nothing is checked twice."""

import struct
from dataclasses import dataclass
from functools import cached_property

from columns import Codec, Columns, Group, StringTable
from conventions import CODEC_RAW, Limits
from footer import Footer
from header import Header
from storages import Chunk, Place, chunk_offsets, place_storages, raw_sizes
from views import View, WholeLayout

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
FIXED_NBYTES = {FLOAT: 8, COMPLEX: 16}
SIZED_BYTES = {INT, STRING, BYTES}
SIZED_CHILDREN = {LIST, TUPLE, SET, DICT}
ATTRIBUTES = 128


@dataclass(frozen=True)
class EntryList:
    """A list of entries whose names are unique within it."""

    what: str  # model, group, state, state_extra, extra, top
    prefix: str
    first: int
    count: int


@dataclass(frozen=True)
class NameList:
    """Names that are unique, and the numbers that put them in order: section 6.5, rules 9 to 11."""

    what: str
    first: int
    count: int
    names: StringTable
    order: list[int]


class Walk:
    def __init__(self, columns: Columns, header: Header, footer: Footer, limits: Limits):
        self.columns = columns
        self.header = header
        self.footer = footer
        self.limits = limits

    # Names and entry lists (from rule 7 on)

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
    def entry_lists(self) -> list[EntryList]:
        first, made = 0, []
        for what, prefix, count in self.entry_list_counts():
            made.append(EntryList(what, prefix, first, count))
            first += count
        return made

    def entry_list_counts(self):
        c = self.columns
        for number, model in enumerate(c.models):
            yield "model", f"{c.model_names.text(number)}/", model.entry_count
        for number, optimizer in enumerate(c.optimizers):
            name = c.optimizer_names.text(number)
            for place, group in enumerate(self.groups_of[number]):
                yield "group", f"{name}/param_groups/{place}/", group.hyperparameter_count
            for state in self.states_of[number]:
                yield "state", f"{name}/state/{self.param_text(number, state.index)}/", state.entry_count
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
    def key_counts(self) -> list[int]:
        return self.columns.param_key_counts or [0] * len(self.columns.optimizers)

    @cached_property
    def param_keys_of(self) -> list[list[str]]:
        pool = [self.columns.param_keys.text(i) for i in range(len(self.columns.param_keys))]
        return split(pool, self.key_counts)

    def param_text(self, optimizer: int, index: int) -> str:
        """Section 2: a parameter in a path. (Rule 42, which is checked late, makes every index have a key.)"""
        keys = self.param_keys_of[optimizer]
        return keys[index] if index < len(keys) else str(index)

    @cached_property
    def name_lists(self) -> list["NameList"]:
        """The entry lists, then the param keys of each optimizer."""
        c = self.columns
        made = [
            NameList(f"entry_order (entry list {each.what} {each.prefix!r})", each.first, each.count, c.entry_names,
                     c.entry_order)
            for each in self.entry_lists
        ]  # fmt: skip
        firsts = running(0, self.key_counts)
        return made + [
            NameList(f"param_key_order (optimizer {i})", first, count, c.param_keys, c.param_key_order)
            for i, (first, count) in enumerate(zip(firsts, self.key_counts))
        ]

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

    # Values (sizes and children from rule 18 on, payloads from rule 20 on)

    @cached_property
    def sizes(self) -> list[int]:
        """For each value the size that it takes from value_sizes; 0 for a kind that takes none."""
        taken = iter(self.columns.value_sizes)
        return [next(taken) if has_size(v.kind) else 0 for v in self.columns.values]

    @cached_property
    def child_counts(self) -> list[int]:
        return [size if v.kind in SIZED_CHILDREN else 0 for v, size in zip(self.columns.values, self.sizes)]

    @cached_property
    def payload_sizes(self) -> list[int]:
        return [
            size if v.kind in SIZED_BYTES else FIXED_NBYTES.get(v.kind, 0)
            for v, size in zip(self.columns.values, self.sizes)
        ]

    @cached_property
    def child_start(self) -> list[int]:
        return running(self.root_count, self.child_counts)

    @cached_property
    def byte_start(self) -> list[int]:
        return running(0, self.payload_sizes)

    @cached_property
    def tensor_number(self) -> list[int]:
        return running(0, [1 if v.kind == TENSOR else 0 for v in self.columns.values])

    def children(self, i: int) -> range:
        return range(self.child_start[i], self.child_start[i] + self.child_counts[i])

    def attributes(self, i: int) -> int | None:
        """The number of the value that holds a dict's attributes."""
        value = self.columns.values[i]
        return self.child_start[i] if value.kind == DICT and value.subtype & ATTRIBUTES else None

    def items(self, i: int) -> list[tuple[int, int]]:
        """The keys and values of a dict."""
        children = self.children(i)
        pairs = children if self.attributes(i) is None else children[1:]
        return list(zip(pairs[::2], pairs[1::2]))

    def payload(self, i: int) -> bytes:
        begin = self.byte_start[i]
        return self.columns.value_bytes[begin : begin + self.payload_sizes[i]]

    def integer(self, i: int) -> int:
        return int.from_bytes(self.payload(i), "little", signed=True)

    def number(self, i: int) -> float:
        return struct.unpack("<d", self.payload(i))[0]

    # Tensors and storages (columns that may be empty from rule 23 on, layouts from rule 26 on, sizes of storages
    # from rule 30 on, chunks and places from rule 33 on)

    @cached_property
    def bits_of(self) -> dict[int, int]:
        return {dtype.code: dtype.bits for dtype in self.columns.dtypes}

    @cached_property
    def layouts(self) -> list[WholeLayout]:
        made, at, dims = [], 0, self.columns.dims
        for layout in self.columns.layouts:
            shape, at = dims[at : at + layout.rank], at + layout.rank
            strides = None
            if layout.flags & 1:
                strides, at = dims[at : at + layout.rank], at + layout.rank
            made.append(WholeLayout(layout.dtype, shape, strides, self.bits_of[layout.dtype]))
        return made

    @property
    def tensor_count(self) -> int:
        return len(self.columns.tensor_layouts)

    @cached_property
    def tensor_storages(self) -> list[int]:
        return self.columns.tensor_storages or list(range(self.tensor_count))

    @cached_property
    def tensor_offsets(self) -> list[int]:
        return self.columns.tensor_offsets or [0] * self.tensor_count

    @cached_property
    def views(self) -> list[View]:
        layouts = [self.layouts[number] for number in self.columns.tensor_layouts]
        return [View(*each) for each in zip(self.tensor_storages, self.tensor_offsets, layouts)]

    @property
    def storage_count(self) -> int:
        return len(self.columns.storage_nbytes) or self.tensor_count

    @cached_property
    def storage_nbytes(self) -> list[int]:
        """The raw bytes of each storage: as stored, else storage i has the extent of tensor i."""
        return self.columns.storage_nbytes or [view.extent for view in self.views]

    @cached_property
    def codecs(self) -> list[Codec]:
        return self.columns.storage_codecs or [Codec(CODEC_RAW)] * self.storage_count

    @cached_property
    def chunk_sizes(self) -> list[list[tuple[int, int]]]:
        """For each storage the (raw, stored) sizes of its chunks."""
        taken, made = iter(self.columns.stored_nbytes), []
        for nbytes, codec in zip(self.storage_nbytes, self.codecs):
            sizes = raw_sizes(nbytes)
            made.append([(raw, raw if codec.code == CODEC_RAW else next(taken)) for raw in sizes])
        return made

    @cached_property
    def places(self) -> list[Place]:
        return place_storages(self.chunk_sizes, self.header.alignment)

    @cached_property
    def chunks(self) -> list[list[Chunk]]:
        """For each storage its chunks."""
        stored_checksums, raw_checksums = (
            iter(self.columns.stored_checksums),
            iter(self.columns.raw_checksums),
        )
        made = []
        for storage, sizes in enumerate(self.chunk_sizes):
            codec, chunks, offsets = self.codecs[storage], [], chunk_offsets(self.places[storage].begin, sizes)
            for number, (offset, (raw, stored)) in enumerate(zip(offsets, sizes)):
                checksum = next(stored_checksums)
                raw_checksum = next(raw_checksums) if stored < raw else checksum
                chunks.append(Chunk(storage, number, offset, raw, stored, checksum, raw_checksum, codec))
            made.append(chunks)
        return made


def has_size(kind: int) -> bool:
    return kind in SIZED_BYTES or kind in SIZED_CHILDREN


def split(pool: list, counts: list[int]) -> list[list]:
    starts = running(0, counts)
    return [pool[start : start + count] for start, count in zip(starts, counts)]


def running(first: int, counts: list[int]) -> list[int]:
    """Where each element's part begins, and at last where the pool ends."""
    starts = [first]
    for count in counts:
        starts.append(starts[-1] + count)
    return starts
