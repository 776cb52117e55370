#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string_view>

#include <milepost/error.hpp>

#include "base/little_endian.hpp"
#include "codec/codec.hpp"
#include "codec/list_code.hpp"
#include "codec/list_kernels.hpp"
#include "codec/plane.hpp"
#include "codec/plane_kernels.hpp"
#include "codec/plane_reader.hpp"
#include "codec/planes_block.hpp"
#include "codec/planes_codec.hpp"
#include "codec/word_planes.hpp"

namespace milepost::codec {
namespace {

using Words = std::span<std::uint8_t>;

class PlanesDecoder final : public Decoder {
public:
    PlanesDecoder(std::uint8_t parameter, const PlaneKernels& kernels)
        : work_(*find_word_kind(parameter), kernels) {
        std::iota(same_.begin(), same_.end(), std::uint8_t{0});
    }

    std::optional<DecodeFailure> decode(std::span<const std::byte> stored, std::span<std::byte> to,
                                        TargetMemory memory) noexcept override {
        is_streamed_ = memory == TargetMemory::touched;
        const std::string_view wrong =
            decode_chunk({{reinterpret_cast<const std::uint8_t*>(stored.data()), stored.size()}},
                         {reinterpret_cast<std::uint8_t*>(to.data()), to.size()});
        if (wrong.empty()) return std::nullopt;
        return DecodeFailure{Condition::codec_frame, wrong};
    }

private:
    std::string_view decode_chunk(StoredBytes stored, Words to) noexcept {
        const ChunkShape shape(work_.kind, to.size());
        const auto sizes = stored.take(shape.blocks * sizeof(BlockSize));
        if (!sizes) return "planes: the sizes of the blocks are cut";
        const auto size_at = std::as_bytes(*sizes);
        for (std::size_t i = 0; i < shape.blocks; ++i) {
            const auto block = stored.take(base::load_le<BlockSize>(&size_at[i * sizeof(BlockSize)]));
            if (!block) return "planes: the blocks are cut";
            const Words words =
                to.subspan(i * kBlockWords * work_.kind.nbytes, shape.block_nbytes(work_.kind, i));
            if (const auto wrong = decode_block({*block}, words); !wrong.empty()) return wrong;
        }
        if (stored.left.size() != shape.tail_nbytes) return "planes: the blocks do not fill the chunk";
        std::copy(stored.left.begin(), stored.left.end(),
                  to.end() - static_cast<std::ptrdiff_t>(shape.tail_nbytes));
        return {};
    }

    std::string_view decode_block(StoredBytes stored, Words words) noexcept {
        const auto form = stored.take_byte();
        if (!form || *form > static_cast<unsigned>(BlockForm::planes))
            return "planes: the form of a block is not 0 or 1";
        if (static_cast<BlockForm>(*form) == BlockForm::planes) {
            return work_.kind.exponent_bits == 0 ? decode_bytes(stored, words) : decode_planes(stored, words);
        }
        if (stored.left.size() != words.size()) return "planes: a raw block has another size than its words";
        std::copy(stored.left.begin(), stored.left.end(), words.begin());
        return {};
    }

    /// Words that are symbols themselves.
    std::string_view decode_bytes(StoredBytes& stored, Words words) noexcept {
        StoredPlane plane;
        if (const auto wrong = plane.take(stored, {words.size(), kByteBits}, kMaxSymbols); !wrong.empty())
            return wrong;
        if (!stored.left.empty()) return kLeft;
        ListMerge list;
        const auto wrong = plane.read_list(*work_.kernels.lists, work_.coder, same_, work_.planes[0], list);
        if (wrong.empty()) merge_exactly(*work_.kernels.lists, list, words);
        return wrong;
    }

    std::string_view decode_planes(StoredBytes& stored, Words words) noexcept {
        WordCut cut{work_.kind.top_mantissa_bits()};
        if (const auto wrong = take_cut(stored, cut); !wrong.empty()) return wrong;
        if (const auto wrong = take_planes(stored, cut, words.size() / work_.kind.nbytes); !wrong.empty())
            return wrong;
        // Symbols last: the memory of the coder has what they are merged of.
        PlanePointers values{};
        for (std::size_t plane = 1; plane < work_.planes.size(); ++plane) {
            const auto wrong =
                stored_[plane].read(*work_.kernels.join, work_.coder, work_.planes[plane], values[plane]);
            if (!wrong.empty()) return wrong;
        }
        const SymbolForm form(work_.kind, cut);
        ListMerge symbols;
        const auto wrong =
            stored_[0].read_list(*work_.kernels.lists, work_.coder, form.written(), work_.planes[0], symbols);
        if (!wrong.empty()) return wrong;
        join_words(work_.kernels, work_.kind, form, symbols, values, {words, is_streamed_, work_.tops});
        return {};
    }

    std::string_view take_planes(StoredBytes& stored, const WordCut& cut, std::size_t count) noexcept {
        for (std::size_t plane = 0; plane < work_.planes.size(); ++plane) {
            const PlaneShape shape = plane_shape(cut, plane, count);
            const std::size_t limit = plane == 0 ? cut.symbol_count() : std::size_t{1} << shape.bits;
            if (const auto wrong = stored_[plane].take(stored, shape, limit); !wrong.empty()) return wrong;
        }
        return stored.left.empty() ? std::string_view() : kLeft;
    }

    std::string_view take_cut(StoredBytes& stored, WordCut& cut) const noexcept {
        const auto mantissa_bits = stored.take_byte();
        const auto set = stored.take(exponent_set_nbytes(work_.kind));
        if (!mantissa_bits || !set) return "planes: the exponents of a block are cut";
        cut.symbol_mantissa_bits = *mantissa_bits;
        if (cut.symbol_mantissa_bits > cut.top_mantissa_bits || cut.rest_bits() > kMaxRestBits)
            return "planes: a symbol has a number of mantissa bits that does not fit";
        for (std::size_t exponent = 0; exponent < 8 * set->size(); ++exponent) {
            const bool occurs = ((*set)[exponent / 8] >> exponent % 8 & 1U) != 0;
            if (occurs && !cut.exponents.add(exponent)) return "planes: a block has more than 256 exponents";
        }
        if (cut.exponents.count == 0) return "planes: a block has no exponent";
        if (cut.symbol_count() > kMaxSymbols) return "planes: a block has more than 256 symbols";
        return {};
    }

    static constexpr std::string_view kLeft = "planes: bytes follow the last plane of a block";

    Workspace work_;
    bool is_streamed_ = false;
    std::array<StoredPlane, 8> stored_;
    std::array<std::uint8_t, 256> same_;
};

}  // namespace

std::unique_ptr<Decoder> make_planes_decoder(std::uint8_t parameter, const PlaneKernels& kernels) {
    return std::make_unique<PlanesDecoder>(parameter, kernels);
}

}  // namespace milepost::codec
