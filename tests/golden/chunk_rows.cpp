#include <algorithm>

#include "golden/rows.hpp"
#include "support/samples.hpp"

// docs/format.md, sections 4.3 and 8: what is found when a chunk is used, its stored checksum being right.
// The frames are written by hand (RFC 8878), so that they do not depend on the version of zstd.
namespace milepost::golden {
namespace {

using Frame = std::vector<unsigned>;

constexpr std::size_t kRawNbytes = 300;  // all zero

/// A tensor of zeros, in one chunk that holds `frame`.
Parts framed(const Frame& frame, std::size_t nbytes = kRawNbytes) {
    const std::vector<std::byte> zeros(nbytes);
    const auto u8 = *find_dtype(Dtype::u8);
    Parts p = parts_of(one_value(TensorView(u8, {nbytes}, StorageView(zeros))), {.codec = Codec::zstd});
    p.storages.clear();
    for (const unsigned byte : frame)
        p.storages.push_back(static_cast<std::byte>(byte));
    p.columns.stored_nbytes = {static_cast<std::uint32_t>(frame.size())};
    p.columns.stored_checksums = {codec::checksum128(p.storages)};
    p.columns.raw_checksums = {codec::checksum128(zeros)};
    return p;
}

Frame joined(std::initializer_list<Frame> parts) {
    Frame frame;
    for (const Frame& part : parts)
        frame.insert(frame.end(), part.begin(), part.end());
    return frame;
}

const Frame kMagic = {0x28, 0xB5, 0x2F, 0xFD};
/// One segment, a content size of two bytes: 300, which is stored less 256.
const Frame kHeader = {0x60, 44, 0};

/// The same for 5000 bytes and a window of 1024.
const Frame kSmallWindow = {0x28, 0xB5, 0x2F, 0xFD, 0x40, 0x00, 0x88, 0x12};

Frame block_header(unsigned type, unsigned size, bool is_last = true) {
    const unsigned header = size << 3U | type << 1U | (is_last ? 1U : 0U);
    return {header & 0xFFU, header >> 8U & 0xFFU, header >> 16U};
}
/// The last block: one byte, repeated `count` times.
Frame repeated(unsigned count, unsigned byte = 0) {
    return joined({block_header(1, count), {byte}});
}

Frame sound() {
    return joined({kMagic, kHeader, repeated(300)});
}
/// A block that is not raw or RLE, the last one.
Frame compressed(const Frame& block) {
    return joined({block_header(2, static_cast<unsigned>(block.size())), block});
}
/// One literal 0 and one sequence that repeats it 299 times; each of the three modes is one symbol.
Frame sequence(unsigned modes = 0x54) {
    return {0x08, 0, 1, modes, 1, 0, 0x2C, 0x28, 1};
}
/// A block of these bytes, then one that repeats a byte 300 times.
Frame then_repeated(const Frame& block) {
    Frame first = compressed(block);
    first[0] &= 0xFEU;
    return joined({kMagic, kHeader, first, repeated(300)});
}
/// A skippable frame of four bytes.
Frame skippable() {
    return {0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
}

constexpr Row kChunkRows[] = {
    {.where = "section 4.3",
     .name = "hand-made-frame",
     .base = [] { return framed(sound()); },
     .expected = "ok",
     .about = "A zstd frame written by hand, one repeated byte: another encoder's choice, and as good."},
    {.where = "section 4.3",
     .name = "frame-magic",
     .base =
         [] {
             return framed(joined({{0x29, 0xB5, 0x2F, 0xFD}, kHeader, repeated(300)}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A compressed chunk with another magic than zstd's."},
    {.where = "section 4.3",
     .name = "frame-legacy",
     .base =
         [] {
             return framed(joined({{0x27, 0xB5, 0x2F, 0xFD}, kHeader, repeated(300)}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "The magic of zstd 0.7, which libraries may still decode."},
    {.where = "section 4.3",
     .name = "frame-short",
     .base =
         [] {
             return framed({0x28, 0xB5, 0x2F});
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-cut",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, {0x63, 0x09}}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-junk-behind",
     .base =
         [] {
             return framed(joined({sound(), {0}}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "One byte after the frame."},
    {.where = "section 4.3",
     .name = "frame-too-many",
     .base =
         [] {
             return framed(joined({sound(), sound()}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-skippable-behind",
     .base =
         [] {
             return framed(joined({sound(), skippable()}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A skippable frame after the frame: room for hidden bytes."},
    {.where = "section 4.3",
     .name = "frame-skippable-first",
     .base =
         [] {
             return framed(joined({skippable(), sound()}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-skippable-only",
     .base = [] { return framed(skippable()); },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-dictionary",
     .base =
         [] {
             return framed(joined({kMagic, {0x61, 7, 44, 0}, repeated(300)}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A frame that wants the dictionary 7."},
    {.where = "section 4.3",
     .name = "frame-checksum",
     .base =
         [] {
             return framed(joined({kMagic, {0x64, 44, 0}, repeated(300), {1, 2, 3, 4}}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-reserved-bit",
     .base =
         [] {
             return framed(joined({kMagic, {0x68, 44, 0}, repeated(300)}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-window",
     .base =
         [] {
             return framed(joined({kMagic, {0x40, 0x89, 44, 0}, repeated(300)}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A window of 2^27 + 2^24 bytes."},
    {.where = "section 4.3",
     .name = "frame-widest-window",
     .base =
         [] {
             return framed(joined({kMagic, {0x40, 0x88, 44, 0}, repeated(300)}));
         },
     .expected = "ok"},
    {.where = "section 4.3",
     .name = "frame-reserved-block",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, {0x67, 0x09, 0, 0}}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-sequence",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, compressed(sequence())}));
         },
     .expected = "ok",
     .about = "A compressed block written by hand: one literal, and one sequence that repeats it."},
    {.where = "section 4.3",
     .name = "frame-reserved-modes",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, compressed(sequence(0x56))}));
         },
     .expected = "verify corrupt/codec_frame",
     .about =
         "The same block with a reserved bit of Symbol_Compression_Modes set: some versions of zstd decode it."},
    {.where = "section 4.3",
     .name = "frame-reserved-modes-low",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, compressed(sequence(0x55))}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-raw-above-window",
     .base =
         [] {
             return framed(joined({kSmallWindow, block_header(0, 1025), Frame(1025, 0)}), 5000);
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-rle-above-window",
     .base =
         [] {
             return framed(joined({kSmallWindow, repeated(5000)}), 5000);
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A block of 5000 bytes in a frame with a window of 1024: some versions of zstd decode it."},
    {.where = "section 4.3",
     .name = "frame-blocks-of-the-window",
     .base =
         [] {
             return framed(joined({kSmallWindow,
                                   block_header(1, 1024, false),
                                   {0},
                                   block_header(1, 1024, false),
                                   {0},
                                   block_header(1, 1024, false),
                                   {0},
                                   block_header(1, 1024, false),
                                   {0},
                                   repeated(904)}),
                           5000);
         },
     .expected = "ok"},
    {.where = "section 4.3",
     .name = "frame-compressed-as-large",
     .base =
         [] {
             return framed(joined({kSmallWindow, block_header(2, 1024), Frame(1024, 0)}), 5000);
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-literals-cut",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, compressed({0x20, 0, 0, 0})}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A compressed block that ends within its literals."},
    {.where = "section 4.3",
     .name = "frame-literals-header-cut",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, compressed({0x0E, 0, 0, 0})}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-literals-too-many",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, compressed({0xD5, 0x12, 0, 0})}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A literals section of 301 bytes in a frame of 300."},
    {.where = "section 4.3",
     .name = "frame-four-streams-of-five",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, compressed({0x56, 0, 0, 0, 0})}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-no-sequences-section",
     .base =
         [] {
             return framed(then_repeated({0x10, 0, 0}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A compressed block of literals alone, without the byte that counts its sequences."},
    {.where = "section 4.3",
     .name = "frame-after-no-sequences",
     .base =
         [] {
             return framed(then_repeated({0x08, 0, 0, 0}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-no-sequences-in-two-bytes",
     .base =
         [] {
             return framed(then_repeated({0x08, 0, 0x80, 0, 0}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A number of sequences of 0 in two bytes: versions of zstd differ on what follows."},
    {.where = "section 4.3",
     .name = "frame-sequences-cut",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, compressed({0x08, 0, 1})}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-sequences-cut-in-count",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, compressed({0x08, 0, 0xFF, 0})}));
         },
     .expected = "verify corrupt/codec_frame"},
    {.where = "section 4.3",
     .name = "frame-block-of-two-bytes",
     .base =
         [] {
             return framed(then_repeated({0, 0}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A compressed block of nothing, in two bytes: versions of zstd differ on it."},

    {.where = "section 8",
     .name = "size-missing",
     .base =
         [] {
             return framed(joined({kMagic, {0x00, 0x20}, repeated(300)}));
         },
     .expected = "verify corrupt/codec_size",
     .about = "A frame without a content size."},
    {.where = "section 8",
     .name = "size-one-less",
     .base =
         [] {
             return framed(joined({kMagic, {0x60, 43, 0}, repeated(299)}));
         },
     .expected = "verify corrupt/codec_size"},
    {.where = "section 8",
     .name = "size-one-more",
     .base =
         [] {
             return framed(joined({kMagic, {0x60, 45, 0}, repeated(301)}));
         },
     .expected = "verify corrupt/codec_size",
     .about = "A frame of 301 bytes in a chunk of 300."},
    {.where = "section 8",
     .name = "size-2-to-63",
     .base =
         [] {
             return framed(joined({kMagic, {0xE0, 0, 0, 0, 0, 0, 0, 0, 0x80}, repeated(300)}));
         },
     .expected = "verify corrupt/codec_size"},
    // What the blocks regenerate is the decoder's to judge.
    {.where = "section 8",
     .name = "decodes-short",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, repeated(299)}));
         },
     .expected = "verify corrupt/codec_frame",
     .about = "A frame that states 300 bytes and holds 299."},
    {.where = "section 8",
     .name = "decodes-long",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, repeated(301)}));
         },
     .expected = "verify corrupt/codec_frame"},

    {.where = "section 8",
     .name = "content-checksum",
     .base =
         [] {
             return framed(joined({kMagic, kHeader, repeated(300, 1)}));
         },
     .expected = "verify corrupt/content_checksum",
     .about = "A sound frame of other bytes than the raw checksum's."},
    {.where = "section 8",
     .name = "raw-checksum-changed",
     .base = [] { return framed(sound()); },
     .edit = [](Parts& p) { p.columns.raw_checksums[0][15] ^= std::byte{1}; },
     .expected = "verify corrupt/content_checksum"},
    {.where = "section 8",
     .name = "chunk-of-another-save",
     .edit = [](Parts& p) { p.at(128, 1)[0] = std::byte{9}; },
     .expected = "verify corrupt/chunk_checksum",
     .about = "One changed byte of a raw storage."},
    {.where = "section 8",
     .name = "frame-changed",
     .base = [] { return framed(sound()); },
     .edit = [](Parts& p) { p.storages.back() = std::byte{1}; },
     .expected = "verify corrupt/chunk_checksum",
     .about = "One changed byte of a compressed chunk."},
    // Who can compute checksums can change bytes: only a signature would tell.
    {.where = "section 12",
     .name = "chunk-resealed",
     .edit =
         [](Parts& p) {
             p.at(128, 1)[0] = std::byte{9};
             p.reseal_chunk(1, 300);
         },
     .expected = "ok"},
};

}  // namespace

std::span<const Row> chunk_rows() {
    return kChunkRows;
}

}  // namespace milepost::golden
