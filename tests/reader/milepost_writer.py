"""A minimal writer of Milepost checkpoints in canonical form, written from docs/format.md alone.

    Writer(content).build() -> bytes

`columns` may be changed before `assemble`, which makes all checksums right again; so the tests make files
that lie."""

import struct

import zstandard

import columns as stored
import content as given
from canonical import encode_index
from columns import Columns, StringTable
from conventions import CHUNK_NBYTES, CODEC_PLANES, CODEC_RAW, NO_POSITION, checksum128, round_up
from footer import GAP_NBYTES, encode_footer
from header import HEADER_NBYTES, encode_header
from opening import open_data
from planes_writer import encode_planes
from storages import storage_begin
from views import WholeLayout


class Writer:
    def __init__(
        self, content: given.Content, alignment: int = 64, zstd_level: int = 3, optional_flags: int = 0
    ):
        self.content = content
        self.alignment = alignment
        self.zstd_level = zstd_level
        self.optional_flags = optional_flags
        self.columns = Columns()
        self.room = b""  # the storages with their padding, from the end of the header on
        self.views: list[given.Tensor] = []
        self.encode_storages()
        self.encode_tables()
        self.encode_entries()
        self.encode_tensors()

    def build(self) -> bytes:
        data = self.assemble()
        open_data(data)  # a writer enforces what a reader does (section 11)
        return data

    def assemble(self) -> bytes:
        """Section 1: the file, from the columns as they are now."""
        return assemble(
            encode_header(self.alignment, self.optional_flags), self.room, encode_index(self.columns)
        )

    # Section 4

    def encode_storages(self) -> None:
        room, codecs = bytearray(), [stored.Codec(each.codec, each.parameter) for each in self.content.storages]
        if any(codec != stored.Codec(CODEC_RAW) for codec in codecs):  # section 10: none if all are raw
            self.columns.storage_codecs = codecs
        for storage, codec in zip(self.content.storages, codecs):
            nbytes = len(storage.data)
            if nbytes:
                end = HEADER_NBYTES + len(room)
                room += bytes(storage_begin(end, nbytes, self.alignment) - end)
            for at in range(0, nbytes, CHUNK_NBYTES):
                room += bytes(-len(room) % 64)  # no change before the first chunk
                room += self.encode_chunk(codec, storage.data[at : at + CHUNK_NBYTES])
        self.room = bytes(room)

    def encode_chunk(self, codec: stored.Codec, raw: bytes) -> bytes:
        chunk = raw
        if codec.code != CODEC_RAW:
            chunk = min(raw, self.compressed(codec, raw), key=len)  # raw if they are equally long
            self.columns.stored_nbytes.append(len(chunk))
            if len(chunk) < len(raw):
                self.columns.raw_checksums.append(checksum128(raw))
        self.columns.stored_checksums.append(checksum128(chunk))
        return chunk

    def compressed(self, codec: stored.Codec, raw: bytes) -> bytes:
        if codec.code == CODEC_PLANES:
            return encode_planes(raw, codec.parameter)
        return zstandard.ZstdCompressor(level=self.zstd_level, write_content_size=True).compress(raw)

    # Section 6.1: models, optimizers, groups, states

    def encode_tables(self) -> None:
        models, optimizers, c = self.content.models, self.content.optimizers, self.columns
        c.model_names = StringTable.of([model.name for model in models])
        c.models = [stored.Model(len(model.entries)) for model in models]
        c.optimizer_names = StringTable.of([optimizer.name for optimizer in optimizers])
        c.algorithms = StringTable.of([optimizer.algorithm for optimizer in optimizers])
        for o in optimizers:
            o.states.sort(key=lambda state: state.index)
            c.optimizers.append(
                stored.Optimizer(len(o.groups), len(o.states), len(o.state_extras), len(o.extras))
            )
            c.groups += [group_row(group) for group in o.groups]
            c.states += [stored.State(state.index, len(state.entries)) for state in o.states]
        groups = [group for optimizer in optimizers for group in optimizer.groups]
        c.params = [param for group in groups for param in group.params]
        c.param_names = StringTable.of([name for group in groups for name in group.param_names or []])
        self.encode_param_keys()
        c.top_order = self.top_order()

    def encode_param_keys(self) -> None:
        """Section 10: all three columns are empty where no optimizer has param keys."""
        keys, c = [optimizer.param_keys for optimizer in self.content.optimizers], self.columns
        if any(keys):
            c.param_key_counts = [len(each) for each in keys]
        c.param_keys = StringTable.of([key for each in keys for key in each])
        for each in keys:
            c.param_key_order += sorted(range(len(each)), key=lambda number, each=each: each[number].encode("utf-8"))

    def top_order(self) -> list[int]:
        content = self.content
        names = [part.name for part in content.models + content.optimizers] + [
            name for name, _ in content.values
        ]
        return [names.index(name) for name in (names if content.order is None else content.order)]

    # Section 6.1 and 6.2: entries and values

    def entry_lists(self):
        for model in self.content.models:
            yield model.entries
        for optimizer in self.content.optimizers:
            yield from [group.hyperparameters for group in optimizer.groups]
            yield from [state.entries for state in optimizer.states]
            yield optimizer.state_extras
            yield optimizer.extras
        yield self.content.values

    def encode_entries(self) -> None:
        names, queue = [], []
        for entry_list in self.entry_lists():
            names += [name for name, _ in entry_list]
            queue += [value for _, value in entry_list]
            by_name = sorted(range(len(entry_list)), key=lambda number: entry_list[number][0].encode("utf-8"))
            self.columns.entry_order += by_name
        queue += [model.metadata for model in self.content.models]
        self.columns.entry_names = StringTable.of(names)
        for value in queue:  # it grows while it is walked: breadth first
            queue += self.encode_value(value)

    def encode_value(self, value) -> list:
        """Adds the value's row, its size if it has one, and its bytes; returns its children."""
        kind, subtype, sizes, raw, children = ENCODERS[type(value)](value)
        self.columns.values.append(stored.Value(kind, subtype))
        self.columns.value_sizes += sizes
        self.columns.value_bytes += raw
        if isinstance(value, given.Tensor):
            self.views.append(value)
        return children

    # Section 6.3

    def encode_tensors(self) -> None:
        dtypes = sorted({view.dtype for view in self.views}, key=lambda each: each.code)
        self.columns.dtypes = [stored.Dtype(each.code, 0, each.bits) for each in dtypes]
        self.columns.dtype_names = StringTable.of([each.name for each in dtypes])
        numbers: dict[tuple, int] = {}  # of layouts, by first use
        for view in self.views:
            code, shape, strides = view.dtype.code, view.shape, stored_strides(view)
            layout = (code, tuple(shape), tuple(strides))
            if layout not in numbers:
                numbers[layout] = len(numbers)
                self.columns.layouts.append(stored.Layout(code, len(shape), 1 if strides else 0))
                self.columns.dims += shape + strides
            self.columns.tensor_layouts.append(numbers[layout])
        self.encode_places()

    def encode_places(self) -> None:
        """Section 10: the columns that may be empty are empty where nothing is lost by it."""
        storages, offsets = [view.storage for view in self.views], [view.offset for view in self.views]
        if storages != list(range(len(self.content.storages))):
            self.columns.tensor_storages = storages
        if any(offsets):
            self.columns.tensor_offsets = offsets
        nbytes = [len(storage.data) for storage in self.content.storages]
        own = not self.columns.tensor_storages and not self.columns.tensor_offsets
        if not own or nbytes != [extent(view) for view in self.views]:
            self.columns.storage_nbytes = nbytes


