"""Section 8: first access to a chunk, section 4's zstd frame checked by hand; gathering of tensors."""

import zstandard

from conventions import CHUNK_NBYTES, checksum128, expect, refuse
from opening import Checkpoint
from storages import Chunk
from views import WholeLayout

FRAME_MAGIC = b"\x28\xb5\x2f\xfd"
LARGEST_WINDOW = 1 << 27
BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED, BLOCK_RESERVED = range(4)


def chunk_bytes(data, chunk: Chunk) -> bytes:
    """The raw bytes of a chunk; nothing of them is used before the stored checksum is right."""
    where = f"storage {chunk.storage}, chunk {chunk.number}, offset {chunk.offset}"
    stored = bytes(data[chunk.offset : chunk.offset + chunk.stored_nbytes])
    expect(checksum128(stored), chunk.stored_checksum, "corrupt/chunk_checksum", f"{where}, stored checksum")
    if not chunk.compressed:
        return stored
    check_frame(stored, chunk.raw_nbytes, where)
    raw = decode(stored, chunk.raw_nbytes, where)
    expect(checksum128(raw), chunk.raw_checksum, "corrupt/content_checksum", f"{where}, raw checksum")
    return raw


def decode(frame: bytes, raw_nbytes: int, where: str) -> bytes:
    try:
        raw = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).decompress(frame, raw_nbytes)
    except zstandard.ZstdError as error:
        refuse("corrupt/codec_frame", f"{where}: expected {raw_nbytes} bytes decoded, found: {error}")
    expect(len(raw), raw_nbytes, "corrupt/codec_size", f"{where}, decoded size")
    return raw


def check_frame(frame: bytes, raw_nbytes: int, where: str) -> None:
    """Section 4, in the order of the bytes: magic, descriptor, window, content size, blocks."""
    expect(frame[:4], FRAME_MAGIC, "corrupt/codec_frame", f"{where}, zstd magic")
    if len(frame) < 5:
        refuse("corrupt/codec_frame", f"{where}, zstd frame: expected a header, found {len(frame)} bytes")
    descriptor = frame[4]
    expect(descriptor & 3, 0, "corrupt/codec_frame", f"{where}, zstd dictionary flag")
    expect(descriptor >> 2 & 1, 0, "corrupt/codec_frame", f"{where}, zstd checksum flag")
    expect(descriptor >> 3 & 1, 0, "corrupt/codec_frame", f"{where}, zstd reserved bit")
    single_segment = descriptor >> 5 & 1
    at = 5
    if not single_segment:
        check_window(frame, where)
        at = 6
    at = check_content_size(frame, at, raw_nbytes, where)
    expect(frame_end(frame, at, where), len(frame), "corrupt/codec_frame", f"{where}, end of the zstd frame")


def check_window(frame: bytes, where: str) -> None:
    if len(frame) < 6:
        refuse("corrupt/codec_frame", f"{where}, zstd frame: expected a window, found {len(frame)} bytes")
    base = 1 << (10 + (frame[5] >> 3))
    window = base + base // 8 * (frame[5] & 7)
    if window > LARGEST_WINDOW:
        refuse(
            "corrupt/codec_frame", f"{where}, zstd window: expected at most {LARGEST_WINDOW}, found {window}"
        )


def check_content_size(frame: bytes, at: int, raw_nbytes: int, where: str) -> int:
    """Checks the content size and returns where the blocks begin."""
    flag, single_segment = frame[4] >> 6, frame[4] >> 5 & 1
    nbytes = [single_segment, 2, 4, 8][flag]
    if nbytes == 0:
        refuse("corrupt/codec_size", f"{where}, zstd content size: expected {raw_nbytes}, found none")
    if len(frame) < at + nbytes:
        refuse(
            "corrupt/codec_frame", f"{where}, zstd frame: expected a content size, found {len(frame)} bytes"
        )
    found = int.from_bytes(frame[at : at + nbytes], "little") + (256 if nbytes == 2 else 0)
    expect(found, raw_nbytes, "corrupt/codec_size", f"{where}, zstd content size")
    return at + nbytes


def frame_end(frame: bytes, at: int, where: str) -> int:
    """Follows the block headers to the end of the last block (RFC 8878, 3.1.1.2)."""
    last = False
    while not last:
        if at + 3 > len(frame):
            refuse(
                "corrupt/codec_frame",
                f"{where}, zstd block at {at}: expected a header, found the chunk's end",
            )
        header = int.from_bytes(frame[at : at + 3], "little")
        last, kind, size = header & 1, header >> 1 & 3, header >> 3
        if kind == BLOCK_RESERVED:
            refuse("corrupt/codec_frame", f"{where}, zstd block at {at}: expected type 0 to 2, found 3")
        at += 3 + (1 if kind == BLOCK_RLE else size)
    return at


def storage_bytes(checkpoint: Checkpoint, storage: int, begin: int, end: int) -> bytes:
    """Raw bytes [begin, end) of a storage; reads only the chunks that hold them."""
    if begin == end:
        return b""
    first, last = begin // CHUNK_NBYTES, (end - 1) // CHUNK_NBYTES
    chunks = checkpoint.walk.chunks[storage][first : last + 1]
    raw = b"".join(chunk_bytes(checkpoint.data, chunk) for chunk in chunks)
    return raw[begin - first * CHUNK_NBYTES : end - first * CHUNK_NBYTES]


def tensor_bytes(checkpoint: Checkpoint, number: int) -> bytes:
    """The content of a tensor, contiguous and row-major."""
    view = checkpoint.walk.views[number]
    nbytes, limit = view.elements * view.bits // 8, checkpoint.walk.limits.total_bytes
    if nbytes > limit:  # a stride of 0 lets a few bytes stand for a large tensor (section 12)
        refuse(
            "limit_exceeded/total_bytes", f"tensor {number}: expected at most {limit} bytes, found {nbytes}"
        )
    raw = storage_bytes(checkpoint, view.storage, view.offset, view.offset + view.reach)
    return raw if view.layout.strides is None else gather(view.layout, raw)


def gather(layout: WholeLayout, raw: bytes) -> bytes:
    positions = [0]
    for dim, stride in zip(layout.dims, layout.strides):
        positions = [position + step * stride for position in positions for step in range(dim)]
    element = layout.bits // 8
    return b"".join(raw[position * element : (position + 1) * element] for position in positions)
