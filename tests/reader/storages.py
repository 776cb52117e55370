"""Section 4: storages cut into chunks, and where both lie. It follows from their sizes; nothing of it is stored.

The sizes of a chunk are a pair (raw, stored)."""

from dataclasses import dataclass

from columns import Codec
from conventions import ALIGNMENT_OF_PARTS, CHUNK_NBYTES, round_up
from header import HEADER_NBYTES

LARGE_ALIGNMENT = 4096  # at least, of storages with 1 MiB or more raw bytes


@dataclass(frozen=True)
class Chunk:
    storage: int
    number: int  # within the storage
    offset: int  # in the file
    raw_nbytes: int
    stored_nbytes: int
    stored_checksum: bytes
    raw_checksum: bytes  # the stored one where the chunk is stored raw
    codec: Codec

    @property
    def compressed(self) -> bool:
        return self.stored_nbytes < self.raw_nbytes


@dataclass(frozen=True)
class Place:
    """Where a storage is in the file, from its first chunk to the end of its last one."""

    begin: int
    end: int


NO_ROOM = Place(0, 0)  # of a storage of 0 raw bytes


def chunk_count(nbytes: int) -> int:
    return (nbytes + CHUNK_NBYTES - 1) // CHUNK_NBYTES


def raw_sizes(nbytes: int) -> list[int]:
    return [min(CHUNK_NBYTES, nbytes - at) for at in range(0, nbytes, CHUNK_NBYTES)]


def storage_begin(end: int, nbytes: int, alignment: int) -> int:
    """After the end of what comes before: the header, or the last storage that has bytes."""
    return round_up(end, max(alignment, LARGE_ALIGNMENT) if nbytes >= CHUNK_NBYTES else alignment)


def chunk_offsets(begin: int, sizes: list[tuple[int, int]]) -> list[int]:
    """Where each chunk of a storage begins; the zeros after each but the last fill up to a multiple of 64."""
    offsets, at = [], begin
    for _, stored in sizes:
        offsets.append(round_up(at, ALIGNMENT_OF_PARTS))
        at = offsets[-1] + stored
    return offsets


def place_storages(storages: list[list[tuple[int, int]]], alignment: int) -> list[Place]:
    """One after the other, from the sizes of each one's chunks."""
    places, end = [], HEADER_NBYTES
    for sizes in storages:
        if not sizes:
            places.append(NO_ROOM)
            continue
        begin = storage_begin(end, sum(raw for raw, _ in sizes), alignment)
        end = chunk_offsets(begin, sizes)[-1] + sizes[-1][1]
        places.append(Place(begin, end))
    return places


def end_of(places: list[Place]) -> int:
    """Where the last storage that has bytes ends, or else the header."""
    return max([HEADER_NBYTES] + [place.end for place in places])