def assemble(header: bytes, room: bytes, index: bytes) -> bytes:
    index_offset = round_up(len(header) + len(room), 64)
    footer = encode_footer(header, index, index_offset)
    padded = index + bytes(-len(index) % 64)
    before = header + room
    return before + bytes(index_offset - len(before)) + padded + footer + bytes(GAP_NBYTES) + padded + footer


def group_row(group: given.Group) -> stored.Group:
    count = len(group.hyperparameters)
    params = count if group.params_position is None else group.params_position
    names = NO_POSITION
    if group.param_names is not None:
        names = count + 1 if group.param_names_position is None else group.param_names_position
    return stored.Group(count, len(group.params), params, names)


def stored_strides(view: given.Tensor) -> list[int]:
    """Section 10: a contiguous tensor has none stored."""
    if view.strides is None or 0 in view.shape:
        return []
    expected = 1
    for dim, stride in zip(reversed(view.shape), reversed(view.strides)):
        if dim != 1 and stride != expected:
            return view.strides
        expected *= dim
    return []


def extent(view: given.Tensor) -> int:
    return WholeLayout(view.dtype.code, view.shape, stored_strides(view) or None, view.dtype.bits).extent


# Section 6.4. Each encoder returns kind, subtype, sizes (none or one), value bytes, children.


