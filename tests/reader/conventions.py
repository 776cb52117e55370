"""Sections 2 and 11 of the specification: checksums, rounding, limits, and how a file is refused."""

import struct
from dataclasses import dataclass

import xxhash

ALIGNMENT_OF_PARTS = 64  # header, chunks, index copies and footers all sit on multiples of this
CHUNK_NBYTES = 1 << 20
CODEC_RAW, CODEC_ZSTD, CODEC_PLANES = range(3)
CODEC_NAMES = {CODEC_RAW: "raw", CODEC_ZSTD: "zstd", CODEC_PLANES: "planes"}
CODEC_PARAMETERS = {CODEC_RAW: [0], CODEC_ZSTD: [0], CODEC_PLANES: [1, 2, 3, 4, 5]}
NO_POSITION = 0xFFFFFFFF


class Refused(Exception):
    """A broken rule. `rule` is its number, if it is one of section 6.5."""

    def __init__(self, code: str, condition: str, message: str):
        super().__init__(f"{code}/{condition}: {message}")
        self.code = code
        self.condition = condition
        self.message = message
        self.rule: int | None = None

    def as_json(self) -> dict:
        return {"code": self.code, "condition": self.condition, "message": self.message}


def refuse(violation: str, message: str) -> None:
    """Refuses with a violation written as the specification does: `code/condition`."""
    code, condition = violation.split("/")
    raise Refused(code, condition, message)


def expect(found, expected, violation: str, where: str) -> None:
    if found != expected:
        refuse(violation, f"{where}: expected {shown(expected)}, found {shown(found)}")


def shown(value) -> str:
    return value.hex(" ") if isinstance(value, (bytes, bytearray)) else repr(value)


@dataclass(frozen=True)
class Limits:
    """Section 11."""

    index_bytes: int = 512 << 20
    tables: int = 65_536
    records: int = 16_777_216
    rank: int = 64
    name_bytes: int = 4096
    depth: int = 64
    total_bytes: int = 1 << 30  # the caller's bound for a contiguous copy (section 11)


DEFAULT_LIMITS = Limits()


def checksum128(data: bytes) -> bytes:
    """XXH's canonical order is what xxhash's digest() gives: high half first, big-endian."""
    return xxhash.xxh3_128_digest(data)


def checksum64(data: bytes) -> bytes:
    return xxhash.xxh3_64_digest(data)


def round_up(number: int, alignment: int) -> int:
    return (number + alignment - 1) // alignment * alignment


def u32(data: bytes, at: int) -> int:
    return struct.unpack_from("<I", data, at)[0]


def u64(data: bytes, at: int) -> int:
    return struct.unpack_from("<Q", data, at)[0]
