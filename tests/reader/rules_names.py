"""Section 6.5, rules 1 to 16: counts, names, sums, orders, reserved fields, dtypes."""

import re

from columns import KNOWN_DTYPES, StringTable
from conventions import expect, refuse
from walk import Walk

TEXTS = ["model_names", "optimizer_names", "algorithms", "entry_names", "param_names", "dtype_names", "param_keys"]
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def rule_1_tables(walk: Walk) -> None:
    count = len(walk.columns.models) + len(walk.columns.optimizers)
    if count > walk.limits.tables:
        refuse(
            "limit_exceeded/tables",
            f"models and optimizers: expected at most {walk.limits.tables}, found {count}",
        )


def rule_2_records(walk: Walk) -> None:
    for name in ["groups", "states", "entry_names", "values", "layouts", "tensor_layouts", "storage_nbytes"]:
        count = len(getattr(walk.columns, name))
        if count > walk.limits.records:
            refuse("limit_exceeded/records", f"{name}: expected at most {walk.limits.records}, found {count}")


def rule_3_texts(walk: Walk) -> None:
    for name in TEXTS:
        texts: StringTable = getattr(walk.columns, name)
        before = 0
        for i, end in enumerate(texts.ends):
            if end < before:
                refuse("corrupt/name", f"{name}.ends[{i}]: expected at least {before}, found {end}")
            before = end
        expect(before, len(texts.bytes), "corrupt/name", f"{name}: last of ends, which is the size of bytes")


def each_text(walk: Walk, names: list[str]):
    for name in names:
        texts: StringTable = getattr(walk.columns, name)
        for i in range(len(texts)):
            yield f"{name}[{i}]", texts.raw(i)


def rule_4_empty(walk: Walk) -> None:
    for where, raw in each_text(walk, [name for name in TEXTS if name != "algorithms"]):
        if not raw:
            refuse("corrupt/name", f"{where}: expected at least 1 byte, found none")


def rule_5_name_bytes(walk: Walk) -> None:
    for where, raw in each_text(walk, TEXTS):
        if len(raw) > walk.limits.name_bytes:
            refuse(
                "limit_exceeded/name_bytes",
                f"{where}: expected at most {walk.limits.name_bytes} bytes, found {len(raw)}",
            )


def rule_6_utf8(walk: Walk) -> None:
    for where, raw in each_text(walk, TEXTS):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            refuse(
                "corrupt/name",
                f"{where}, byte {error.start}: expected UTF-8, found {raw[error.start :][:4].hex()}",
            )
        control = CONTROL.search(text)
        if control:
            refuse("corrupt/name", f"{where}: expected no control character, found U+{ord(control[0]):04X}")


def rule_7_sums(walk: Walk) -> None:
    c = walk.columns
    named = [group.param_count for group in c.groups if group.has_names]
    for what, found, expected in [
        ("model_names", len(c.model_names), len(c.models)),
        ("optimizer_names", len(c.optimizer_names), len(c.optimizers)),
        ("algorithms", len(c.algorithms), len(c.optimizers)),
        ("groups", len(c.groups), sum(o.group_count for o in c.optimizers)),
        ("states", len(c.states), sum(o.state_count for o in c.optimizers)),
        ("params", len(c.params), sum(g.param_count for g in c.groups)),
        ("param_names", len(c.param_names), sum(named)),
        ("dtype_names", len(c.dtype_names), len(c.dtypes)),
        ("param_key_counts", len(c.param_key_counts) or len(c.optimizers), len(c.optimizers)),
        ("param_keys", len(c.param_keys), sum(c.param_key_counts)),
    ]:
        expect(found, expected, "corrupt/reference", f"number of {what}")
    if walk.named_entry_count > len(c.entry_names):
        refuse(
            "corrupt/reference",
            f"entries of models, groups, states and extras: expected at most "
            f"{len(c.entry_names)}, found {walk.named_entry_count}",
        )
    if len(c.values) < walk.root_count:
        refuse("corrupt/reference", f"values: expected at least {walk.root_count}, found {len(c.values)}")


def rule_8_order_sizes(walk: Walk) -> None:
    c = walk.columns
    expect(len(c.entry_order), len(c.entry_names), "corrupt/order", "size of entry_order")
    expect(len(c.param_key_order), len(c.param_keys), "corrupt/order", "size of param_key_order")
    expected = len(c.models) + len(c.optimizers) + walk.top_value_count
    expect(len(c.top_order), expected, "corrupt/order", "size of top_order")


def neighbours(walk: Walk):
    """Adjacent numbers of the order of each name list, with their names."""
    for each in walk.name_lists:
        order = each.order[each.first : each.first + each.count]
        names = [each.names.raw(each.first + number) for number in order]
        for place in range(1, each.count):
            where = f"{each.what}, {each.first + place}"
            yield where, order[place - 1], order[place], names[place - 1], names[place]


