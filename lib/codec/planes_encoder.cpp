#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/little_endian.hpp"
#include "codec/codec.hpp"
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
          writer_(work_.kernels, work_.coder),
          mantissa_bits_(options.smallest ? 2 : 0),
          block_(1 + 1 + exponent_set_nbytes(work_.kind) +
                 work_.kind.nbytes * (plane_bound({kBlockWords, kByteBits}) + 1)) {}

    std::size_t encode(Bytes raw, std::span<std::byte> to) noexcept override {
        const ChunkShape shape(work_.kind, raw.size());
        std::size_t at = shape.blocks * sizeof(BlockSize);
        for (std::size_t i = 0; i < shape.blocks; ++i) {
            const Bytes words =
                raw.subspan(i * kBlockWords * work_.kind.nbytes, shape.block_nbytes(work_.kind, i));
            const bool has_room = at < to.size() && to.size() - at >= block_.size();
            std::byte* const place = has_room ? to.data() + at : block_.data();
            const std::size_t nbytes = encode_block(words, place);
            // Less than all of it, so that a chunk that gains nothing ends early, and is stored raw.
            if (at + nbytes + shape.tail_nbytes >= raw.size()) return 0;
            base::store_le(to.data() + i * sizeof(BlockSize), static_cast<BlockSize>(nbytes));
            if (!has_room) std::memcpy(to.data() + at, place, nbytes);
            at += nbytes;
        }
        if (at + shape.tail_nbytes >= raw.size() / 100 * 98) return 0;  // raw can be mapped
        std::copy_n(raw.end() - static_cast<std::ptrdiff_t>(shape.tail_nbytes), shape.tail_nbytes,
                    to.begin() + static_cast<std::ptrdiff_t>(at));
        return at + shape.tail_nbytes;
    }

private:
    /// Writes a block and returns its size. Requires: room for as much as block_ has.
    std::size_t encode_block(Bytes words, std::byte* to) noexcept {
        to[0] = static_cast<std::byte>(BlockForm::planes);
        const std::size_t planes =
            work_.kind.exponent_bits == 0 ? encode_bytes(words, to + 1) : encode_planes(words, to + 1);
        if (planes != 0 && planes < words.size()) return 1 + planes;
        to[0] = static_cast<std::byte>(BlockForm::raw);
        std::copy(words.begin(), words.end(), to + 1);
        return 1 + words.size();
    }

    /// Words that are symbols themselves.
    std::size_t encode_bytes(Bytes words, std::byte* to) noexcept {
        std::memcpy(work_.planes[0].data(), words.data(), words.size());
        return writer_.write_bytes(words.size(), work_.planes[0], to);
    }

    /// Writes what follows the form of a block of planes, and returns its size; 0 if the words have too many
    /// exponents.
    std::size_t encode_planes(Bytes words, std::byte* const begin) noexcept {
        const std::span numbers(reinterpret_cast<const std::uint8_t*>(words.data()), words.size());
        const auto block = split_words(work_.kernels, work_.kind, mantissa_bits_, numbers, work_.planes);
        if (!block) return 0;
        const WordCut& cut = block->cut;
        std::byte* to = begin;
        *to++ = static_cast<std::byte>(cut.symbol_mantissa_bits);
        std::fill_n(to, exponent_set_nbytes(work_.kind), std::byte{0});
        for (const std::uint16_t exponent : std::span(cut.exponents.values).first(cut.exponents.count))
            to[exponent / 8] |= std::byte{1} << exponent % 8;
        to += exponent_set_nbytes(work_.kind);
        const std::size_t count = words.size() / work_.kind.nbytes;
        to += writer_.write_symbols(block->counts, block->written, count, work_.planes[0], to);
        for (std::size_t plane = 1; plane < work_.planes.size(); ++plane)
            to += writer_.write(plane_shape(cut, plane, count), work_.planes[plane], to);
        return static_cast<std::size_t>(to - begin);
    }

    Workspace work_;
    PlaneWriter writer_;
    unsigned mantissa_bits_;
    std::vector<std::byte> block_;
};

}  // namespace

std::unique_ptr<Encoder> make_planes_encoder(const EncoderOptions& options, const PlaneKernels& kernels) {
    return std::make_unique<PlanesEncoder>(options, kernels);
}

}  // namespace milepost::codec
