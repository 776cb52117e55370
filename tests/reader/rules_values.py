"""Section 6.5, rules 17 to 22: values."""

from conventions import refuse
from key_image import key_image, minimal
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
    Walk,
    child_count,
    payload_nbytes,
)

ANY = range(1 << 32)
# Section 6.4: for each kind the allowed sizes and flavours.
SHAPES = {
    NULL: (range(1), {0}),
    BOOL: (range(2), {0}),
    INT: (range(1, 256), {0}),
    FLOAT: (range(8, 9), {0}),
    COMPLEX: (range(16, 17), {0}),
    STRING: (ANY, {0, 1, 2, 3}),
    BYTES: (ANY, {0, 1}),
    LIST: (ANY, {0}),
    TUPLE: (ANY, {0, 1}),
    SET: (ANY, {0}),
    DICT: (ANY, {0, 1, 2, ATTRIBUTES, ATTRIBUTES + 1, ATTRIBUTES + 2}),
    TENSOR: (range(1), {0, 1, 2, 4, 5, 6}),
}


def rule_17_kinds(walk: Walk) -> None:
    for i, value in enumerate(walk.columns.values):
        if value.kind not in SHAPES:
            refuse("corrupt/value_kind", f"values[{i}].kind: expected 0 to 11, found {value.kind}")
        sizes, flavours = SHAPES[value.kind]
        if value.flavour not in flavours:
            refuse(
                "corrupt/value_kind",
                f"values[{i}] of kind {value.kind}, flavour: expected one of "
                f"{sorted(flavours)}, found {value.flavour}",
            )
        if value.size not in sizes:
            refuse(
                "corrupt/value_kind",
                f"values[{i}] of kind {value.kind}, size: expected {sizes.start} to "
                f"{sizes.stop - 1}, found {value.size}",
            )


def rule_18_tree(walk: Walk) -> None:
    """Besides the sum: children stand behind parents (6.1), else a value could be its own parent."""
    end = walk.root_count
    for i, value in enumerate(walk.columns.values):
        if end <= i:
            refuse("corrupt/value_tree", f"values[{i}]: expected a parent before it, found none")
        end += child_count(value)
    if end != len(walk.columns.values):
        refuse(
            "corrupt/value_tree",
            f"values: expected roots and children to be {len(walk.columns.values)}, found {end}",
        )


def rule_19_depth(walk: Walk) -> None:
    depth = [1] * walk.root_count
    for i, value in enumerate(walk.columns.values):
        depth.extend([depth[i] + 1] * child_count(value))
        if depth[i] > min(walk.limits.depth, 1000):
            refuse(
                "limit_exceeded/depth",
                f"values[{i}], depth: expected at most {walk.limits.depth}, found {depth[i]}",
            )


def rule_20_value_bytes(walk: Walk) -> None:
    total = sum(payload_nbytes(value) for value in walk.columns.values)
    if total != len(walk.columns.value_bytes):
        refuse(
            "corrupt/value_bytes",
            f"value_bytes: expected {total} bytes, found {len(walk.columns.value_bytes)}",
        )
    for i, value in enumerate(walk.columns.values):
        if value.kind == STRING:
            check_utf8(i, walk.payload(i))


def check_utf8(i: int, raw: bytes) -> None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        refuse(
            "corrupt/value_bytes",
            f"values[{i}], byte {error.start}: expected UTF-8, found {raw[error.start :][:4].hex(' ')}",
        )


def rule_21_minimal(walk: Walk) -> None:
    for i, value in enumerate(walk.columns.values):
        if value.kind == INT:
            expected = minimal(walk.integer(i))
            if walk.payload(i) != expected:
                refuse(
                    "corrupt/value_kind",
                    f"values[{i}], int: expected {expected.hex(' ')}, found {walk.payload(i).hex(' ')}",
                )


def rule_22_keys(walk: Walk) -> None:
    for i, value in enumerate(walk.columns.values):
        if value.kind == DICT:
            check_pairs(walk, i)
            check_attributes(walk, i)
            check_dict_keys(walk, i)
    for i, value in enumerate(walk.columns.values):
        if value.kind == SET:
            check_set(walk, i)
    check_metadata(walk)


def check_pairs(walk: Walk, i: int) -> None:
    count = walk.columns.values[i].size
    if walk.attributes(i) is not None:
        count -= 1
    if count < 0 or count % 2:
        refuse(
            "corrupt/value_key",
            f"values[{i}], dict: expected keys and values in pairs (and the attributes), "
            f"found {walk.columns.values[i].size} children",
        )


def check_attributes(walk: Walk, i: int) -> None:
    attributes = walk.attributes(i)
    if attributes is None:
        return
    value = walk.columns.values[attributes]
    if (value.kind, value.flavour) != (DICT, 0):
        refuse(
            "corrupt/value_key",
            f"values[{attributes}], attributes of values[{i}]: expected a plain dict (10, 0), "
            f"found ({value.kind}, {value.flavour})",
        )
    if value.size == 0:
        refuse("corrupt/value_key", f"values[{attributes}], attributes of values[{i}]: expected at least one, found 0")
    for key, _ in walk.items(attributes):
        if walk.columns.values[key].kind != STRING:
            refuse(
                "corrupt/value_key",
                f"values[{key}], name of an attribute: expected a string (kind 5), "
                f"found kind {walk.columns.values[key].kind}",
            )


def check_dict_keys(walk: Walk, i: int) -> None:
    seen = {}
    for key, _ in walk.items(i):
        image = key_image(walk, key)
        if image in seen:
            refuse(
                "corrupt/value_key",
                f"values[{i}], dict: expected different keys, found values[{seen[image]}] "
                f"and values[{key}] equal",
            )
        seen[image] = key


def check_set(walk: Walk, i: int) -> None:
    before = b""
    for child in walk.children(i):
        image = key_image(walk, child)
        if image <= before:
            refuse(
                "corrupt/value_key",
                f"values[{child}], element of set values[{i}]: expected a key image above "
                f"{before.hex(' ')}, found {image.hex(' ')}",
            )
        before = image


def check_metadata(walk: Walk) -> None:
    first = len(walk.columns.entry_names)
    for number in range(len(walk.columns.models)):
        kind = walk.columns.values[first + number].kind
        if kind not in (NULL, DICT):
            refuse(
                "corrupt/value_key",
                f"values[{first + number}], metadata of models[{number}]: expected null or "
                f"dict, found kind {kind}",
            )


RULES = {
    17: rule_17_kinds,
    18: rule_18_tree,
    19: rule_19_depth,
    20: rule_20_value_bytes,
    21: rule_21_minimal,
    22: rule_22_keys,
}