def rule_9_order_numbers(walk: Walk) -> None:
    for each in walk.name_lists:
        for at in range(each.first, each.first + each.count):
            number = each.order[at]
            if number >= each.count:
                refuse(
                    "corrupt/order",
                    f"{each.what}, {at}: expected a number below {each.count}, found {number}",
                )
    for where, before, number, _, _ in neighbours(walk):
        if before == number:
            refuse(
                "corrupt/order", f"{where}: expected a number other than the one before, found {number} again"
            )


def rule_10_name_duplicate(walk: Walk) -> None:
    for where, _, _, before, name in neighbours(walk):
        if before == name:
            refuse(
                "corrupt/name_duplicate",
                f"{where}: expected a name other than the one before, found {name!r}",
            )


def rule_11_name_order(walk: Walk) -> None:
    for where, _, _, before, name in neighbours(walk):
        if before > name:
            refuse("corrupt/name_order", f"{where}: expected a name above {before!r}, found {name!r}")


def rule_12_top_order(walk: Walk) -> None:
    seen = [False] * len(walk.columns.top_order)
    for at, number in enumerate(walk.columns.top_order):
        if number >= len(seen) or seen[number]:
            refuse(
                "corrupt/order", f"top_order[{at}]: expected a number below {len(seen)}, once, found {number}"
            )
        seen[number] = True


def rule_13_name_duplicate(walk: Walk) -> None:
    seen = set()
    for name in walk.top_names:
        if name in seen:
            refuse("corrupt/name_duplicate", f"top level: expected different names, found {name!r} twice")
        seen.add(name)
    taken = {"group": ("params", "param_names"), "extra": ("state", "param_groups")}
    for entry_list in walk.entry_lists:
        for i in range(entry_list.first, entry_list.first + entry_list.count):
            if walk.columns.entry_names.text(i) in taken.get(entry_list.what, ()):
                refuse(
                    "corrupt/name_duplicate",
                    f"entry_names[{i}] (entry list {entry_list.what} {entry_list.prefix!r}): expected "
                    f"a key that is not stored otherwise, found {walk.columns.entry_names.text(i)!r}",
                )
    check_state_extras(walk)


def check_state_extras(walk: Walk) -> None:
    extras = [entry_list for entry_list in walk.entry_lists if entry_list.what == "state_extra"]
    for number, entry_list in enumerate(extras):
        keys = set(walk.param_keys_of[number])
        for i in range(entry_list.first, entry_list.first + entry_list.count):
            name = walk.columns.entry_names.text(i)
            if name in keys:
                refuse(
                    "corrupt/name_duplicate",
                    f"entry_names[{i}] (state extra entry of optimizer {number}): expected a name other than "
                    f"the param keys, found {name!r}",
                )


def rule_14_reserved(walk: Walk) -> None:
    for name in ["states", "dtypes", "layouts"]:
        for i, row in enumerate(getattr(walk.columns, name)):
            expect(row.reserved, 0, "corrupt/reserved", f"{name}[{i}].reserved")


def rule_15_dtype_order(walk: Walk) -> None:
    codes = [dtype.code for dtype in walk.columns.dtypes]
    for i in range(1, len(codes)):
        if codes[i - 1] >= codes[i]:
            refuse("corrupt/order", f"dtypes[{i}].code: expected above {codes[i - 1]}, found {codes[i]}")


def rule_16_dtypes(walk: Walk) -> None:
    for i, dtype in enumerate(walk.columns.dtypes):
        if not 1 <= dtype.bits <= 65528 or (dtype.bits > 8 and dtype.bits % 8):
            refuse(
                "corrupt/reference",
                f"dtypes[{i}].bits: expected 1 to 65528, a multiple of 8 if above 8, found {dtype.bits}",
            )
        found = (walk.columns.dtype_names.text(i), dtype.bits)
        expected = KNOWN_DTYPES.get(dtype.code, found)
        expect(found, expected, "corrupt/reference", f"dtypes[{i}], code {dtype.code}, name and bits")


RULES = {
    1: rule_1_tables,
    2: rule_2_records,
    3: rule_3_texts,
    4: rule_4_empty,
    5: rule_5_name_bytes,
    6: rule_6_utf8,
    7: rule_7_sums,
    8: rule_8_order_sizes,
    9: rule_9_order_numbers,
    10: rule_10_name_duplicate,
    11: rule_11_name_order,
    12: rule_12_top_order,
    13: rule_13_name_duplicate,
    14: rule_14_reserved,
    15: rule_15_dtype_order,
    16: rule_16_dtypes,
}
