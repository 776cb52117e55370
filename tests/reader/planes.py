"""Section 4.4: chunks of planes, checked by the rules P1 to P10 and decoded. Each violation is corrupt/codec_frame."""

from dataclasses import dataclass

from conventions import expect, refuse
from zstd_frame import FRAME, Bytes, at_most

BLOCK_WORDS = 65_536
BLOCK_RAW, BLOCK_PLANES = range(2)
PLANE_EQUAL, PLANE_PACKED, PLANE_CODE = range(3)
LARGEST_WIDTH = 8  # bits of a value in a plane
LARGEST_SYMBOLS = 256  # values of plane 1
FEWEST_CODE_WORDS = 2
WHOLE_CODE = 1 << 15  # the sum over all code words of 2^(15 - length): 15 is the largest length
BITS = [bytes(byte >> j & 1 for j in range(8)) for byte in range(256)]


@dataclass(frozen=True)
class Word:
    """The words of a parameter: W and E. Words of one byte have no exponent."""

    nbytes: int
    exponent_bits: int = 0

    @property
    def top_bits(self) -> int:
        """T: the mantissa bits in the 16 highest bits."""
        return 15 - self.exponent_bits


WORDS = {1: Word(1), 2: Word(2, 5), 3: Word(2, 8), 4: Word(4, 8), 5: Word(8, 11)}


def decode_planes(stored: bytes, raw_nbytes: int, parameter: int, where: str) -> bytes:
    """The raw bytes of a compressed chunk."""
    chunk, word = Bytes(stored, f"{where}, planes"), WORDS[parameter]
    words, rest = divmod(raw_nbytes, word.nbytes)
    counts = [min(BLOCK_WORDS, words - at) for at in range(0, words, BLOCK_WORDS)]
    sizes = [chunk.number(4, f"size of block {i}") for i in range(len(counts))]
    parts = f"{chunk.where}, size of the chunk: {len(sizes)} sizes, blocks of {sum(sizes)} bytes, {rest} bytes after"
    expect(len(stored), chunk.at + sum(sizes) + rest, FRAME, parts)
    raw = bytearray()
    for i, (count, size) in enumerate(zip(counts, sizes)):
        block = f"{chunk.where}, block {i} at {chunk.at}"
        raw += decode_block(Bytes(chunk.take(size, "block"), block), count, word)
    return bytes(raw) + chunk.rest


def decode_block(block: Bytes, count: int, word: Word) -> bytes:
    form = read_form(block, BLOCK_PLANES)
    if form == BLOCK_RAW:
        expect(len(block.rest), count * word.nbytes, FRAME, f"{block.where}, raw bytes at {block.at}")
        return block.rest
    raw = decode_top(block, count, word) if word.exponent_bits else decode_plane(block, 1, count, 8, 256)
    expect(len(block.data), block.at, FRAME, f"{block.where}, its size where the last plane ends at {block.at}")
    return raw


def read_form(part: Bytes, largest: int, what: str = "form") -> int:
    """P2 and P6."""
    at, form = part.at, part.number(1, what)
    at_most(form, largest, f"{part.where}, {what} at {at}")
    return form


def decode_top(block: Bytes, count: int, word: Word) -> bytes:
    """A block with exponents: the two planes of the 16 highest bits, and a plane for each byte below them."""
    b = read_split(block, word)
    exponents = read_exponents(block, word, b)
    width = 1 + word.top_bits - b
    symbols = decode_plane(block, 1, count, 8, len(exponents) << b)
    others = decode_plane(block, 2, count, width, 1 << width)
    raw = bytearray(count * word.nbytes)
    high, low = join_top(symbols, others, exponents, word.top_bits, b)
    raw[word.nbytes - 1 :: word.nbytes] = high
    raw[word.nbytes - 2 :: word.nbytes] = low
    for number in range(3, word.nbytes + 1):
        raw[word.nbytes - number :: word.nbytes] = decode_plane(block, number, count, 8, 256)
    return bytes(raw)


def read_split(block: Bytes, word: Word) -> int:
    """P5: b, the number of mantissa bits in a symbol."""
    where = f"{block.where}, b at {block.at}"
    b = block.number(1, "b")
    at_most(b, word.top_bits, where)
    width = 1 + word.top_bits - b
    at_most(width, LARGEST_WIDTH, f"{where}: {b}, which gives plane 2 a width")
    return b


