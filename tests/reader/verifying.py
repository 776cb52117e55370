"""Section 9: verifying. Goes on after damage and lists all of it."""

from dataclasses import dataclass, field

from canonical import column_departure, encode_index
from conventions import Refused
from first_access import chunk_bytes
from footer import FOOTER_NBYTES
from header import HEADER_NBYTES
from listing import tensor_paths
from opening import Checkpoint
from storages import Chunk


@dataclass
class Damage:
    condition: str
    message: str
    begin: int
    end: int
    storage: int | None = None
    chunk: int | None = None
    tensors: list[str] = field(default_factory=list)

    def as_json(self) -> dict:
        return {
            "code": "corrupt",
            **{
                name: getattr(self, name)
                for name in ("condition", "message", "tensors", "storage", "chunk", "begin", "end")
            },
        }


def canonical_form_checked(checkpoint: Checkpoint) -> bool:
    """Section 13: not where optional flags are unknown; no flag is known yet."""
    return checkpoint.walk.header.optional_flags == 0


def verify(checkpoint: Checkpoint) -> list[Damage]:
    found = (
        check_index_copies(checkpoint)
        + check_footers(checkpoint)
        + check_padding(checkpoint)
        + check_chunks(checkpoint)
        + check_canonical(checkpoint)
    )
    return sorted(found, key=lambda damage: damage.begin)


def difference(checkpoint: Checkpoint, begin: int, expected: bytes, what: str) -> list[Damage]:
    """One damage from the first to the last byte that differs, or none."""
    found = bytes(checkpoint.data[begin : begin + len(expected)])
    if found == expected:
        return []
    places = [at for at, pair in enumerate(zip(found, expected)) if pair[0] != pair[1]]
    first, last = begin + places[0], begin + places[-1] + 1
    message = (
        f"{what}, offset {first}: expected {expected[places[0] : places[0] + 8].hex(' ')}, "
        f"found {found[places[0] : places[0] + 8].hex(' ')}"
    )
    return [Damage("index_copy", message, first, last)]


def check_index_copies(checkpoint: Checkpoint) -> list[Damage]:
    footer = checkpoint.walk.footer
    copies = [("A", footer.index_offset), ("B", footer.offset_b)]
    return [each for name, at in copies for each in difference(checkpoint, at, checkpoint.index, f"index copy {name}")]


def check_footers(checkpoint: Checkpoint) -> list[Damage]:
    """Footer B was checked when the file was opened."""
    footer_b = bytes(checkpoint.data[len(checkpoint.data) - FOOTER_NBYTES :])
    return difference(checkpoint, checkpoint.walk.footer.footer_a, footer_b, "footer A")


def padding_ranges(checkpoint: Checkpoint):
    """Section 1 and section 4: all bytes that belong to no part."""
    footer, end = checkpoint.walk.footer, HEADER_NBYTES
    for chunks in checkpoint.walk.chunks:
        for chunk in chunks:
            yield end, chunk.offset
            end = chunk.offset + chunk.stored_nbytes
    yield end, footer.index_offset
    yield footer.index_offset + footer.index_nbytes, footer.footer_a
    yield footer.footer_a + FOOTER_NBYTES, footer.offset_b
    yield footer.offset_b + footer.index_nbytes, footer.offset_b + footer.padded


def check_padding(checkpoint: Checkpoint) -> list[Damage]:
    found = []
    for begin, end in padding_ranges(checkpoint):
        rest = bytes(checkpoint.data[begin:end])
        if rest.strip(b"\0"):
            first = begin + len(rest) - len(rest.lstrip(b"\0"))
            last = begin + len(rest.rstrip(b"\0"))
            message = (
                f"padding, bytes {begin} to {end}: expected zero, found other bytes from {first} to {last}"
            )
            found.append(Damage("padding", message, first, last))
    return found


def check_chunks(checkpoint: Checkpoint) -> list[Damage]:
    found = []
    for chunk in (chunk for chunks in checkpoint.walk.chunks for chunk in chunks):
        try:
            chunk_bytes(checkpoint.data, chunk)
        except Refused as refused:
            found.append(
                Damage(
                    refused.condition,
                    refused.message,
                    chunk.offset,
                    chunk.offset + chunk.stored_nbytes,
                    chunk.storage,
                    chunk.number,
                    paths_over(checkpoint, chunk),
                )
            )
    return found


def paths_over(checkpoint: Checkpoint, chunk: Chunk) -> list[str]:
    """The tensors that extend over a chunk, from their first to their last element."""
    begin = sum(before.raw_nbytes for before in checkpoint.walk.chunks[chunk.storage][: chunk.number])
    end = begin + chunk.raw_nbytes
    paths = tensor_paths(checkpoint.walk)
    return [
        paths[number]
        for number, view in enumerate(checkpoint.walk.views)
        if view.storage == chunk.storage
        and view.extent
        and view.offset < end
        and view.offset + view.extent > begin
    ]


def check_canonical(checkpoint: Checkpoint) -> list[Damage]:
    """Section 10. However far the index departs from the canonical form, it is one damage."""
    if not canonical_form_checked(checkpoint):
        return []
    message = column_departure(checkpoint.walk) or buffer_departure(checkpoint)
    footer = checkpoint.walk.footer
    end = footer.index_offset + footer.index_nbytes
    return [Damage("index_canonical", message, footer.index_offset, end)] if message else []


def buffer_departure(checkpoint: Checkpoint) -> str | None:
    """The bytes of the buffer, where the columns are as they should be."""
    expected = encode_index(checkpoint.walk.columns)
    if expected == checkpoint.index:
        return None
    first = next(
        (at for at, pair in enumerate(zip(expected, checkpoint.index)) if pair[0] != pair[1]),
        min(len(expected), len(checkpoint.index)),
    )
    return (
        f"index, offset {first}: expected {expected[first : first + 8].hex(' ')} of {len(expected)} "
        f"bytes, found {checkpoint.index[first : first + 8].hex(' ')} of {len(checkpoint.index)}"
    )
