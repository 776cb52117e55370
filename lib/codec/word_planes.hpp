#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "codec/huffman.hpp"
#include "codec/join_kernels.hpp"
#include "codec/list_code.hpp"
#include "codec/list_kernels.hpp"
#include "codec/plane_kernels.hpp"

namespace milepost::codec {

inline constexpr std::size_t kMaxSymbols = 256;
inline constexpr unsigned kMaxRestBits = 8;

/// What a word is, by the parameter of the codec planes: docs/format.md, section 4.4.
struct WordKind {
    unsigned nbytes;
    unsigned exponent_bits;  ///< 0: a word is a symbol

    /// Mantissa bits in the 16 highest bits of a word.
    [[nodiscard]] unsigned top_mantissa_bits() const noexcept { return 15 - exponent_bits; }
};

/// Null for a parameter that is not defined.
[[nodiscard]] const WordKind* find_word_kind(std::uint8_t parameter) noexcept;

/// The exponents that the words of a block have, ascending.
struct ExponentList {
    static constexpr std::size_t kMax = 256;  ///< a block with more of them cannot be cut

    std::array<std::uint16_t, kMax> values;
    std::size_t count = 0;

    /// False if the list is full. Requires: larger than all before.
    [[nodiscard]] bool add(std::size_t exponent) noexcept {
        if (count == kMax) return false;
        values[count++] = static_cast<std::uint16_t>(exponent);
        return true;
    }
};

/// How the 16 highest bits of the words of one block are cut.
struct WordCut {
    unsigned top_mantissa_bits = 0;     ///< T of docs/format.md
    unsigned symbol_mantissa_bits = 0;  ///< b of docs/format.md
    ExponentList exponents = {};

    [[nodiscard]] unsigned low_bits() const noexcept { return top_mantissa_bits - symbol_mantissa_bits; }
    [[nodiscard]] unsigned rest_bits() const noexcept { return 1 + low_bits(); }
    [[nodiscard]] std::size_t symbol_count() const noexcept {
        return exponents.count << symbol_mantissa_bits;
    }
};

/// The planes of one block: symbols, rests, then bytes from the highest to the lowest.
using Planes = std::vector<ValueBuffer>;

/// Room for the 16 highest bits of the words of a block.
using TopBuffer = std::array<std::uint16_t, kBlockWords>;

/// How symbols are written as bytes, so that cutting and joining are cheapest: mostly as the bits that follow
/// the sign, so that no table is needed; else as they are.
class SymbolForm {
public:
    /// Requires: at most 256 symbols.
    SymbolForm(const WordKind& kind, const WordCut& cut) noexcept;

    /// What each symbol is written as.
    [[nodiscard]] const std::array<std::uint8_t, 256>& written() const noexcept { return written_; }
    /// Whether they are written as bits of the word.
    [[nodiscard]] bool is_computed() const noexcept { return is_computed_; }
    [[nodiscard]] TopForm top_form() const noexcept {
        return {low_bits_, base_, is_computed_ ? nullptr : tops_.data()};
    }

private:
    unsigned low_bits_;
    bool is_computed_;
    std::uint16_t base_ = 0;
    std::array<std::uint8_t, 256> written_{};
    std::array<std::uint16_t, 256> tops_{};
};

/// How the words of one block were cut.
struct SplitBlock {
    WordCut cut;
    std::array<std::uint8_t, 256> written;  ///< what each symbol is written as, in the first plane
    Counts counts;                          ///< of symbols
};

/// Cuts words into planes, with as many mantissa bits in a symbol as are wanted, if there is room for them,
/// and at least as many as the rest of the 16 highest bits has no room for. Nothing if there are too many
/// symbols. Requires: the kind has exponents.
[[nodiscard]] std::optional<SplitBlock> split_words(const PlaneKernels& kernels, const WordKind& kind,
                                                    unsigned mantissa_bits,
                                                    std::span<const std::uint8_t> words,
                                                    Planes& planes) noexcept;

/// The planes of one block from the second on, wherever they are: a byte for each word.
using PlanePointers = std::array<const std::uint8_t*, 8>;

/// Where words are joined, and memory that is used up.
struct JoinTarget {
    std::span<std::uint8_t> words;
    bool is_streamed;
    TopBuffer& tops;
};

/// The words of such planes. Requires: symbols are written as the form tells; rests are less than
/// 2^rest_bits().
void join_words(const PlaneKernels& kernels, const WordKind& kind, const SymbolForm& form,
                const ListMerge& symbols, const PlanePointers& planes, const JoinTarget& to) noexcept;

}  // namespace milepost::codec
