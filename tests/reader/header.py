"""Section 3: the header, and section 7's diagnosis of a wrong header magic."""

import struct
from dataclasses import dataclass

import footer
from conventions import checksum128, expect, refuse, u32, u64

HEADER_NBYTES = 64
MAGIC = b"\x89MLP\r\n\x1a\n"
FORMAT_VERSION = 0
SMALLEST_ALIGNMENT, LARGEST_ALIGNMENT = 64, 2_097_152

# What a text-mode transfer makes of the magic (section 7, diagnosis).
TEXT_MODE_MAGICS = {
    "the high bits were cleared": bytes(byte & 0x7F for byte in MAGIC),
    "CR LF became LF": MAGIC.replace(b"\r\n", b"\n"),
    "LF became CR LF": MAGIC.replace(b"\n", b"\r\n"),
    "LF became CR LF where it was not one": MAGIC.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "bytes above 7F became UTF-8": MAGIC.decode("latin-1").encode("utf-8"),
}
LOOKS_LIKE = {
    b"PK\x03\x04": "a zip archive (torch.save writes one)",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"GGUF": "a GGUF file",
    b"\x1f\x8b": "a gzip file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\x80": "a Python pickle",
    b"{": "JSON text",
}


@dataclass(frozen=True)
class Header:
    format_version: int
    alignment: int
    required_flags: int
    optional_flags: int
    checksum: bytes


def encode_header(alignment: int, optional_flags: int = 0) -> bytes:
    body = MAGIC + struct.pack("<IIQQ", FORMAT_VERSION, alignment, 0, optional_flags) + bytes(16)
    return body + checksum128(body)


def read_header(data) -> Header:
    """Step 2 of section 7, in its order: magic, checksum, version, required flags, reserved, alignment."""
    raw = data[:HEADER_NBYTES]
    if raw[:8] != MAGIC:
        diagnose_magic(data)
    expect(raw[48:64], checksum128(raw[:48]), "corrupt/header_checksum", "header, offset 48, checksum")
    expect(u32(raw, 8), FORMAT_VERSION, "unsupported/version", "header, offset 8, format_version")
    expect(u64(raw, 16), 0, "unsupported/required_flag", "header, offset 16, required_flags")
    expect(raw[32:48], bytes(16), "corrupt/reserved", "header, offset 32, reserved")
    check_alignment(u32(raw, 12))
    return Header(u32(raw, 8), u32(raw, 12), u64(raw, 16), u64(raw, 24), raw[48:64])


def check_alignment(alignment: int) -> None:
    power_of_two = alignment & (alignment - 1) == 0
    if not power_of_two or not SMALLEST_ALIGNMENT <= alignment <= LARGEST_ALIGNMENT:
        refuse(
            "corrupt/alignment",
            "header, offset 12, alignment: expected a power of two from "
            f"{SMALLEST_ALIGNMENT} to {LARGEST_ALIGNMENT}, found {alignment}",
        )


def diagnose_magic(data) -> None:
    last = data[len(data) - footer.FOOTER_NBYTES :]
    if footer.is_whole(last) and u64(last, 8) == len(data):
        refuse(
            "corrupt/header_checksum",
            f"header, offset 0, magic: expected {MAGIC.hex(' ')}, found "
            f"{data[:8].hex(' ')}; the file ends with a valid footer",
        )
    for what, magic in TEXT_MODE_MAGICS.items():
        if data[: len(magic)] == magic:
            refuse("corrupt/text_mode", f"header, offset 0, magic: {what}, found {magic.hex(' ')}")
    refuse(
        "not_a_checkpoint/magic",
        f"header, offset 0, magic: expected {MAGIC.hex(' ')}, found "
        f"{data[:8].hex(' ')}; the file looks like {likeness(data[:16])}",
    )


def likeness(beginning: bytes) -> str:
    for magic, name in LOOKS_LIKE.items():
        if beginning.startswith(magic):
            return name
    return "no format known here"
