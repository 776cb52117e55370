#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/list_kernels.hpp"

// Cutting words into planes, and joining them: docs/format.md, section 4.4. Written for one instruction set
// each, so plain types only: see base/cpu.hpp. Words are at any address. What split() writes to, and what
// pack() reads, has kListSlack bytes after its last element.

namespace milepost::codec {

/// Words that are joined at a time.
inline constexpr std::size_t kJoinedWords = 64;

/// How the 16 highest bits of a word are cut: a sign, the exponent, `mantissa_bits` of the mantissa;
/// `low_bits` of those are in the rest. Exponents are below 256.
struct TopCut {
    unsigned mantissa_bits;
    unsigned low_bits;
    const std::uint8_t* first_symbols;  ///< of 256 exponents: the symbol with the mantissa 0
};

/// Where the planes of words go. `high` and `low` are the other bytes of words of 32 bits.
struct PlaneTargets {
    std::uint8_t* symbols;
    std::uint8_t* rests;
    std::uint8_t* high;
    std::uint8_t* low;
};

/// Where they come from. Symbols are the list of a node, the other planes have a byte for each word.
struct PlaneSources {
    ListMerge symbols;
    const std::uint8_t* rests;
    const std::uint8_t* high;
    const std::uint8_t* low;
};

/// What the 16 highest bits are without sign and rest: base + (symbol << low_bits), or if it is not null, an
/// element of a table of 256.
struct TopForm {
    unsigned low_bits;
    std::uint16_t base;
    const std::uint16_t* of_symbols;
};

using SplitKernel = void(const std::uint8_t* words, std::size_t count, const TopCut& cut,
                         const PlaneTargets& to) noexcept;

/// Where words are joined. Streamed words are written past the caches, where the kernel and the address allow
/// it: see Decoder::decode().
struct WordTarget {
    std::uint8_t* words;
    std::size_t count;
    bool is_streamed;
};

/// Requires: the count is a multiple of kJoinedWords.
using JoinKernel = void(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept;

/// Values of 1 to 7 bits without the spare bits between them, and the opposite. Of the last byte, spare bits
/// are zero.
///@{
using PackKernel = void(const std::uint8_t* values, std::size_t count, unsigned bits,
                        std::uint8_t* to) noexcept;
using UnpackKernel = void(const std::uint8_t* packed, std::size_t count, unsigned bits,
                          std::uint8_t* values) noexcept;
///@}

struct WordKernels {
    SplitKernel* split;       ///< words of 16 bits
    SplitKernel* split_wide;  ///< words of 32 bits
    JoinKernel* join;
    JoinKernel* join_wide;
    PackKernel* pack;
    UnpackKernel* unpack;
};

/// The kernels for any machine, and those for AVX-512 (F, BW, VL, VBMI), null where the library was built
/// without them.
///@{
extern const WordKernels kPortableWordKernels;
extern const WordKernels* const kAvx512WordKernels;
///@}

}  // namespace milepost::codec
