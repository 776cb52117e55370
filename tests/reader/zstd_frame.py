"""Section 4.3: the structure of a zstd frame, checked by hand in the order of its bytes, before it is decoded."""

from conventions import expect, refuse

MAGIC = b"\x28\xb5\x2f\xfd"
LARGEST_WINDOW = 1 << 27
LARGEST_BLOCK = 128 << 10
FEWEST_COMPRESSED_BYTES = 3
FEWEST_LITERALS_OF_FOUR_STREAMS = 6
BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED, BLOCK_RESERVED = range(4)
LITERALS_RAW, LITERALS_RLE, LITERALS_COMPRESSED, LITERALS_TREELESS = range(4)
FRAME, SIZE = "corrupt/codec_frame", "corrupt/codec_size"


class Bytes:
    """Reads little-endian numbers; refuses to read past the end."""

    def __init__(self, data: bytes, where: str):
        self.data, self.where, self.at = data, where, 0

    def number(self, nbytes: int, what: str) -> int:
        return int.from_bytes(self.take(nbytes, what), "little")

    def take(self, nbytes: int, what: str) -> bytes:
        if self.at + nbytes > len(self.data):
            left = len(self.data) - self.at
            refuse(FRAME, f"{self.where}, {what} at {self.at}: expected {nbytes} bytes, found {left}")
        self.at += nbytes
        return self.data[self.at - nbytes : self.at]

    @property
    def rest(self) -> bytes:
        return self.data[self.at :]


def check_frame(stored: bytes, raw_nbytes: int, where: str) -> None:
    frame = Bytes(stored, f"{where}, zstd frame")
    largest = min(read_header(frame, raw_nbytes), LARGEST_BLOCK)
    last = False
    while not last:
        last = check_block(frame, largest)
    expect(frame.at, len(stored), FRAME, f"{frame.where}, its end")


def read_header(frame: Bytes, raw_nbytes: int) -> int:
    """Checks the frame header and returns the window."""
    expect(frame.take(4, "magic"), MAGIC, FRAME, f"{frame.where}, magic")
    descriptor = frame.number(1, "descriptor")
    expect(descriptor & 3, 0, FRAME, f"{frame.where}, dictionary flag")
    expect(descriptor >> 2 & 1, 0, FRAME, f"{frame.where}, checksum flag")
    expect(descriptor >> 3 & 1, 0, FRAME, f"{frame.where}, reserved bit")
    single_segment = descriptor >> 5 & 1
    window = None if single_segment else read_window(frame)
    nbytes = [single_segment, 2, 4, 8][descriptor >> 6]
    if nbytes == 0:
        refuse(SIZE, f"{frame.where}, content size: expected {raw_nbytes}, found none")
    found = frame.number(nbytes, "content size") + (256 if nbytes == 2 else 0)
    expect(found, raw_nbytes, SIZE, f"{frame.where}, content size")
    return found if window is None else window


def read_window(frame: Bytes) -> int:
    code = frame.number(1, "window")
    base = 1 << (10 + (code >> 3))
    window = base + base // 8 * (code & 7)
    at_most(window, LARGEST_WINDOW, f"{frame.where}, window")
    return window


def check_block(frame: Bytes, largest: int) -> bool:
    """RFC 8878, 3.1.1.2. Returns whether the block is the last one."""
    where = f"{frame.where}, block at {frame.at}"
    header = frame.number(3, "block header")
    last, kind, size = header & 1, header >> 1 & 3, header >> 3
    if kind == BLOCK_RESERVED:
        refuse(FRAME, f"{where}: expected type 0 to 2, found 3")
    # A compressed block is smaller than what it regenerates.
    at_most(size, largest - 1 if kind == BLOCK_COMPRESSED else largest, f"{where}, size")
    content = frame.take(1 if kind == BLOCK_RLE else size, "block")
    if kind == BLOCK_COMPRESSED:
        check_compressed(content, largest, where)
    return bool(last)


def check_compressed(content: bytes, largest: int, where: str) -> None:
    if len(content) < FEWEST_COMPRESSED_BYTES:
        refuse(FRAME, f"{where}: expected at least {FEWEST_COMPRESSED_BYTES} bytes, found {len(content)}")
    block = Bytes(content, where)
    kind = content[0] & 3
    regenerated, nbytes = plain_literals(block) if kind < LITERALS_COMPRESSED else packed_literals(block)
    at_most(regenerated, largest, f"{where}, literals")
    block.take(nbytes, "literals")
    check_sequences(Bytes(block.rest, where))


def plain_literals(block: Bytes) -> tuple[int, int]:
    """Raw and RLE: how many literals, and the bytes after the section's header."""
    kind, size_format = block.data[0] & 3, block.data[0] >> 2 & 3
    nbytes = [1, 2, 1, 3][size_format]
    regenerated = block.number(nbytes, "literals header") >> (3 if nbytes == 1 else 4)
    return regenerated, 1 if kind == LITERALS_RLE else regenerated


def packed_literals(block: Bytes) -> tuple[int, int]:
    """Compressed and treeless: the same."""
    size_format = block.data[0] >> 2 & 3
    nbytes, bits = [(3, 10), (3, 10), (4, 14), (5, 18)][size_format]
    sizes = block.number(nbytes, "literals header") >> 4
    regenerated, compressed = sizes & (1 << bits) - 1, sizes >> bits
    if size_format and regenerated < FEWEST_LITERALS_OF_FOUR_STREAMS:
        refuse(FRAME, f"{block.where}: expected at least 6 literals in four streams, found {regenerated}")
    return regenerated, compressed


def check_sequences(section: Bytes) -> None:
    first = section.number(1, "sequences header")
    if first == 0:
        expect(len(section.data), 1, FRAME, f"{section.where}, size of a sequences section without sequences")
        return
    if first >= 128:
        second = section.number(2 if first == 255 else 1, "sequences header")
        if first == 128 and second == 0:
            refuse(FRAME, f"{section.where}: expected 0 sequences as one byte 00, found 80 00")
    modes = section.number(1, "symbol compression modes")
    expect(modes & 3, 0, FRAME, f"{section.where}, reserved bits of the symbol compression modes")


def at_most(found: int, largest: int, where: str) -> None:
    if found > largest:
        refuse(FRAME, f"{where}: expected at most {largest}, found {found}")
