#include "codec/zstd_frame.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <milepost/error.hpp>

#include "codec/codec.hpp"

namespace milepost::codec {
namespace {

using Failure = std::optional<DecodeFailure>;
using Bytes = std::span<const std::byte>;

constexpr std::uint64_t kFrameMagic = 0xFD2FB528;
constexpr std::uint64_t kMaxWindow = std::uint64_t{1} << 27U;
constexpr std::uint64_t kMaxBlock = std::uint64_t{128} << 10U;

Failure bad_frame(std::string_view what) noexcept {
    return DecodeFailure{Condition::codec_frame, what};
}

/// A little-endian number of `nbytes` bytes. Requires: they are inside of `bytes`.
std::uint64_t number_at(Bytes bytes, std::size_t at, std::size_t nbytes) noexcept {
    std::uint64_t number = 0;
    for (std::size_t i = nbytes; i > 0; --i)
        number = number << 8U | std::to_integer<std::uint64_t>(bytes[at + i - 1]);
    return number;
}

// RFC 8878, section 3.1.1.1: the frame header.

struct FrameHeader {
    std::uint64_t window = 0;
    std::size_t nbytes = 0;  ///< where the blocks begin
};

Failure read_window(Bytes frame, FrameHeader& header) noexcept {
    if (frame.size() < 6) return bad_frame("zstd frame is cut within its header");
    const auto code = std::to_integer<unsigned>(frame[5]);
    const std::uint64_t base = std::uint64_t{1} << (10U + (code >> 3U));
    header.window = base + base / 8 * (code & 7U);
    header.nbytes = 6;
    if (header.window > kMaxWindow) return bad_frame("zstd frame has a window above 2^27 bytes");
    return std::nullopt;
}

Failure check_descriptor(unsigned descriptor) noexcept {
    if ((descriptor & 0x08U) != 0) return bad_frame("zstd frame header has its reserved bit set");
    if ((descriptor & 0x04U) != 0) return bad_frame("zstd frame has a checksum of its own");
    if ((descriptor & 0x03U) != 0) return bad_frame("zstd frame needs a dictionary");
    return std::nullopt;
}

Failure read_frame_header(Bytes frame, std::uint64_t raw_nbytes, FrameHeader& header) noexcept {
    if (frame.size() < 5 || number_at(frame, 0, 4) != kFrameMagic)
        return bad_frame("stored bytes do not begin with the magic of a zstd frame");
    const auto descriptor = std::to_integer<unsigned>(frame[4]);
    if (auto failure = check_descriptor(descriptor)) return failure;
    const bool is_single_segment = (descriptor & 0x20U) != 0;
    header.nbytes = 5;
    if (!is_single_segment) {
        if (auto failure = read_window(frame, header)) return failure;
    }
    const unsigned size_code = descriptor >> 6U;
    if (size_code == 0 && !is_single_segment)
        return DecodeFailure{Condition::codec_size, "zstd frame has no content size"};
    const std::size_t width = std::size_t{1} << size_code;
    if (frame.size() - header.nbytes < width) return bad_frame("zstd frame is cut within its header");
    const std::uint64_t content = number_at(frame, header.nbytes, width) + (width == 2 ? 256 : 0);
    if (content != raw_nbytes)
        return DecodeFailure{Condition::codec_size, "zstd frame has another content size than the chunk"};
    if (is_single_segment) header.window = content;
    header.nbytes += width;
    return std::nullopt;
}

// Section 3.1.1.3: what a compressed block begins with.

/// Bytes of the literals section, its header included, and the bytes that it regenerates.
struct Literals {
    std::uint64_t nbytes = 0;
    std::uint64_t regenerated = 0;
};

/// Types raw and RLE: a size of 5, 12 or 20 bits.
Failure read_plain_literals(Bytes block, bool is_rle, Literals& literals) noexcept {
    constexpr std::array<std::size_t, 4> kWidth = {1, 2, 1, 3};
    const unsigned format = std::to_integer<unsigned>(block[0]) >> 2U & 3U;
    const std::size_t width = kWidth[format];
    if (block.size() < width) return bad_frame("zstd block is cut within its literals header");
    literals.regenerated = number_at(block, 0, width) >> (width == 1 ? 3U : 4U);
    literals.nbytes = width + (is_rle ? 1 : literals.regenerated);
    return std::nullopt;
}

/// Types compressed and treeless: two sizes of 10, 14 or 18 bits.
Failure read_packed_literals(Bytes block, Literals& literals) noexcept {
    constexpr std::array<std::size_t, 4> kWidth = {3, 3, 4, 5};
    constexpr std::array<unsigned, 4> kBits = {10, 10, 14, 18};
    constexpr std::uint64_t kFewestForFourStreams = 6;
    const unsigned format = std::to_integer<unsigned>(block[0]) >> 2U & 3U;
    if (block.size() < kWidth[format]) return bad_frame("zstd block is cut within its literals header");
    const std::uint64_t sizes = number_at(block, 0, kWidth[format]) >> 4U;
    const std::uint64_t mask = (std::uint64_t{1} << kBits[format]) - 1;
    literals.regenerated = sizes & mask;
    literals.nbytes = kWidth[format] + (sizes >> kBits[format]);
    if (format != 0 && literals.regenerated < kFewestForFourStreams)
        return bad_frame("zstd block has fewer than 6 literals in four streams");
    return std::nullopt;
}

/// The header of the sequences section, which is the rest of the block.
Failure check_sequences(Bytes section) noexcept {
    if (section.empty()) return bad_frame("zstd block has no sequences section");
    const auto first = std::to_integer<unsigned>(section[0]);
    if (first == 0) {
        if (section.size() != 1) return bad_frame("zstd block has bytes after its empty sequences section");
        return std::nullopt;
    }
    const std::size_t width = first < 128 ? 1 : first < 255 ? 2 : 3;
    if (section.size() < width + 1) return bad_frame("zstd block is cut within its sequences header");
    if (first == 128 && section[1] == std::byte{0})
        return bad_frame("zstd block has a number of sequences of 0 in two bytes");
    if ((section[width] & std::byte{3}) != std::byte{0})
        return bad_frame("zstd block has reserved bits in its symbol compression modes");
    return std::nullopt;
}

Failure check_compressed_block(Bytes block, std::uint64_t max_block) noexcept {
    constexpr std::size_t kFewestBytes = 3;
    if (block.size() < kFewestBytes) return bad_frame("zstd block of fewer than 3 compressed bytes");
    const unsigned type = std::to_integer<unsigned>(block[0]) & 3U;
    Literals literals;
    auto failure =
        type < 2 ? read_plain_literals(block, type == 1, literals) : read_packed_literals(block, literals);
    if (failure) return failure;
    if (literals.regenerated > max_block) return bad_frame("zstd block has more literals than a block may");
    if (literals.nbytes > block.size()) return bad_frame("zstd block is cut within its literals");
    return check_sequences(block.subspan(static_cast<std::size_t>(literals.nbytes)));
}

// Section 3.1.1.2: blocks.

enum class BlockType : std::uint8_t { raw, rle, compressed, reserved };

/// Checks the block at `at` and moves `at` to its end.
Failure check_block(Bytes frame, std::uint64_t max_block, std::size_t& at, bool& is_last) noexcept {
    constexpr std::size_t kHeaderNbytes = 3;
    if (frame.size() - at < kHeaderNbytes) return bad_frame("zstd frame is cut within a block header");
    const std::uint64_t header = number_at(frame, at, kHeaderNbytes);
    at += kHeaderNbytes;
    is_last = (header & 1U) != 0;
    const auto type = static_cast<BlockType>(header >> 1U & 3U);
    const std::uint64_t size = header >> 3U;
    if (type == BlockType::reserved) return bad_frame("zstd block has the reserved type");
    if (size > max_block) return bad_frame("zstd block is larger than the frame's blocks may be");
    // A compressed block is smaller than what it regenerates.
    if (type == BlockType::compressed && size == max_block)
        return bad_frame("zstd block is larger than the frame's compressed blocks may be");
    const std::uint64_t nbytes = type == BlockType::rle ? 1 : size;
    if (frame.size() - at < nbytes) return bad_frame("zstd frame is cut within a block");
    const Bytes block = frame.subspan(at, static_cast<std::size_t>(nbytes));
    at += block.size();
    return type == BlockType::compressed ? check_compressed_block(block, max_block) : std::nullopt;
}

}  // namespace

std::optional<DecodeFailure> check_zstd_frame(std::span<const std::byte> frame,
                                              std::uint64_t raw_nbytes) noexcept {
    FrameHeader header;
    if (auto failure = read_frame_header(frame, raw_nbytes, header)) return failure;
    const std::uint64_t max_block = std::min(header.window, kMaxBlock);
    std::size_t at = header.nbytes;
    for (bool is_last = false; !is_last;) {
        if (auto failure = check_block(frame, max_block, at, is_last)) return failure;
    }
    if (at != frame.size()) return bad_frame("zstd frame does not fill the chunk");
    return std::nullopt;
}

}  // namespace milepost::codec
