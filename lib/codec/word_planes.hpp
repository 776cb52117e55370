#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "codec/huffman.hpp"
#include "codec/list_code.hpp"

namespace milepost::codec {

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
    Counts counts{};  ///< of each, when they were counted
    std::size_t count = 0;

    /// False if the list is full. Requires: larger than all before.
    [[nodiscard]] bool add(std::size_t exponent, std::uint32_t times = 0) noexcept {
        if (count == kMax) return false;
        counts[count] = times;
        values[count++] = static_cast<std::uint16_t>(exponent);
        return true;
    }
};

/// How the 16 highest bits of the words of one block are cut.
struct WordCut {
    unsigned top_mantissa_bits = 0;     ///< T of docs/format.md
    unsigned symbol_mantissa_bits = 0;  ///< b of docs/format.md
    ExponentList exponents = {};

    [[nodiscard]] unsigned rest_bits() const noexcept { return 1 + top_mantissa_bits - symbol_mantissa_bits; }
    [[nodiscard]] std::size_t symbol_count() const noexcept {
        return exponents.count << symbol_mantissa_bits;
    }
};

/// The planes of one block: symbols, rests, then bytes from the highest to the lowest.
using Planes = std::vector<ValueBuffer>;

/// Room for the 16 highest bits of the words of a block.
using TopBuffer = std::array<std::uint16_t, kBlockWords>;

// Cutting words, in three steps. Require: the kind has exponents.

/// Writes the 16 highest bits of the words to `tops`, and their other bytes to the planes from the third on.
void take_words(const WordKind& kind, std::span<const std::byte> words, TopBuffer& tops,
                Planes& planes) noexcept;

/// The exponents that occur; nothing if there are too many.
[[nodiscard]] std::optional<ExponentList> exponents_of(const WordKind& kind,
                                                       std::span<const std::uint16_t> tops) noexcept;

/// Cuts the 16 highest bits into the first two planes. Requires: the cut has all exponents, and at most 256
/// symbols.
void split_tops(const WordCut& cut, std::span<const std::uint16_t> tops, Planes& planes) noexcept;

/// The planes of one block, wherever they are: as many as bytes in a word.
using PlanePointers = std::array<const std::uint8_t*, 8>;

/// The words of such planes. Requires: symbols are less than symbol_count(), rests than 2^rest_bits().
/// `tops` is used up.
void join_words(const WordKind& kind, const WordCut& cut, const PlanePointers& planes,
                std::span<std::byte> words, TopBuffer& tops) noexcept;

}  // namespace milepost::codec