def fixed(kind: int, subtype: int = 0, raw: bytes = b"") -> tuple:
    return kind, subtype, [], raw, []


def sized(kind: int, raw: bytes, subtype: int = 0) -> tuple:
    return kind, subtype, [len(raw)], raw, []


def parent(kind: int, children: list, subtype: int = 0) -> tuple:
    return kind, subtype, [len(children)], b"", children


def dict_parts(value: given.Dict) -> tuple:
    children = [part for pair in value.items for part in pair]
    if value.attributes is None:
        return parent(10, children, value.subtype)
    return parent(10, [value.attributes] + children, value.subtype + 128)


def int_bytes(number: int) -> bytes:
    """Grows until the number fits: as few bytes as possible."""
    nbytes = 1
    while not -(1 << (8 * nbytes - 1)) <= number < 1 << (8 * nbytes - 1):
        nbytes += 1
    return number.to_bytes(nbytes, "little", signed=True)


def canonical_key(key) -> bytes:
    """The canonical key, by which the elements of a set are sorted."""
    if isinstance(key, given.Float) and not key.number.is_integer():
        return b"\x02" + key.raw
    if isinstance(key, (given.Bool, given.Int, given.Float)):
        raw = int_bytes(int(key.number if isinstance(key, given.Float) else key.value))
        return bytes([1, len(raw)]) + raw
    if isinstance(key, given.String):
        raw = key.text.encode("utf-8")
        return b"\x03" + struct.pack("<I", len(raw)) + raw
    if isinstance(key, given.Bytes):
        return b"\x04" + struct.pack("<I", len(key.data)) + key.data
    if isinstance(key, given.Tuple):
        return b"\x05" + struct.pack("<I", len(key.items)) + b"".join(canonical_key(each) for each in key.items)
    if isinstance(key, given.Null):
        return b"\x00"
    raise TypeError(f"no key: {key!r}")


ENCODERS = {
    given.Null: lambda value: fixed(0),
    given.Bool: lambda value: fixed(1, int(value.value)),
    given.Int: lambda value: sized(2, int_bytes(value.value)),
    given.Float: lambda value: fixed(3, 0, value.raw),
    given.Complex: lambda value: fixed(4, 0, value.real.raw + value.imag.raw),
    given.String: lambda value: sized(5, value.text.encode("utf-8"), value.subtype),
    given.Bytes: lambda value: sized(6, value.data, value.subtype),
    given.List: lambda value: parent(7, value.items),
    given.Tuple: lambda value: parent(8, value.items, value.subtype),
    given.Set: lambda value: parent(9, sorted(value.items, key=canonical_key)),
    given.Dict: dict_parts,
    given.Tensor: lambda value: fixed(11, value.role + 4 * value.requires_grad),
}
