"""`milepost ls --json` (command-line.md): the schema milepost.ls/1."""

import math
import struct

from conventions import CODEC_NAMES, checksum128
from canonical_key import key_text
from opening import Checkpoint
from views import WholeLayout, contiguous_strides
from walk import (
    ATTRIBUTES,
    BOOL,
    BYTES,
    COMPLEX,
    DICT,
    FLOAT,
    INT,
    KIND_NAMES,
    NULL,
    STRING,
    TENSOR,
    TUPLE,
    Walk,
)

SUBTYPES = {
    STRING: ["str", "dtype", "device", "layout"],
    BYTES: ["bytes", "bytearray"],
    TUPLE: ["tuple", "Size"],
    DICT: ["dict", "OrderedDict", "Counter"],
}
ROLES = ["plain", "parameter", "buffer"]
EXACT = 1 << 53


def integer_json(integer: int) -> "int | str":
    return integer if -EXACT <= integer <= EXACT else str(integer)


def integers_json(integers: list[int]) -> list:
    return [integer_json(integer) for integer in integers]


# Values


def value_json(walk: Walk, i: int) -> dict:
    """Recursive; the depth is bounded by rule 19."""
    value = walk.columns.values[i]
    shown = {"kind": KIND_NAMES[value.kind]}
    if value.kind == TENSOR:
        shown["tensor"] = walk.tensor_number[i]
    elif value.kind == DICT:
        add_dict(walk, i, shown)
    elif value.kind > BYTES:
        shown["items"] = [value_json(walk, child) for child in walk.children(i)]
    elif value.kind != NULL:
        add_scalar(walk, i, shown)
    subtype = value.subtype & ~ATTRIBUTES
    if value.kind in SUBTYPES and subtype:
        shown["subtype"] = SUBTYPES[value.kind][subtype]
    return shown


def add_scalar(walk: Walk, i: int, shown: dict) -> None:
    value = walk.columns.values[i]
    if value.kind == BOOL:
        shown["value"] = value.subtype == 1
    elif value.kind == INT:
        shown["value"] = integer_json(walk.integer(i))
    elif value.kind == FLOAT:
        shown.update(float_json(walk.payload(i)))
    elif value.kind == COMPLEX:
        raw = walk.payload(i)
        shown["real"], shown["imag"] = float_json(raw[:8]), float_json(raw[8:])
    elif value.kind == STRING:
        shown["value"] = walk.payload(i).decode("utf-8")
    else:
        shown["hex"] = walk.payload(i).hex()


def float_json(raw: bytes) -> dict:
    number = struct.unpack("<d", raw)[0]
    if math.isnan(number):
        return {"kind": "float", "value": "nan", "bits": raw[::-1].hex()}
    return {"kind": "float", "value": repr(number) if math.isinf(number) else number}


def add_dict(walk: Walk, i: int, shown: dict) -> None:
    shown["items"] = [[value_json(walk, key), value_json(walk, value)] for key, value in walk.items(i)]
    attributes = walk.attributes(i)
    if attributes is not None:
        shown["attributes"] = value_json(walk, attributes)


# Paths (section 2)


def entry_paths(walk: Walk) -> list[str]:
    return [
        entry_list.prefix + walk.columns.entry_names.text(i)
        for entry_list in walk.entry_lists
        for i in range(entry_list.first, entry_list.first + entry_list.count)
    ]


def value_paths(walk: Walk) -> list[str]:
    paths = entry_paths(walk)
    paths += [f"{walk.columns.model_names.text(i)}/_metadata" for i in range(len(walk.columns.models))]
    for i, value in enumerate(walk.columns.values):
        steps = (
            dict_steps(walk, i)
            if value.kind == DICT
            else [f"/{place}" for place in range(len(walk.children(i)))]
        )
        paths.extend(paths[i] + step for step in steps)
    return paths


def dict_steps(walk: Walk, i: int) -> list[str]:
    """Section 2: the attributes of a dict are a level of their own."""
    steps = [] if walk.attributes(i) is None else ["/attributes"]
    for key, _ in walk.items(i):
        step = f"/{key_text(walk, key)}"
        steps += [step, step]
    return steps


