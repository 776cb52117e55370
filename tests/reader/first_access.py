"""Section 8: first access to a chunk; gathering of tensors."""

import zstandard

from conventions import CHUNK_NBYTES, CODEC_PLANES, checksum128, expect, refuse
from opening import Checkpoint
from planes import decode_planes
from storages import Chunk
from views import WholeLayout
from zstd_frame import LARGEST_WINDOW, check_frame


def chunk_bytes(data, chunk: Chunk) -> bytes:
    """The raw bytes of a chunk; nothing of them is used before the stored checksum is right."""
    where = f"storage {chunk.storage}, chunk {chunk.number}, offset {chunk.offset}"
    stored = bytes(data[chunk.offset : chunk.offset + chunk.stored_nbytes])
    expect(checksum128(stored), chunk.stored_checksum, "corrupt/chunk_checksum", f"{where}, stored checksum")
    if not chunk.compressed:
        return stored
    raw = decompressed(stored, chunk, where)
    expect(checksum128(raw), chunk.raw_checksum, "corrupt/content_checksum", f"{where}, raw checksum")
    return raw


def decompressed(stored: bytes, chunk: Chunk, where: str) -> bytes:
    """A chunk of planes is checked while it is decoded, a frame of zstd before that."""
    if chunk.codec.code == CODEC_PLANES:
        return decode_planes(stored, chunk.raw_nbytes, chunk.codec.parameter, where)
    check_frame(stored, chunk.raw_nbytes, where)
    return decode(stored, chunk.raw_nbytes, where)


def decode(frame: bytes, raw_nbytes: int, where: str) -> bytes:
    try:
        raw = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW).decompress(frame, raw_nbytes)
    except zstandard.ZstdError as error:
        refuse("corrupt/codec_frame", f"{where}: expected {raw_nbytes} bytes decoded, found: {error}")
    expect(len(raw), raw_nbytes, "corrupt/codec_size", f"{where}, decoded size")
    return raw


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
    if nbytes > limit:  # a stride of 0 lets a few bytes be a large tensor (section 12)
        refuse(
            "limit_exceeded/total_bytes", f"tensor {number}: expected at most {limit} bytes, found {nbytes}"
        )
    raw = storage_bytes(checkpoint, view.storage, view.offset, view.offset + view.extent)
    return raw if view.layout.strides is None else gather(view.layout, raw)


def gather(layout: WholeLayout, raw: bytes) -> bytes:
    positions = [0]
    for dim, stride in zip(layout.dims, layout.strides):
        positions = [position + step * stride for position in positions for step in range(dim)]
    element = layout.bits // 8
    return b"".join(raw[position * element : (position + 1) * element] for position in positions)
