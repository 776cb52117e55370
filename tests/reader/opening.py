"""Section 7: opening, in order."""

import mmap
import os
import stat
from dataclasses import dataclass, field

import header as header_section
import rules_names
import rules_storages
import rules_tensors
import rules_values
from conventions import DEFAULT_LIMITS, Limits, Refused, checksum128, refuse
from footer import Footer, check_ranges, read_footer
from header import read_header
from index_buffer import read_index
from walk import Walk

RULES = {**rules_names.RULES, **rules_values.RULES, **rules_tensors.RULES, **rules_storages.RULES}


@dataclass
class Checkpoint:
    data: "bytes | mmap.mmap"
    walk: Walk
    index: bytes  # the copy that was read
    warnings: list[str] = field(default_factory=list)


def open_file(path: str, limits: Limits = DEFAULT_LIMITS) -> Checkpoint:
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        refuse(
            "not_a_checkpoint/not_regular", f"{path}: expected a regular file, found mode {found.st_mode:o}"
        )
    with open(path, "rb") as file:
        if found.st_size == 0:  # mmap cannot map nothing
            return open_data(b"", limits)
        return open_data(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), limits)


def open_data(data, limits: Limits = DEFAULT_LIMITS) -> Checkpoint:
    check_beginning(data)
    header = read_header(data)
    footer = read_footer(data)
    check_ranges(footer, limits)
    index, warnings = choose_copy(data, footer)
    walk = Walk(read_index(index), header, footer, limits)
    check_rules(walk)
    return Checkpoint(data, walk, index, warnings)


def check_beginning(data) -> None:
    """Step 1."""
    first = data[: header_section.HEADER_NBYTES]
    if not first:
        refuse("truncated/empty", "file: expected bytes, found none")
    if first == bytes(len(first)):
        refuse(
            "not_a_checkpoint/zero_header", f"header, offset 0: expected the magic, found {len(first)} zero bytes"
        )
    if len(data) < header_section.HEADER_NBYTES:
        begins = first[:8] == header_section.MAGIC[: len(first)]
        refuse(
            "truncated/short" if begins else "not_a_checkpoint/magic",
            f"file: expected at least 64 bytes, found {len(data)}, beginning with {first[:8].hex(' ')}",
        )


def choose_copy(data, footer: Footer) -> tuple[bytes, list[str]]:
    """Step 5: copy A first is normative."""
    for name, at in [("A", footer.index_offset), ("B", footer.offset_b)]:
        index = bytes(data[at : at + footer.index_nbytes])
        if checksum128(index) == footer.index_checksum:
            warnings = (
                [] if name == "A" else [f"index copy A at {footer.index_offset} is damaged, copy B was read"]
            )
            return index, warnings
    refuse(
        "corrupt/index_checksum",
        f"index copies at {footer.index_offset} and {footer.offset_b}: expected "
        f"{footer.index_checksum.hex()}, found neither (copy B: {checksum128(index).hex()})",
    )


def check_rules(walk: Walk) -> None:
    """Step 7: each rule for the whole index before the next."""
    for number, rule in RULES.items():
        try:
            rule(walk)
        except Refused as refused:
            refused.rule = number
            raise
