"""Section 6.5, rules 17 to 22: values."""

from conventions import expect, refuse
from canonical_key import canonical_key, minimal
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
    has_size,
)

# Section 6.4: for each kind the allowed subtypes.
SUBTYPES = {
    NULL: {0},
    BOOL: {0, 1},
    INT: {0},
    FLOAT: {0},
    COMPLEX: {0},
    STRING: {0, 1, 2, 3},
    BYTES: {0, 1},
    LIST: {0},
    TUPLE: {0, 1},
    SET: {0},
    DICT: {0, 1, 2, ATTRIBUTES, ATTRIBUTES + 1, ATTRIBUTES + 2},
    TENSOR: {0, 1, 2, 4, 5, 6},
}


def rule_17_kinds(walk: Walk) -> None:
    """Sizes are walked only when there are as many as the kinds take."""
    check_kinds(walk)
    check_size_count(walk)
    check_int_sizes(walk)


def check_kinds(walk: Walk) -> None:
    for i, value in enumerate(walk.columns.values):
        if value.kind not in SUBTYPES:
            refuse("corrupt/value_kind", f"values[{i}].kind: expected 0 to 11, found {value.kind}")
        if value.subtype not in SUBTYPES[value.kind]:
            refuse(
                "corrupt/value_kind",
                f"values[{i}] of kind {value.kind}, subtype: expected one of "
                f"{sorted(SUBTYPES[value.kind])}, found {value.subtype}",
            )


def check_size_count(walk: Walk) -> None:
    count = sum(1 for value in walk.columns.values if has_size(value.kind))
    expect(len(walk.columns.value_sizes), count, "corrupt/value_kind", "number of value_sizes, by the kinds of values")


def check_int_sizes(walk: Walk) -> None:
    for i, (value, size) in enumerate(zip(walk.columns.values, walk.sizes)):
        if value.kind == INT and not 1 <= size <= 255:
            refuse("corrupt/value_kind", f"values[{i}], int, size: expected 1 to 255, found {size}")


def rule_18_tree(walk: Walk) -> None:
    """Besides the sum: children come after their parents (6.1), else a value could be its own parent."""
    end = walk.root_count
    for i, count in enumerate(walk.child_counts):
        if end <= i:
            refuse("corrupt/value_tree", f"values[{i}]: expected a parent before it, found none")
        end += count
    if end != len(walk.columns.values):
        refuse(
            "corrupt/value_tree",
            f"values: expected roots and children to be {len(walk.columns.values)}, found {end}",
        )


def rule_19_depth(walk: Walk) -> None:
    depth = [1] * walk.root_count
    for i, count in enumerate(walk.child_counts):
        depth.extend([depth[i] + 1] * count)
        if depth[i] > min(walk.limits.depth, 1000):
            refuse(
                "limit_exceeded/depth",
                f"values[{i}], depth: expected at most {walk.limits.depth}, found {depth[i]}",
            )


def rule_20_value_bytes(walk: Walk) -> None:
    total = sum(walk.payload_sizes)
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
    count = walk.sizes[i]
    if walk.attributes(i) is not None:
        count -= 1
    if count < 0 or count % 2:
        refuse(
            "corrupt/value_key",
            f"values[{i}], dict: expected keys and values in pairs (and the attributes), "
            f"found {walk.sizes[i]} children",
        )


def check_attributes(walk: Walk, i: int) -> None:
    attributes = walk.attributes(i)
    if attributes is None:
        return
    value = walk.columns.values[attributes]
    if (value.kind, value.subtype) != (DICT, 0):
        refuse(
            "corrupt/value_key",
            f"values[{attributes}], attributes of values[{i}]: expected a plain dict (10, 0), "
            f"found ({value.kind}, {value.subtype})",
        )
    if walk.sizes[attributes] == 0:
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
        canonical = canonical_key(walk, key)
        if canonical in seen:
            refuse(
                "corrupt/value_key",
                f"values[{i}], dict: expected different keys, found values[{seen[canonical]}] "
                f"and values[{key}] equal",
            )
        seen[canonical] = key


def check_set(walk: Walk, i: int) -> None:
    before = b""
    for child in walk.children(i):
        canonical = canonical_key(walk, child)
        if canonical <= before:
            refuse(
                "corrupt/value_key",
                f"values[{child}], element of set values[{i}]: expected a canonical key above "
                f"{before.hex(' ')}, found {canonical.hex(' ')}",
            )
        before = canonical


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
