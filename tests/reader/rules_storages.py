"""Section 6.5, rules 31 to 42: storages and chunks (31 to 38), groups, params and states (39 to 42)."""

from conventions import ALIGNMENT_OF_PARTS, CODEC_NAMES, CODEC_PARAMETERS, CODEC_RAW, expect, refuse, round_up
from storages import chunk_count, end_of
from walk import Walk


def rule_31_codec(walk: Walk) -> None:
    for i, codec in enumerate(walk.columns.storage_codecs):
        if codec.code not in CODEC_NAMES:
            refuse(
                "unsupported/codec",
                f"storage_codecs[{i}].code: expected one of {list(CODEC_NAMES)}, found {codec.code}",
            )


def rule_32_codec_parameter(walk: Walk) -> None:
    for i, codec in enumerate(walk.columns.storage_codecs):
        allowed = CODEC_PARAMETERS[codec.code]
        if codec.parameter not in allowed:
            refuse(
                "corrupt/codec_parameters",
                f"storage_codecs[{i}].parameter: expected one of {allowed}, found {codec.parameter}",
            )


def rule_33_sizes(walk: Walk) -> None:
    check_sizes(walk)
    check_chunk_counts(walk)
    compressed = sum(1 for sizes in walk.chunk_sizes for raw, stored in sizes if stored < raw)
    expect(len(walk.columns.raw_checksums), compressed, "corrupt/storage_size", "number of raw_checksums")


def check_sizes(walk: Walk) -> None:
    for i, nbytes in enumerate(walk.storage_nbytes):
        if nbytes >= 1 << 62:
            refuse("corrupt/storage_size", f"storage {i}, nbytes: expected below 2^62, found {nbytes}")
    total = sum(walk.storage_nbytes)
    if total >= 1 << 63:
        refuse("corrupt/storage_size", f"storages: expected a sum of nbytes below 2^63, found {total}")


def check_chunk_counts(walk: Walk) -> None:
    """They come before anything loops over chunks: nbytes alone, stored or reached, may claim 2^42 of them."""
    counts = [chunk_count(nbytes) for nbytes in walk.storage_nbytes]
    listed = sum(count for count, codec in zip(counts, walk.codecs) if codec.code != CODEC_RAW)
    expect(
        len(walk.columns.stored_checksums), sum(counts), "corrupt/storage_size", "number of stored_checksums"
    )
    expect(len(walk.columns.stored_nbytes), listed, "corrupt/storage_size", "number of stored_nbytes")


def each_chunk(walk: Walk):
    for i, sizes in enumerate(walk.chunk_sizes):
        for place, (raw, stored) in enumerate(sizes):
            yield f"storage {i}, chunk {place}", raw, stored


def rule_34_chunk_size(walk: Walk) -> None:
    for where, raw, stored in each_chunk(walk):
        if not 1 <= stored <= raw:
            refuse("corrupt/chunk_size", f"{where}, stored size: expected 1 to {raw}, found {stored}")


def rule_35_ratio(walk: Walk) -> None:
    for where, raw, stored in each_chunk(walk):
        if raw > 32768 * stored + 131072:
            refuse(
                "corrupt/ratio",
                f"{where}: expected a raw size of at most 32768 * {stored} + 131072, found {raw}",
            )


def rule_36_unused(walk: Walk) -> None:
    used = set(walk.tensor_storages)
    for i in range(walk.storage_count):
        if i not in used:
            refuse("corrupt/storage_unused", f"storage {i}: expected a tensor that views it, found none")


def rule_37_range(walk: Walk) -> None:
    for i, place in enumerate(walk.places):
        if place.end > walk.footer.index_offset:
            refuse(
                "corrupt/storage_range",
                f"storage {i}: expected its end at most at {walk.footer.index_offset}, found it at {place.end}",
            )


def rule_38_gap(walk: Walk) -> None:
    expected = round_up(end_of(walk.places), ALIGNMENT_OF_PARTS)
    where = "index_offset, after the storages"
    expect(walk.footer.index_offset, expected, "corrupt/storage_gap", where)


def rule_39_positions(walk: Walk) -> None:
    for i, group in enumerate(walk.columns.groups):
        count = group.hyperparameter_count + 1 + group.has_names
        if group.params_position >= count:
            refuse(
                "corrupt/group",
                f"groups[{i}].params_position: expected below {count}, found {group.params_position}",
            )
        if group.has_names and group.param_names_position >= count:
            refuse(
                "corrupt/group",
                f"groups[{i}].param_names_position: expected below {count}, "
                f"found {group.param_names_position}",
            )
        if group.params_position == group.param_names_position:
            refuse(
                "corrupt/group",
                f"groups[{i}]: expected different positions of params and param_names, "
                f"found {group.params_position} twice",
            )


def rule_40_params(walk: Walk) -> None:
    number = 0
    for name, groups in enumerate(walk.groups_of):
        seen: dict[int, int] = {}
        for place in range(len(groups)):
            for param in walk.params_of[number]:
                if seen.setdefault(param, place) != place:
                    refuse(
                        "corrupt/group",
                        f"optimizers[{name}], group {place}: expected parameters of no other "
                        f"group, found {param}, which is in group {seen[param]}",
                    )
            number += 1


def rule_41_states(walk: Walk) -> None:
    for number, states in enumerate(walk.states_of):
        for place in range(1, len(states)):
            if states[place - 1].index >= states[place].index:
                refuse(
                    "corrupt/group",
                    f"optimizers[{number}], state {place}, index: expected above "
                    f"{states[place - 1].index}, found {states[place].index}",
                )


def rule_42_param_keys(walk: Walk) -> None:
    group = 0
    for number, keys in enumerate(walk.param_keys_of):
        groups = range(group, group + len(walk.groups_of[number]))
        group = groups.stop
        if keys:
            params = [param for each in groups for param in walk.params_of[each]]
            check_keyed_indexes(f"optimizers[{number}], params", params, keys)
            check_listed_keys(number, params, keys)
            states = [state.index for state in walk.states_of[number]]
            check_keyed_indexes(f"optimizers[{number}], states", states, keys)


def check_keyed_indexes(where: str, indexes: list[int], keys: list[str]) -> None:
    for index in indexes:
        if index >= len(keys):
            refuse("corrupt/group", f"{where}: expected indexes below {len(keys)}, found {index}")


def check_listed_keys(optimizer: int, params: list[int], keys: list[str]) -> None:
    unlisted = set(range(len(keys))) - set(params)
    if unlisted:
        first = min(unlisted)
        refuse(
            "corrupt/group",
            f"optimizers[{optimizer}], param key {first}, {keys[first]!r}: expected a group that lists it, found none",
        )


RULES = {
    31: rule_31_codec,
    32: rule_32_codec_parameter,
    33: rule_33_sizes,
    34: rule_34_chunk_size,
    35: rule_35_ratio,
    36: rule_36_unused,
    37: rule_37_range,
    38: rule_38_gap,
    39: rule_39_positions,
    40: rule_40_params,
    41: rule_41_states,
    42: rule_42_param_keys,
}
