"""A checkpoint read back as the plain dataclasses that milepost_writer.py takes: its inverse."""

import content as given
from first_access import storage_bytes
from opening import Checkpoint
from walk import (
    ATTRIBUTES,
    BOOL,
    BYTES,
    COMPLEX,
    DICT,
    FLOAT,
    INT,
    LIST,
    NULL,
    SET,
    STRING,
    TENSOR,
    TUPLE,
    EntryList,
)


class Decoder:
    def __init__(self, checkpoint: Checkpoint):
        self.checkpoint = checkpoint
        self.walk = checkpoint.walk
        columns = self.walk.columns
        self.dtypes = {
            row.code: given.DtypeOf(row.code, columns.dtype_names.text(i), row.bits)
            for i, row in enumerate(columns.dtypes)
        }

    def value(self, i: int):
        """Recursive; the depth is bounded by rule 19."""
        row = self.walk.columns.values[i]
        return DECODERS[row.kind](self, i, row.subtype)

    def children(self, i: int) -> list:
        return [self.value(child) for child in self.walk.children(i)]

    def dict(self, i: int, subtype: int) -> given.Dict:
        attributes = self.walk.attributes(i)
        items = [(self.value(key), self.value(value)) for key, value in self.walk.items(i)]
        shown = None if attributes is None else self.value(attributes)
        return given.Dict(items, subtype & ~ATTRIBUTES, shown)

    def complex(self, i: int, _subtype: int) -> given.Complex:
        raw = self.walk.payload(i)
        return given.Complex(given.Float(raw[:8]), given.Float(raw[8:]))

    def tensor(self, i: int, subtype: int) -> given.Tensor:
        view = self.walk.views[self.walk.tensor_number[i]]
        return given.Tensor(
            view.storage,
            self.dtypes[view.layout.dtype],
            list(view.layout.dims),  # a list of its own: layouts are shared
            view.layout.strides and list(view.layout.strides),
            view.offset,
            subtype & 3,
            subtype & 4 != 0,
        )

    def entries(self, entry_list: EntryList) -> given.Entries:
        names = self.walk.columns.entry_names
        return [(names.text(i), self.value(i)) for i in range(entry_list.first, entry_list.first + entry_list.count)]

    # The parts, in the order of section 6.1: one pass over the entry lists

    def content(self) -> given.Content:
        columns, entry_lists = self.walk.columns, iter(self.walk.entry_lists)
        models = [self.model(number, next(entry_lists)) for number in range(len(columns.models))]
        optimizers = [self.optimizer(number, entry_lists) for number in range(len(columns.optimizers))]
        values = self.entries(next(entry_lists))
        order = [self.walk.top_names[number] for number in columns.top_order]
        return given.Content(models, optimizers, values, self.storages(), order)

    def model(self, number: int, entry_list: EntryList) -> given.Model:
        columns = self.walk.columns
        metadata = self.value(len(columns.entry_names) + number)
        return given.Model(columns.model_names.text(number), self.entries(entry_list), metadata)

    def optimizer(self, number: int, entry_lists) -> given.Optimizer:
        columns, walk = self.walk.columns, self.walk
        before = sum(len(groups) for groups in walk.groups_of[:number])
        groups = [
            self.group(before + place, next(entry_lists)) for place in range(len(walk.groups_of[number]))
        ]
        states = [given.State(state.index, self.entries(next(entry_lists))) for state in walk.states_of[number]]
        return given.Optimizer(
            columns.optimizer_names.text(number),
            columns.algorithms.text(number),
            groups,
            states,
            self.entries(next(entry_lists)),
            self.entries(next(entry_lists)),
            walk.param_keys_of[number],
        )

    def group(self, number: int, entry_list: EntryList) -> given.Group:
        row, names = self.walk.columns.groups[number], self.walk.param_names_of[number]
        return given.Group(
            self.entries(entry_list),
            self.walk.params_of[number],
            names,
            row.params_position,
            row.param_names_position if row.has_names else None,
        )

    def storages(self) -> list[given.Storage]:
        return [
            given.Storage(storage_bytes(self.checkpoint, number, 0, nbytes), codec.code, codec.parameter)
            for number, (nbytes, codec) in enumerate(zip(self.walk.storage_nbytes, self.walk.codecs))
        ]


DECODERS = {
    NULL: lambda decoder, i, subtype: given.Null(),
    BOOL: lambda decoder, i, subtype: given.Bool(subtype == 1),
    INT: lambda decoder, i, subtype: given.Int(decoder.walk.integer(i)),
    FLOAT: lambda decoder, i, subtype: given.Float(decoder.walk.payload(i)),
    COMPLEX: Decoder.complex,
    STRING: lambda decoder, i, subtype: given.String(decoder.walk.payload(i).decode("utf-8"), subtype),
    BYTES: lambda decoder, i, subtype: given.Bytes(decoder.walk.payload(i), subtype),
    LIST: lambda decoder, i, subtype: given.List(decoder.children(i)),
    TUPLE: lambda decoder, i, subtype: given.Tuple(decoder.children(i), subtype),
    SET: lambda decoder, i, subtype: given.Set(decoder.children(i)),
    DICT: Decoder.dict,
    TENSOR: Decoder.tensor,
}


def decode_content(checkpoint: Checkpoint) -> given.Content:
    """Everything in the file; the bytes of its tensors are checked. Raises Refused where one is damaged."""
    return Decoder(checkpoint).content()
