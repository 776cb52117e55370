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
    Scope,
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
        return DECODERS[row.kind](self, i, row.flavour)

    def children(self, i: int) -> list:
        return [self.value(child) for child in self.walk.children(i)]

    def dict(self, i: int, flavour: int) -> given.Dict:
        attributes = self.walk.attributes(i)
        items = [(self.value(key), self.value(value)) for key, value in self.walk.items(i)]
        shown = None if attributes is None else self.value(attributes)
        return given.Dict(items, flavour & ~ATTRIBUTES, shown)

    def complex(self, i: int, _flavour: int) -> given.Complex:
        raw = self.walk.payload(i)
        return given.Complex(given.Float(raw[:8]), given.Float(raw[8:]))

    def tensor(self, i: int, flavour: int) -> given.Tensor:
        view = self.walk.views[self.walk.tensor_number[i]]
        return given.Tensor(
            view.storage,
            self.dtypes[view.layout.dtype],
            list(view.layout.dims),  # a list of its own: layouts are shared
            view.layout.strides and list(view.layout.strides),
            view.offset,
            flavour & 3,
            flavour & 4 != 0,
        )

    def entries(self, scope: Scope) -> given.Entries:
        names = self.walk.columns.entry_names
        return [(names.text(i), self.value(i)) for i in range(scope.first, scope.first + scope.count)]

    # The parts, in the order of section 6.1: one pass over the scopes

    def content(self) -> given.Content:
        columns, scopes = self.walk.columns, iter(self.walk.scopes)
        models = [self.model(number, next(scopes)) for number in range(len(columns.models))]
        optimizers = [self.optimizer(number, scopes) for number in range(len(columns.optimizers))]
        values = self.entries(next(scopes))
        order = [self.walk.top_names[number] for number in columns.top_order]
        return given.Content(models, optimizers, values, self.storages(), order)

    def model(self, number: int, scope: Scope) -> given.Model:
        columns = self.walk.columns
        metadata = self.value(len(columns.entry_names) + number)
        return given.Model(columns.model_names.text(number), self.entries(scope), metadata)

    def optimizer(self, number: int, scopes) -> given.Optimizer:
        columns, walk = self.walk.columns, self.walk
        before = sum(len(groups) for groups in walk.groups_of[:number])
        groups = [
            self.group(before + place, next(scopes)) for place in range(len(walk.groups_of[number]))
        ]
        states = [given.State(state.index, self.entries(next(scopes))) for state in walk.states_of[number]]
        return given.Optimizer(
            columns.optimizer_names.text(number),
            columns.algorithms.text(number),
            groups,
            states,
            self.entries(next(scopes)),
            self.entries(next(scopes)),
        )

    def group(self, number: int, scope: Scope) -> given.Group:
        row, names = self.walk.columns.groups[number], self.walk.param_names_of[number]
        return given.Group(
            self.entries(scope),
            self.walk.params_of[number],
            names,
            row.params_position,
            row.param_names_position if row.has_names else None,
        )

    def storages(self) -> list[given.Storage]:
        return [
            given.Storage(storage_bytes(self.checkpoint, number, 0, nbytes), codec.code)
            for number, (nbytes, codec) in enumerate(zip(self.walk.storage_nbytes, self.walk.codecs))
        ]


DECODERS = {
    NULL: lambda decoder, i, flavour: given.Null(),
    BOOL: lambda decoder, i, flavour: given.Bool(flavour == 1),
    INT: lambda decoder, i, flavour: given.Int(decoder.walk.integer(i)),
    FLOAT: lambda decoder, i, flavour: given.Float(decoder.walk.payload(i)),
    COMPLEX: Decoder.complex,
    STRING: lambda decoder, i, flavour: given.String(decoder.walk.payload(i).decode("utf-8"), flavour),
    BYTES: lambda decoder, i, flavour: given.Bytes(decoder.walk.payload(i), flavour),
    LIST: lambda decoder, i, flavour: given.List(decoder.children(i)),
    TUPLE: lambda decoder, i, flavour: given.Tuple(decoder.children(i), flavour),
    SET: lambda decoder, i, flavour: given.Set(decoder.children(i)),
    DICT: Decoder.dict,
    TENSOR: Decoder.tensor,
}


def decode_content(checkpoint: Checkpoint) -> given.Content:
    """Everything in the file; the bytes of its tensors are checked. Raises Refused where one is damaged."""
    return Decoder(checkpoint).content()
