"""Section 4.4: chunks of the codec planes, checked and decoded."""

from dataclasses import dataclass

from conventions import refuse

FRAME = "corrupt/codec_frame"
BLOCK_WORDS = 1 << 16
SYMBOLS = 256
LONGEST_CODE_WORD = 15
BLOCK_RAW, BLOCK_PLANES = range(2)
PLANE_ONE_VALUE, PLANE_PACKED, PLANE_CODE = range(3)


@dataclass(frozen=True)
class WordKind:
    nbytes: int
    exponent_bits: int  # 0: a word is a symbol

    @property
    def top_mantissa_bits(self) -> int:
        return 15 - self.exponent_bits


WORD_KINDS = {1: WordKind(1, 0), 2: WordKind(2, 5), 3: WordKind(2, 8), 4: WordKind(4, 8), 5: WordKind(8, 11)}


class Stored:
    """What is left of the stored bytes of a chunk or a block; `where` leads the messages."""

    def __init__(self, data: bytes, where: str):
        self.data, self.where, self.at = data, where, 0

    def take(self, nbytes: int, what: str) -> bytes:
        if nbytes > len(self.data) - self.at:
            left = len(self.data) - self.at
            refuse(FRAME, f"{self.where}, {what} at {self.at}: expected {nbytes} bytes, found {left}")
        self.at += nbytes
        return self.data[self.at - nbytes : self.at]

    def number(self, nbytes: int, what: str) -> int:
        return int.from_bytes(self.take(nbytes, what), "little")

    def at_most(self, found: int, limit: int, what: str) -> int:
        if found > limit:
            refuse(FRAME, f"{self.where}, {what} before {self.at}: expected at most {limit}, found {found}")
        return found

    def end(self, what: str) -> None:
        if self.at != len(self.data):
            refuse(FRAME, f"{self.where}, {what}: expected {self.at} bytes, found {len(self.data)}")


def decode_chunk(stored: bytes, raw_nbytes: int, parameter: int, where: str) -> bytes:
    kind, chunk = WORD_KINDS[parameter], Stored(stored, f"{where}, planes")
    words = raw_nbytes // kind.nbytes
    counts = [min(BLOCK_WORDS, words - first) for first in range(0, words, BLOCK_WORDS)]
    sizes = [chunk.number(4, "size of a block") for _ in counts]
    raw = bytearray()
    for number, (count, size) in enumerate(zip(counts, sizes)):
        block = Stored(chunk.take(size, f"block {number}"), f"{where}, planes, block {number}")
        raw += decode_block(block, count, kind)
    raw += chunk.take(raw_nbytes % kind.nbytes, "bytes after the last word")
    chunk.end("the whole chunk")
    return bytes(raw)


def decode_block(block: Stored, count: int, kind: WordKind) -> bytes:
    form = block.at_most(block.number(1, "form"), BLOCK_PLANES, "form")
    if form == BLOCK_RAW:
        raw = block.take(count * kind.nbytes, "raw bytes")
    elif kind.exponent_bits == 0:
        raw = bytes(decode_plane(block, count, 8, SYMBOLS))
    else:
        raw = decode_words(block, count, kind)
    block.end("the whole block")
    return raw


def decode_words(block: Stored, count: int, kind: WordKind) -> bytes:
    tops = decode_tops(block, count, kind)
    lows = [decode_plane(block, count, 8, SYMBOLS) for _ in range(kind.nbytes - 2)]
    raw = bytearray(count * kind.nbytes)
    for place, plane in enumerate(reversed(lows)):
        raw[place :: kind.nbytes] = bytes(plane)
    raw[kind.nbytes - 2 :: kind.nbytes] = bytes(top & 0xFF for top in tops)
    raw[kind.nbytes - 1 :: kind.nbytes] = bytes(top >> 8 for top in tops)
    return bytes(raw)


