"""Section 5: the footer, section 1's arithmetic, and section 7's diagnosis of a wrong footer magic."""

import struct
from dataclasses import dataclass

from conventions import Limits, checksum64, checksum128, expect, refuse, round_up, u32, u64

FOOTER_NBYTES = 64
GAP_NBYTES = 4096
MAGIC = b"\x89MLPEND\n"
SEARCH_NBYTES = 1 << 20


@dataclass(frozen=True)
class Footer:
    file_size: int
    index_offset: int
    index_nbytes: int
    index_checksum: bytes

    @property
    def padded(self) -> int:
        return round_up(self.index_nbytes, 64)

    @property
    def footer_a(self) -> int:
        return self.index_offset + self.padded

    @property
    def offset_b(self) -> int:
        return self.index_offset + self.padded + FOOTER_NBYTES + GAP_NBYTES

    @property
    def computed_file_size(self) -> int:
        return self.offset_b + self.padded + FOOTER_NBYTES


def encode_footer(header: bytes, index: bytes, index_offset: int) -> bytes:
    size = Footer(0, index_offset, len(index), b"").computed_file_size
    body = MAGIC + struct.pack("<QQII", size, index_offset, len(index), 0) + checksum128(index) + header[48:56]
    return body + checksum64(body)


def is_whole(raw: bytes) -> bool:
    return len(raw) == FOOTER_NBYTES and raw[:8] == MAGIC and raw[56:] == checksum64(raw[:56])


def read_footer(data) -> Footer:
    """Step 3 of section 7, in its order: magic, checksum, header_checksum, reserved, file_size."""
    size = len(data)
    if size < 128:
        refuse("truncated/no_footer", f"file: expected at least 128 bytes, found {size}")
    at = size - FOOTER_NBYTES
    raw = data[at:size]
    if raw[:8] != MAGIC:
        diagnose_magic(data, raw)
    expect(raw[56:], checksum64(raw[:56]), "corrupt/footer_checksum", f"footer, offset {at + 56}, checksum")
    expect(raw[48:56], data[48:56], "corrupt/footer_header", f"footer, offset {at + 48}, header_checksum")
    expect(u32(raw, 28), 0, "corrupt/reserved", f"footer, offset {at + 28}, reserved")
    check_file_size(u64(raw, 8), size, at)
    return Footer(u64(raw, 8), u64(raw, 16), u32(raw, 24), raw[32:48])


def check_file_size(stored: int, size: int, at: int) -> None:
    if stored != size:
        violation = "truncated/cut" if size < stored else "corrupt/file_size"
        refuse(violation, f"footer, offset {at + 8}, file_size: expected the size {size}, found {stored}")


def check_ranges(footer: Footer, limits: Limits) -> None:
    """Step 4 of section 7: the limit first, then the ranges."""
    nbytes, offset = footer.index_nbytes, footer.index_offset
    if nbytes >= (1 << 31) - 1 or nbytes > limits.index_bytes:
        refuse(
            "limit_exceeded/index_bytes",
            "footer, field offset 24, index_nbytes: expected at most "
            f"{limits.index_bytes} and below 2^31 - 1, found {nbytes}",
        )
    if offset % 64 != 0 or offset < 64:
        refuse(
            "corrupt/index_range",
            "footer, field offset 16, index_offset: expected a multiple of 64, "
            f"not less than 64, found {offset}",
        )
    if nbytes < 8:
        refuse("corrupt/index_range", f"footer, field offset 24, index_nbytes: expected >= 8, found {nbytes}")
    expect(
        footer.computed_file_size,
        footer.file_size,
        "corrupt/index_range",
        "footer, file_size that follows from index_offset and index_nbytes",
    )


def diagnose_magic(data, raw: bytes) -> None:
    at = len(data) - FOOTER_NBYTES
    where = f"footer, offset {at}, magic: expected {MAGIC.hex(' ')}, found {raw[:8].hex(' ')}"
    if is_whole(MAGIC + raw[8:]):
        refuse("corrupt/footer_checksum", f"{where}; with the right magic the checksum is right")
    found = search_back(data)
    if found is None:
        refuse("truncated/no_footer", f"{where}; no footer in the last {SEARCH_NBYTES} bytes")
    file_size = u64(data[found : found + FOOTER_NBYTES], 8)
    where += f"; the footer at offset {found} says file_size {file_size}, the file has {len(data)}"
    if file_size == found + FOOTER_NBYTES:
        refuse("corrupt/trailing_bytes", where)
    if file_size > len(data):
        refuse("truncated/cut", where)
    all_zero = raw == bytes(FOOTER_NBYTES)
    refuse("truncated/no_footer" if all_zero else "corrupt/footer_checksum", where)


def search_back(data) -> int | None:
    """The last footer at a multiple of 64 that begins within the last 1 MiB."""
    size = len(data)
    last = (size - FOOTER_NBYTES) // 64 * 64
    for at in range(last, max(0, size - SEARCH_NBYTES) - 1, -64):
        if data[at : at + 8] == MAGIC:
            raw = data[at : at + FOOTER_NBYTES]
            if is_whole(raw) and raw[48:56] == data[48:56]:
                return at
    return None
