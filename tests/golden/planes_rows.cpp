#include <algorithm>
#include <bit>

#include "golden/rows.hpp"
#include "support/samples.hpp"

// docs/format.md, section 4.4: what is found when a chunk of planes is used, its stored checksum being right.
namespace milepost::golden {
namespace {

using Numbers = std::vector<unsigned>;

constexpr std::size_t kWords = 100;

/// A tensor of 100 words of bf16, all of them 0x3200 (exponent 100), in a chunk of these bytes.
Parts chunk_of(const Numbers& stored, std::size_t nbytes = 2 * kWords) {
    static const std::vector<std::uint16_t> words(kWords, 0x3200);
    const auto raw = std::as_bytes(std::span(words)).first(nbytes);
    const auto u8 = *find_dtype(Dtype::u8);
    Parts p = parts_of(one_value(TensorView(u8, {nbytes}, StorageView(raw))), {.codec = Codec::zstd});
    p.columns.storage_codecs = {{static_cast<std::uint8_t>(Codec::planes), 3}};
    p.storages.clear();
    for (const unsigned byte : stored)
        p.storages.push_back(static_cast<std::byte>(byte));
    p.columns.stored_nbytes = {static_cast<std::uint32_t>(stored.size())};
    p.columns.stored_checksums = {codec::checksum128(p.storages)};
    p.columns.raw_checksums = {codec::checksum128(raw)};
    return p;
}

Numbers operator+(Numbers a, const Numbers& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// The chunk of one block: its size, then its bytes.
Parts block_of(const Numbers& block) {
    const auto nbytes = static_cast<unsigned>(block.size());
    return chunk_of(Numbers{nbytes & 0xFFU, nbytes >> 8U, 0, 0} + block);
}

/// Form 1, mantissa bits in a symbol, and the exponents 100, 101, 102.
Numbers head(unsigned mantissa_bits = 0, unsigned exponents = 0x70) {
    Numbers head(34, 0);
    head[0] = 1;
    head[1] = mantissa_bits;
    head[2 + 100 / 8] = exponents;
    return head;
}

/// A code of the values 0 and 2, of one bit each, and all values 0.
Numbers code(unsigned nbits = kWords, unsigned last_byte = 0, Numbers lengths = {2, 0x01, 0x01}) {
    Numbers code = Numbers{2} + lengths + Numbers{nbits, 0, 0, 0} + Numbers((nbits + 7) / 8, 0);
    code.back() = last_byte;
    return code;
}

const Numbers kZeros = {0, 0};

constexpr Row kPlanesRows[] = {
    {.where = "section 4.4",
     .name = "planes-one-value",
     .base = [] { return block_of(head() + kZeros + kZeros); },
     .expected = "ok",
     .about = "A chunk of planes written by hand: symbols and rests are one value each."},
    {.where = "section 4.4",
     .name = "planes-code",
     .base = [] { return block_of(head() + code() + kZeros); },
     .expected = "ok",
     .about = "The symbols are a code; the exponents 101 and 102 do not occur."},
    {.where = "section 4.4",
     .name = "planes-packed",
     .base = [] { return block_of(head(6, 0x10) + kZeros + Numbers{1} + Numbers(25, 0)); },
     .expected = "ok",
     .about = "Six mantissa bits in a symbol; the rests, of two bits, are packed."},
    {.where = "section 4.4, P1",
     .name = "planes-sizes-cut",
     .base =
         [] {
             return chunk_of({2, 0, 0});
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P1",
     .name = "planes-block-cut",
     .base =
         [] {
             return chunk_of(Numbers{39, 0, 0, 0} + head() + kZeros + kZeros);
         },
     .expected = "verify corrupt/codec_frame",
     .about = "The size of a block is larger than what is left of the chunk."},
    {.where = "section 4.4, P1",
     .name = "planes-bytes-after-blocks",
     .base =
         [] {
             return chunk_of(Numbers{38, 0, 0, 0} + head() + kZeros + kZeros + Numbers{0});
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P1",
     .name = "planes-half-a-word",
     .base =
         [] {
             return chunk_of(Numbers{38, 0, 0, 0} + head() + kZeros + kZeros + Numbers{0}, 199);
         },
     .expected = "ok",
     .about = "99 words and a byte, which is stored as it is."},
    {.where = "section 4.4, P1",
     .name = "planes-no-half-word",
     .base =
         [] {
             return chunk_of(Numbers{38, 0, 0, 0} + head() + kZeros + kZeros, 199);
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P2",
     .name = "planes-form-of-block",
     .base = [] { return block_of(Numbers{2} + head() + kZeros + kZeros); },
     .expected = "verify corrupt/codec_frame",
     .about = "A block of form 2."},
    {.where = "section 4.4, P2",
     .name = "planes-empty-block",
     .base = [] { return block_of({}); },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P3",
     .name = "planes-raw-block-cut",
     .base = [] { return block_of(Numbers(150, 0)); },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P4",
     .name = "planes-exponents-cut",
     .base = [] { return block_of(Numbers(20, 1)); },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P4",
     .name = "planes-plane-missing",
     .base = [] { return block_of(head() + kZeros); },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P4",
     .name = "planes-plane-too-many",
     .base = [] { return block_of(head() + kZeros + kZeros + kZeros); },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P5",
     .name = "planes-mantissa-bits",
     .base = [] { return block_of(head(8, 0x10) + kZeros + kZeros); },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P5",
     .name = "planes-no-exponent",
     .base = [] { return block_of(head(0, 0) + kZeros + kZeros); },
     .expected = "verify corrupt/codec_frame",
     .about = "A block whose words have no exponent."},
    {.where = "section 4.4, P5",
     .name = "planes-symbols-384",
     .base = [] { return block_of(head(7) + kZeros + kZeros); },
     .expected = "verify corrupt/codec_frame",
     .about = "Three exponents and seven mantissa bits in a symbol: 384 symbols."},
    {.where = "section 4.4, P6",
     .name = "planes-form-of-plane",
     .base =
         [] {
             return block_of(head() + Numbers{3, 0} + kZeros);
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A plane of form 3."},
    {.where = "section 4.4, P7",
     .name = "planes-value-of-symbols",
     .base =
         [] {
             return block_of(head() + Numbers{0, 3} + kZeros);
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A symbol of an exponent that the block does not have."},
    {.where = "section 4.4, P7",
     .name = "planes-value-of-rests",
     .base =
         [] {
             return block_of(head(2) + kZeros + Numbers{0, 64});
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P7",
     .name = "planes-packed-symbol",
     .base = [] { return block_of(head() + Numbers{1} + Numbers(99, 0) + Numbers{3} + kZeros); },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P7",
     .name = "planes-code-of-too-many",
     .base =
         [] {
             return block_of(head() + code(kWords, 0, {3, 0x01, 0x10}) + kZeros);
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P8",
     .name = "planes-spare-bits-packed",
     .base =
         [] {
             return chunk_of(Numbers{61, 0, 0, 0} + head(6, 0x10) + kZeros + Numbers{1} + Numbers(24, 0) +
                                 Numbers{0x40} + Numbers{0},
                             199);
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P8",
     .name = "planes-spare-bits-code",
     .base = [] { return block_of(head() + code(kWords, 0x10) + kZeros); },
     .expected = "verify corrupt/codec_frame",
     .about = "A bit after those of a code is 1."},
    {.where = "section 4.4, P8",
     .name = "planes-spare-length",
     .base =
         [] {
             return block_of(head() + code(kWords, 0, {2, 0x01, 0x11}) + kZeros);
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P9",
     .name = "planes-last-without-word",
     .base =
         [] {
             return block_of(head() + code(kWords, 0, {2, 0x11, 0x00}) + kZeros);
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P9",
     .name = "planes-code-of-one",
     .base =
         [] {
             return block_of(head() + code(kWords, 0, {0, 0x01}) + kZeros);
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.4, P9",
     .name = "planes-code-incomplete",
     .base =
         [] {
             return block_of(head() + code(kWords, 0, {2, 0x01, 0x02}) + kZeros);
         },
     .expected = "verify corrupt/codec_frame",
     .about = "Lengths 1 and 2: a code word is left over."},
    {.where = "section 4.4, P9",
     .name = "planes-code-overfull",
     .base =
         [] {
             return block_of(head() + code(kWords, 0, {2, 0x11, 0x01}) + kZeros);
         },
     .expected = "verify corrupt/codec_frame",
     .about = "Lengths 1, 1 and 1."},
    {.where = "section 4.4, P10",
     .name = "planes-bits-missing",
     .base = [] { return block_of(head() + code(kWords - 1) + kZeros); },
     .expected = "verify corrupt/codec_frame",
     .about = "The root has 100 values, and the code 99 bits."},
    {.where = "section 4.4, P10",
     .name = "planes-bits-too-many",
     .base = [] { return block_of(head() + code(kWords + 1) + kZeros); },
     .expected = "verify corrupt/codec_frame"},
};

}  // namespace

std::span<const Row> planes_rows() {
    return kPlanesRows;
}

}  // namespace milepost::golden
