#include "codec/planes_codec.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>

#include "base/little_endian.hpp"
#include "codec/codec.hpp"
#include "codec/huffman.hpp"
#include "codec/list_code.hpp"
#include "codec/plane.hpp"
#include "codec/word_planes.hpp"

namespace milepost::codec {
namespace {

using Bytes = std::span<const std::byte>;
using Size = std::uint32_t;

constexpr std::size_t kMaxSymbols = 256;
constexpr unsigned kSymbolBits = 8;
constexpr unsigned kMaxRestBits = 8;

// Forms of a block.
constexpr unsigned kRawBlock = 0;
constexpr unsigned kPlanesBlock = 1;

/// How a chunk is cut.
struct ChunkShape {
    ChunkShape(const WordKind& kind, std::size_t raw_nbytes) noexcept
        : words(raw_nbytes / kind.nbytes),
          blocks((words + kBlockWords - 1) / kBlockWords),
          tail_nbytes(raw_nbytes % kind.nbytes) {}

    /// Raw bytes of a block.
    [[nodiscard]] std::size_t block_nbytes(const WordKind& kind, std::size_t block) const noexcept {
        return std::min(kBlockWords, words - block * kBlockWords) * kind.nbytes;
    }

    std::size_t words;
    std::size_t blocks;
    std::size_t tail_nbytes;
};

PlaneShape plane_shape(const WordCut& cut, std::size_t plane, std::size_t count) noexcept {
    return {count, plane == 1 ? cut.rest_bits() : kSymbolBits};
}

std::size_t exponent_set_nbytes(const WordKind& kind) noexcept {
    return (std::size_t{1} << kind.exponent_bits) / 8;
}

/// The memory of an encoder or a decoder for one block.
struct Workspace {
    explicit Workspace(const WordKind& of) : kind(of), planes(of.nbytes) {}

    const WordKind& kind;
    Planes planes;
    TopBuffer tops;
    ListCoder coder;
};

class PlanesEncoder final : public Encoder {
public:
    explicit PlanesEncoder(const EncoderOptions& options)
        : work_(*find_word_kind(options.parameter)),
          mantissa_bits_(options.smallest ? 2 : 0),
          block_(1 + 1 + exponent_set_nbytes(work_.kind) +
                 work_.kind.nbytes * (plane_bound({kBlockWords, kSymbolBits}) + 1)) {}

    std::size_t encode(Bytes raw, std::span<std::byte> to) noexcept override {
        const ChunkShape shape(work_.kind, raw.size());
        std::size_t at = shape.blocks * sizeof(Size);
        for (std::size_t i = 0; i < shape.blocks; ++i) {
            const Bytes words =
                raw.subspan(i * kBlockWords * work_.kind.nbytes, shape.block_nbytes(work_.kind, i));
            const Bytes block = encode_block(words);
            // Less than all of it, so that a chunk that gains nothing ends early, and is stored raw.
            if (at + block.size() + shape.tail_nbytes >= raw.size()) return 0;
            base::store_le(to.data() + i * sizeof(Size), static_cast<Size>(block.size()));
            std::memcpy(to.data() + at, block.data(), block.size());
            at += block.size();
        }
        if (at + shape.tail_nbytes >= raw.size() / 100 * 98) return 0;  // raw can be mapped
        std::copy_n(raw.end() - static_cast<std::ptrdiff_t>(shape.tail_nbytes), shape.tail_nbytes,
                    to.begin() + static_cast<std::ptrdiff_t>(at));
        return at + shape.tail_nbytes;
    }

private:
    Bytes encode_block(Bytes words) noexcept {
        const std::size_t planes = encode_planes(words);
        if (planes != 0 && planes <= words.size()) return Bytes(block_).first(planes);
        block_[0] = std::byte{kRawBlock};
        std::copy(words.begin(), words.end(), block_.begin() + 1);
        return Bytes(block_).first(1 + words.size());
    }

    /// Writes a block of planes and returns its size; 0 if the words have too many exponents.
    std::size_t encode_planes(Bytes words) noexcept {
        block_[0] = std::byte{kPlanesBlock};
        std::byte* to = block_.data() + 1;
        const std::size_t count = words.size() / work_.kind.nbytes;
        if (work_.kind.exponent_bits == 0) {
            std::memcpy(work_.planes[0].data(), words.data(), words.size());
            const PlaneShape shape{count, kSymbolBits};
            return 1 +
                   write_plane(shape, count_values(shape, work_.planes[0]), work_.planes[0], work_.coder, to);
        }
        take_words(work_.kind, words, work_.tops, work_.planes);
        const auto tops = std::span<const std::uint16_t>(work_.tops).first(count);
        const auto cut = choose_cut(tops);
        if (!cut) return 0;
        to[0] = static_cast<std::byte>(cut->symbol_mantissa_bits);
        std::fill_n(to + 1, exponent_set_nbytes(work_.kind), std::byte{0});
        for (const std::uint16_t exponent : std::span(cut->exponents.values).first(cut->exponents.count))
            to[1 + exponent / 8] |= std::byte{1} << exponent % 8;
        to += 1 + exponent_set_nbytes(work_.kind);
        split_tops(*cut, tops, work_.planes);
        const PlaneShape symbols = plane_shape(*cut, 0, count);
        const bool are_exponents = cut->symbol_mantissa_bits == 0;
        const Counts counts = are_exponents ? cut->exponents.counts : count_values(symbols, work_.planes[0]);
        to += write_plane(symbols, counts, work_.planes[0], work_.coder, to);
        for (std::size_t plane = 1; plane < work_.planes.size(); ++plane)
            to += write_plane(plane_shape(*cut, plane, count), work_.planes[plane], work_.coder, to);
        return static_cast<std::size_t>(to - block_.data());
    }