def read_exponents(block: Bytes, word: Word, b: int) -> list[int]:
    """P5: the exponents that words of the block have, ascending."""
    where = f"{block.where}, exponents at {block.at}"
    listed = bits_of(block.take((1 << word.exponent_bits) // 8, "exponents"))
    exponents = [exponent for exponent, bit in enumerate(listed) if bit]
    if not exponents:
        refuse(FRAME, f"{where}: expected at least one, found none")
    at_most(len(exponents) << b, LARGEST_SYMBOLS, f"{where}: {len(exponents)} and b {b}, number of symbols")
    return exponents


def join_top(symbols: bytes, others: bytes, exponents: list[int], top_bits: int, b: int) -> tuple[bytes, bytes]:
    """The highest byte of each word, and the one below it."""
    left = top_bits - b
    by_symbol = [exponents[symbol >> b] << top_bits | (symbol & (1 << b) - 1) << left
                 for symbol in range(len(exponents) << b)]  # fmt: skip
    by_other = [(other >> left) << 15 | other & (1 << left) - 1 for other in range(2 << left)]
    high = either(mapped(symbols, by_symbol, 8), mapped(others, by_other, 8))
    return high, either(mapped(symbols, by_symbol, 0), mapped(others, by_other, 0))


def mapped(values: bytes, table: list[int], shift: int) -> bytes:
    return values.translate(bytes(entry >> shift & 0xFF for entry in table).ljust(256, b"\0"))


def either(one: bytes, other: bytes) -> bytes:
    """Bitwise or."""
    both = int.from_bytes(one, "little") | int.from_bytes(other, "little")
    return both.to_bytes(len(one), "little")


def decode_plane(block: Bytes, number: int, count: int, width: int, bound: int) -> bytes:
    """Returns the values of a plane, a byte for each; P7: they are less than `bound`."""
    what = f"plane {number}"
    form = read_form(block, PLANE_CODE, f"form of {what}")
    if form == PLANE_CODE:
        return decode_code(block, what, count, bound)
    where = f"{block.where}, {what} at {block.at}"
    if form == PLANE_EQUAL:
        values = block.take(1, what) * count
    else:
        values = read_packed(block, what, count, width)
    at_most(max(values), bound - 1, f"{where}, its largest value")
    return values


def read_packed(block: Bytes, what: str, count: int, width: int) -> bytes:
    """Value i is bits i * width to i * width + width - 1, the lowest first."""
    bits = read_bits(block, f"values of {what}", count * width)
    values = 0
    for place in range(width):
        values |= int.from_bytes(bits[place::width], "little") << place
    return values.to_bytes(count, "little")


def read_bits(block: Bytes, what: str, nbits: int) -> bytes:
    """Returns a byte of 0 or 1 for each bit; P8: the bits after them are zero."""
    where = f"{block.where}, {what} at {block.at}"
    bits = bits_of(block.take((nbits + 7) // 8, what))
    expect(sum(bits[nbits:]), 0, FRAME, f"{where}, bits set after the last of {nbits} bits")
    return bits[:nbits]


def bits_of(data: bytes) -> bytes:
    """Bit j is bit (j mod 8) of byte floor(j / 8)."""
    return b"".join(map(BITS.__getitem__, data))


def decode_code(block: Bytes, what: str, count: int, bound: int) -> bytes:
    words = code_words(read_lengths(block, what, bound))
    nbits = block.number(4, f"number of bits of {what}")
    where = f"{block.where}, bits of {what} at {block.at}"
    nodes = Nodes(read_bits(block, f"bits of {what}", nbits), words, where)
    values = nodes.decode("", count)
    expect(nbits, nodes.at, FRAME, f"{where}, number of bits where the nodes have {nodes.at}")
    return values


def read_lengths(block: Bytes, what: str, bound: int) -> dict[int, int]:
    """Each value that has a code word with the length of it: P7 to P9."""
    at, last = block.at, block.number(1, f"last value of {what}")
    at_most(last, bound - 1, f"{block.where}, last value of {what} at {at}")
    where = f"{block.where}, lengths of {what} at {block.at}"
    packed = block.take((last + 2) // 2, f"lengths of {what}")
    lengths = [half for byte in packed for half in (byte & 15, byte >> 4)]
    expect(lengths[last + 1 :], [0] * (1 - last % 2), FRAME, f"{where}, the half byte after the last")
    if lengths[last] == 0:
        refuse(FRAME, f"{where}, length of the last value {last}: expected 1 to 15, found 0")
    found = {value: length for value, length in enumerate(lengths) if length}
    if len(found) < FEWEST_CODE_WORDS:
        refuse(FRAME, f"{where}: expected at least {FEWEST_CODE_WORDS} code words, found {len(found)}")
    total = sum(WHOLE_CODE >> length for length in found.values())
    expect(total, WHOLE_CODE, FRAME, f"{where}, sum of 2^(15 - length)")
    return found


def code_words(lengths: dict[int, int]) -> dict[str, int]:
    """Code words as text of 0 and 1, each with its value."""
    words, word, before = {}, -1, 0
    for length, value in sorted((length, value) for value, length in lengths.items()):
        word = word + 1 << length - before
        before = length
        words[format(word, f"0{length}b")] = value
    return words


class Nodes:
    """The tree of a code, from its root down. The depth of the recursion is at most the largest length, 15."""

    def __init__(self, bits: bytes, words: dict[str, int], where: str):
        self.bits, self.words, self.where, self.at = bits, words, where, 0

    def decode(self, prefix: str, count: int) -> bytes:
        """The list of a node, or of a code word, which has `count` values."""
        if prefix in self.words:
            return bytes([self.words[prefix]]) * count
        bits = self.take(prefix, count)
        ones = bits.count(1)
        lists = iter(self.decode(prefix + "0", count - ones)), iter(self.decode(prefix + "1", ones))
        return bytes(map(next, map(lists.__getitem__, bits)))

    def take(self, prefix: str, count: int) -> bytes:
        """P10."""
        left = len(self.bits) - self.at
        if count > left:
            refuse(FRAME, f"{self.where}, node '{prefix}' at bit {self.at}: expected {count} bits, found {left}")
        self.at += count
        return self.bits[self.at - count : self.at]