def decode_tops(block: Stored, count: int, kind: WordKind) -> list[int]:
    """The 16 highest bits of each word."""
    mantissa_bits = kind.top_mantissa_bits
    in_symbol = block.at_most(block.number(1, "b"), mantissa_bits, "b")
    exponent_set = block.number((1 << kind.exponent_bits) // 8, "exponents")
    exponents = [e for e in range(1 << kind.exponent_bits) if exponent_set >> e & 1]
    rest_bits = block.at_most(1 + mantissa_bits - in_symbol, 8, "bits of a rest")
    if not exponents:
        refuse(FRAME, f"{block.where}, exponents before {block.at}: expected one or more, found none")
    symbols = block.at_most(len(exponents) << in_symbol, SYMBOLS, "number of symbols")
    low = mantissa_bits - in_symbol
    of_symbols = [
        exponents[symbol >> in_symbol] << mantissa_bits | (symbol & (1 << in_symbol) - 1) << low
        for symbol in range(symbols)
    ]
    of_rests = [rest >> low << 15 | rest & (1 << low) - 1 for rest in range(1 << rest_bits)]
    symbol_plane = decode_plane(block, count, 8, symbols)
    rest_plane = decode_plane(block, count, rest_bits, 1 << rest_bits)
    return [of_symbols[symbol] | of_rests[rest] for symbol, rest in zip(symbol_plane, rest_plane)]


def decode_plane(block: Stored, count: int, bits: int, limit: int) -> list[int]:
    """Values of so many bits, each less than `limit`."""
    form = block.at_most(block.number(1, "form of a plane"), PLANE_CODE, "form of a plane")
    if form == PLANE_ONE_VALUE:
        return [block.at_most(block.number(1, "value of a plane"), limit - 1, "value of a plane")] * count
    if form == PLANE_PACKED:
        text = bit_text(block, count * bits, "packed values")
        values = [int(text[at : at + bits][::-1], 2) for at in range(0, count * bits, bits)]
        block.at_most(max(values), limit - 1, "largest packed value")
        return values
    return decode_code(block, count, limit)


def bit_text(block: Stored, nbits: int, what: str) -> str:
    """Bits as characters, in their order. Those after them in the last byte are zero."""
    data = block.take((nbits + 7) // 8, what)
    number = int.from_bytes(data, "little")
    block.at_most(number >> nbits, 0, f"bits after {what}")
    return format(number, f"0{8 * len(data) + 1}b")[::-1][:nbits]


def decode_code(block: Stored, count: int, limit: int) -> list[int]:
    lengths = read_lengths(block, limit)
    if sum(1 << LONGEST_CODE_WORD - length for length in lengths if length) != 1 << LONGEST_CODE_WORD:
        refuse(FRAME, f"{block.where}, lengths before {block.at}: expected those of a complete code, found {lengths}")
    nbits = block.number(4, "number of bits of a code")
    bits = bit_text(block, nbits, "bits of a code")
    tree = Tree(code_words(lengths), bits, block)
    values = tree.decode("", count)
    if tree.at != nbits:
        refuse(FRAME, f"{block.where}, code before {block.at}: expected {tree.at} bits, found {nbits}")
    return values


def read_lengths(block: Stored, limit: int) -> list[int]:
    last = block.at_most(block.number(1, "last"), limit - 1, "last")
    halves = block.take(last // 2 + 1, "lengths of code words")
    lengths = [length for half in halves for length in (half & 15, half >> 4)]
    if lengths[last] == 0:
        refuse(FRAME, f"{block.where}, lengths before {block.at}: expected a code word of {last}, found none")
    block.at_most(sum(lengths[last + 1 :]), 0, "half of a byte after the lengths")
    return lengths


def code_words(lengths: list[int]) -> dict[str, int]:
    """The value of each code word, as characters."""
    words: dict[str, int] = {}
    word = previous = 0
    for length, value in sorted((length, value) for value, length in enumerate(lengths) if length):
        word = word + 1 << length - previous if words else 0
        previous = length
        words[format(word, f"0{length}b")] = value
    return words


class Tree:
    def __init__(self, words: dict[str, int], bits: str, block: Stored):
        self.words, self.bits, self.block, self.at = words, bits, block, 0

    def decode(self, prefix: str, count: int) -> list[int]:
        if prefix in self.words:
            return [self.words[prefix]] * count
        bits = self.bits[self.at : self.at + count]
        if len(bits) != count:
            self.block.at_most(self.at + count, len(self.bits), "bits of the nodes")
        self.at += count
        zeros = iter(self.decode(prefix + "0", bits.count("0")))
        ones = iter(self.decode(prefix + "1", bits.count("1")))
        return [next(ones) if bit == "1" else next(zeros) for bit in bits]
