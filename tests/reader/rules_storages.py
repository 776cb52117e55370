"""Section 6.5, rules 31 to 43: storages and chunks (31 to 40), groups, params and states (41 to 43)."""

from conventions import CHUNK_NBYTES, CODEC_NAMES, CODEC_RAW, expect, refuse, round_up
from head import HEAD_NBYTES
from walk import Walk, chunk_count

LARGE_ALIGNMENT = 4096  # of storages with 1 MiB or more raw bytes (section 4)


def rule_31_codec(walk: Walk) -> None:
    for i, storage in enumerate(walk.columns.storages):
        if storage.codec not in CODEC_NAMES:
            refuse(
                "unsupported/codec",
                f"storages[{i}].codec: expected one of {list(CODEC_NAMES)}, found {storage.codec}",
            )


def rule_32_codec_parameter(walk: Walk) -> None:
    for i, storage in enumerate(walk.columns.storages):
        expect(storage.codec_parameter, 0, "corrupt/codec_parameters", f"storages[{i}].codec_parameter")


def rule_33_sizes(walk: Walk) -> None:
    """The counts come before anything loops over chunks: nbytes alone may claim 2^42 of them."""
    storages = walk.columns.storages
    for i, storage in enumerate(storages):
        if storage.nbytes >= 1 << 62:
            refuse(
                "corrupt/storage_size", f"storages[{i}].nbytes: expected below 2^62, found {storage.nbytes}"
            )
    total = sum(storage.nbytes for storage in storages)
    if total >= 1 << 63:
        refuse("corrupt/storage_size", f"storages: expected a sum of nbytes below 2^63, found {total}")
    counts = [chunk_count(storage.nbytes) for storage in storages]
    listed = sum(count for count, storage in zip(counts, storages) if storage.codec != CODEC_RAW)
    expect(
        len(walk.columns.stored_checksums), sum(counts), "corrupt/storage_size", "number of stored_checksums"
    )
    expect(len(walk.columns.stored_nbytes), listed, "corrupt/storage_size", "number of stored_nbytes")
    compressed = sum(1 for sizes in walk.stored_sizes for raw, stored in sizes if stored < raw)
    expect(len(walk.columns.raw_checksums), compressed, "corrupt/storage_size", "number of raw_checksums")
    for i, storage in enumerate(storages):
        if storage.nbytes == 0:
            expect(storage.offset, 0, "corrupt/storage_size", f"storages[{i}].offset, of an empty storage")


def each_chunk(walk: Walk):
    for i, sizes in enumerate(walk.stored_sizes):
        for place, (raw, stored) in enumerate(sizes):
            yield f"storages[{i}], chunk {place}", raw, stored


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
    used = {tensor.storage for tensor in walk.columns.tensors}
    for i in range(len(walk.columns.storages)):
        if i not in used:
            refuse("corrupt/storage_unused", f"storages[{i}]: expected a tensor that views it, found none")


def rule_37_range(walk: Walk) -> None:
    for i, storage in enumerate(walk.columns.storages):
        end = storage.offset + walk.stored_extent(i)
        if end > walk.footer.index_offset:
            refuse(
                "corrupt/storage_range",
                f"storages[{i}]: expected its end at most at {walk.footer.index_offset}, found it at {end}",
            )


def alignment_of(walk: Walk, i: int) -> int:
    large = walk.columns.storages[i].nbytes >= CHUNK_NBYTES
    return max(walk.head.alignment, LARGE_ALIGNMENT) if large else walk.head.alignment


def placed(walk: Walk):
    """The storages that take room, each with the end of the one before it (or of the head)."""
    end = HEAD_NBYTES
    for i, storage in enumerate(walk.columns.storages):
        if storage.nbytes:
            yield i, storage, end
            end = storage.offset + walk.stored_extent(i)


def rule_38_alignment(walk: Walk) -> None:
    for i, storage, _ in placed(walk):
        if storage.offset % alignment_of(walk, i):
            refuse(
                "corrupt/storage_alignment",
                f"storages[{i}].offset: expected a multiple of "
                f"{alignment_of(walk, i)}, found {storage.offset}",
            )


def rule_39_overlap(walk: Walk) -> None:
    for i, storage, end in placed(walk):
        if storage.offset < end:
            refuse(
                "corrupt/storage_overlap",
                f"storages[{i}].offset: expected at least {end}, found {storage.offset}",
            )


def rule_40_gap(walk: Walk) -> None:
    last = HEAD_NBYTES
    for i, storage, end in placed(walk):
        expected = round_up(end, alignment_of(walk, i))
        expect(storage.offset, expected, "corrupt/storage_gap", f"storages[{i}].offset")
        last = storage.offset + walk.stored_extent(i)
    expect(
        walk.footer.index_offset,
        round_up(last, 64),
        "corrupt/storage_gap",
        "index_offset, behind the storages",
    )


def rule_41_positions(walk: Walk) -> None:
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


def rule_42_params(walk: Walk) -> None:
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


def rule_43_states(walk: Walk) -> None:
    for number, states in enumerate(walk.states_of):
        for place in range(1, len(states)):
            if states[place - 1].index >= states[place].index:
                refuse(
                    "corrupt/group",
                    f"optimizers[{number}], state {place}, index: expected above "
                    f"{states[place - 1].index}, found {states[place].index}",
                )


RULES = {
    31: rule_31_codec,
    32: rule_32_codec_parameter,
    33: rule_33_sizes,
    34: rule_34_chunk_size,
    35: rule_35_ratio,
    36: rule_36_unused,
    37: rule_37_range,
    38: rule_38_alignment,
    39: rule_39_overlap,
    40: rule_40_gap,
    41: rule_41_positions,
    42: rule_42_params,
    43: rule_43_states,
}
