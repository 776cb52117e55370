#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/little_endian.hpp"
#include "codec/codec.hpp"
#include "codec/huffman.hpp"
#include "codec/list_code.hpp"
#include "codec/plane.hpp"
#include "codec/plane_kernels.hpp"
#include "codec/plane_writer.hpp"
#include "codec/planes_block.hpp"
#include "codec/planes_codec.hpp"
#include "codec/word_planes.hpp"

namespace milepost::codec {
namespace {

using Bytes = std::span<const std::byte>;

class PlanesEncoder final : public Encoder {
public:
    PlanesEncoder(const EncoderOptions& options, const PlaneKernels& kernels)
        : work_(*find_word_kind(options.parameter), kernels),
          mantissa_bits_(options.smallest ? 2 : 0),
          block_(1 + 1 + exponent_set_nbytes(work_.kind) +
                 work_.kind.nbytes * (plane_bound({kBlockWords, kByteBits}) + 1)) {}

    std::size_t encode(Bytes raw, std::span<std::byte> to) noexcept override {
        const ChunkShape shape(work_.kind, raw.size());
        std::size_t at = shape.blocks * sizeof(BlockSize);
        for (std::size_t i = 0; i < shape.blocks; ++i) {
            const Bytes words =
                raw.subspan(i * kBlockWords * work_.kind.nbytes, shape.block_nbytes(work_.kind, i));
            const Bytes block = encode_block(words);
            // Less than all of it, so that a chunk that gains nothing ends early, and is stored raw.
            if (at + block.size() + shape.tail_nbytes >= raw.size()) return 0;
            base::store_le(to.data() + i * sizeof(BlockSize), static_cast<BlockSize>(block.size()));
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
        block_[0] = static_cast<std::byte>(BlockForm::raw);
        std::copy(words.begin(), words.end(), block_.begin() + 1);
        return Bytes(block_).first(1 + words.size());
    }

    /// Writes a block of planes and returns its size; 0 if the words have too many exponents.
    std::size_t encode_planes(Bytes words) noexcept {
        block_[0] = static_cast<std::byte>(BlockForm::planes);
        std::byte* to = block_.data() + 1;
        const std::size_t count = words.size() / work_.kind.nbytes;
        const std::span numbers(reinterpret_cast<const std::uint8_t*>(words.data()), words.size());
        const PlaneTools tools{*work_.kernels.words, work_.coder};
        if (work_.kind.exponent_bits == 0) {
            std::memcpy(work_.planes[0].data(), words.data(), words.size());
            const PlaneShape shape{count, kByteBits};
            return 1 + write_plane(shape, count_values(shape, work_.planes[0]), work_.planes[0], tools, to);
        }
        const auto cut = choose_cut(numbers);
        if (!cut) return 0;
        to[0] = static_cast<std::byte>(cut->symbol_mantissa_bits);
        std::fill_n(to + 1, exponent_set_nbytes(work_.kind), std::byte{0});
        for (const std::uint16_t exponent : std::span(cut->exponents.values).first(cut->exponents.count))
            to[1 + exponent / 8] |= std::byte{1} << exponent % 8;
        to += 1 + exponent_set_nbytes(work_.kind);
        split_words(work_.kernels, work_.kind, *cut, numbers, work_.planes);
        const PlaneShape symbols = plane_shape(*cut, 0, count);
        const bool are_exponents = cut->symbol_mantissa_bits == 0;
        const Counts counts = are_exponents ? cut->exponents.counts : count_values(symbols, work_.planes[0]);
        to += write_plane(symbols, counts, work_.planes[0], tools, to);
        for (std::size_t plane = 1; plane < work_.planes.size(); ++plane)
            to += write_plane(plane_shape(*cut, plane, count), work_.planes[plane], tools, to);
        return static_cast<std::size_t>(to - block_.data());
    }

    /// As many mantissa bits in a symbol as were asked for, if there is room for them; at least as many as
    /// the rest of the 16 bits has no room for.
    [[nodiscard]] std::optional<WordCut> choose_cut(std::span<const std::uint8_t> words) const noexcept {
        const unsigned top = work_.kind.top_mantissa_bits();
        const unsigned least = top >= kMaxRestBits ? top + 1 - kMaxRestBits : 0;
        const auto exponents = exponents_of(work_.kind, words);
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

}  // namespace

std::unique_ptr<Encoder> make_planes_encoder(const EncoderOptions& options, const PlaneKernels& kernels) {
    return std::make_unique<PlanesEncoder>(options, kernels);
}

}  // namespace milepost::codec