def tensor_values(walk: Walk) -> list[int]:
    return [i for i, value in enumerate(walk.columns.values) if value.kind == TENSOR]


def tensor_paths(walk: Walk) -> list[str]:
    paths = value_paths(walk)
    return [paths[i] for i in tensor_values(walk)]


# The parts of the document


def tensors_json(walk: Walk) -> list[dict]:
    names = {dtype.code: walk.columns.dtype_names.text(i) for i, dtype in enumerate(walk.columns.dtypes)}
    subtypes = [walk.columns.values[i].subtype for i in tensor_values(walk)]
    return [
        {
            "path": path,
            "dtype": names[view.layout.dtype],
            "shape": integers_json(view.layout.dims),
            "strides": integers_json(shown_strides(view.layout)),
            "offset": integer_json(view.offset),
            "nbytes": integer_json(view.elements * view.bits // 8),
            "storage": view.storage,
            "role": ROLES[subtype & 3],
            "requires_grad": subtype & 4 != 0,
        }
        for path, view, subtype in zip(tensor_paths(walk), walk.views, subtypes)
    ]


def shown_strides(layout: WholeLayout) -> list[int]:
    return contiguous_strides(layout.dims) if layout.strides is None else layout.strides


def storages_json(walk: Walk) -> list[dict]:
    return [
        {
            "offset": integer_json(place.begin),
            "nbytes": integer_json(nbytes),
            "codec": CODEC_NAMES[codec.code],
            "stored_nbytes": integer_json(sum(chunk.stored_nbytes for chunk in chunks)),
            "chunks": len(chunks),
            "content_hash": checksum128(b"".join(chunk.raw_checksum for chunk in chunks)).hex(),
        }
        for place, nbytes, codec, chunks in zip(walk.places, walk.storage_nbytes, walk.codecs, walk.chunks)
    ]


def models_json(walk: Walk) -> list[dict]:
    c = walk.columns
    return [
        {
            "name": c.model_names.text(i),
            "entries": model.entry_count,
            "metadata": value_json(walk, len(c.entry_names) + i),
        }
        for i, model in enumerate(c.models)
    ]


def optimizers_json(walk: Walk) -> list[dict]:
    c = walk.columns
    groups = iter(groups_json(walk))
    return [
        {
            "name": c.optimizer_names.text(i),
            "algorithm": c.algorithms.text(i),
            "param_keys": walk.param_keys_of[i] or None,
            "param_groups": [next(groups) for _ in range(optimizer.group_count)],
            "state": [integer_json(state.index) for state in walk.states_of[i]],
        }
        for i, optimizer in enumerate(c.optimizers)
    ]


def groups_json(walk: Walk) -> list[dict]:
    entry_lists = [entry_list for entry_list in walk.entry_lists if entry_list.what == "group"]
    return [
        {
            "hyperparameters": [
                walk.columns.entry_names.text(i) for i in range(entry_list.first, entry_list.first + entry_list.count)
            ],
            "params": integers_json(params),
            "param_names": names,
            "params_position": group.params_position,
            "param_names_position": group.param_names_position if group.has_names else None,
        }
        for group, entry_list, params, names in zip(
            walk.columns.groups, entry_lists, walk.params_of, walk.param_names_of
        )
    ]


def ls_json(checkpoint: Checkpoint) -> dict:
    walk = checkpoint.walk
    return {
        "schema": "milepost.ls/1",
        "format_version": walk.header.format_version,
        "file_size": walk.footer.file_size,
        "alignment": walk.header.alignment,
        "tensors": tensors_json(walk),
        "storages": storages_json(walk),
        "models": models_json(walk),
        "optimizers": optimizers_json(walk),
        "entries": [{"path": path, "value": value_json(walk, i)} for i, path in enumerate(entry_paths(walk))],
        "order": [walk.top_names[number] for number in walk.columns.top_order],
    }