    /// As many mantissa bits in a symbol as were asked for, if there is room for them; at least as many as
    /// the rest of the 16 bits has no room for.
    [[nodiscard]] std::optional<WordCut> choose_cut(std::span<const std::uint16_t> tops) const noexcept {
        const unsigned top = work_.kind.top_mantissa_bits();
        const unsigned least = top >= kMaxRestBits ? top + 1 - kMaxRestBits : 0;
        const auto exponents = exponents_of(work_.kind, tops);
        if (!exponents) return std::nullopt;
        WordCut cut{top, std::max(least, mantissa_bits_), *exponents};
        while (cut.symbol_count() > kMaxSymbols && cut.symbol_mantissa_bits > least)
            --cut.symbol_mantissa_bits;
        return cut.symbol_count() > kMaxSymbols ? std::nullopt : std::optional(cut);
    }

    Workspace work_;
    unsigned mantissa_bits_;
    std::vector<std::byte> block_;
};

class PlanesDecoder final : public Decoder {
public:
    explicit PlanesDecoder(std::uint8_t parameter) : work_(*find_word_kind(parameter)) {}

    std::optional<DecodeFailure> decode(Bytes stored, std::span<std::byte> to) noexcept override {
        const std::string_view wrong = decode_chunk(stored, to);
        if (wrong.empty()) return std::nullopt;
        return DecodeFailure{Condition::codec_frame, wrong};
    }

private:
    std::string_view decode_chunk(Bytes stored, std::span<std::byte> to) noexcept {
        const ChunkShape shape(work_.kind, to.size());
        StoredBytes blocks{stored};
        const auto sizes = blocks.take(shape.blocks * sizeof(Size));
        if (!sizes) return "planes: the sizes of the blocks are cut";
        for (std::size_t i = 0; i < shape.blocks; ++i) {
            const auto block = blocks.take(base::load_le<Size>(sizes->data() + i * sizeof(Size)));
            if (!block) return "planes: the blocks are cut";
            const auto words =
                to.subspan(i * kBlockWords * work_.kind.nbytes, shape.block_nbytes(work_.kind, i));
            if (const auto wrong = decode_block({*block}, words); !wrong.empty()) return wrong;
        }
        if (blocks.left.size() != shape.tail_nbytes) return "planes: the blocks do not fill the chunk";
        std::copy(blocks.left.begin(), blocks.left.end(),
                  to.end() - static_cast<std::ptrdiff_t>(shape.tail_nbytes));
        return {};
    }

    std::string_view decode_block(StoredBytes stored, std::span<std::byte> words) noexcept {
        const auto form = stored.take_byte();
        if (!form || *form > kPlanesBlock) return "planes: the form of a block is not 0 or 1";
        if (*form == kPlanesBlock) {
            if (const auto wrong = decode_planes(stored, words); !wrong.empty()) return wrong;
            return stored.left.empty() ? std::string_view()
                                       : "planes: bytes follow the last plane of a block";
        }
        if (stored.left.size() != words.size()) return "planes: a raw block has another size than its words";
        std::copy(stored.left.begin(), stored.left.end(), words.begin());
        return {};
    }

    std::string_view decode_planes(StoredBytes& stored, std::span<std::byte> words) noexcept {
        const std::size_t count = words.size() / work_.kind.nbytes;
        PlanePointers planes{};
        if (work_.kind.exponent_bits == 0) {
            const auto wrong = read_plane({count, kSymbolBits}, kMaxSymbols, stored, work_.coder,
                                          work_.planes[0], planes[0]);
            if (wrong.empty()) std::memcpy(words.data(), planes[0], words.size());
            return wrong;
        }
        WordCut cut{work_.kind.top_mantissa_bits()};
        if (const auto wrong = read_cut(stored, cut); !wrong.empty()) return wrong;
        for (std::size_t plane = 0; plane < work_.planes.size(); ++plane) {
            const PlaneShape shape = plane_shape(cut, plane, count);
            const std::size_t limit = plane == 0 ? cut.symbol_count() : std::size_t{1} << shape.bits;
            const auto wrong =
                read_plane(shape, limit, stored, work_.coder, work_.planes[plane], planes[plane]);
            if (!wrong.empty()) return wrong;
        }
        join_words(work_.kind, cut, planes, words, work_.tops);
        return {};
    }

    std::string_view read_cut(StoredBytes& stored, WordCut& cut) const noexcept {
        const auto mantissa_bits = stored.take_byte();
        const auto set = stored.take(exponent_set_nbytes(work_.kind));
        if (!mantissa_bits || !set) return "planes: the exponents of a block are cut";
        cut.symbol_mantissa_bits = *mantissa_bits;
        if (cut.symbol_mantissa_bits > cut.top_mantissa_bits || cut.rest_bits() > kMaxRestBits)
            return "planes: a symbol has a number of mantissa bits that does not fit";
        for (std::size_t exponent = 0; exponent < 8 * set->size(); ++exponent) {
            const bool occurs = ((*set)[exponent / 8] >> exponent % 8 & std::byte{1}) != std::byte{0};
            if (occurs && !cut.exponents.add(exponent)) return "planes: a block has more than 256 exponents";
        }
        if (cut.exponents.count == 0) return "planes: a block has no exponent";
        if (cut.symbol_count() > kMaxSymbols) return "planes: a block has more than 256 symbols";
        return {};
    }

    Workspace work_;
};

}  // namespace

std::unique_ptr<Encoder> make_planes_encoder(const EncoderOptions& options) {
    return std::make_unique<PlanesEncoder>(options);
}

std::unique_ptr<Decoder> make_planes_decoder(std::uint8_t parameter) {
    return std::make_unique<PlanesDecoder>(parameter);
}

}  // namespace milepost::codec
