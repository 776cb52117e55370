#pragma once

#include <cstddef>
#include <cstdint>

// Cutting the 16 highest bits of words, and joining them: docs/format.md, section 4.4. Written for one
// instruction set each, so plain types only: see base/cpu.hpp. What split() writes to has
// kWordSlack bytes after its last element, which are written over.

namespace milepost::codec {

inline constexpr std::size_t kWordSlack = 64;

/// How the 16 bits are cut: a sign, the exponent, `mantissa_bits` of the mantissa; `low_bits` of those are in
/// the rest.
struct TopCut {
    unsigned mantissa_bits;
    unsigned low_bits;
};

/// Requires: exponents are below 256, and `first_symbols` has 256 elements: the symbol of each exponent with
/// the mantissa 0.
using SplitKernel = void(const std::uint16_t* tops, std::size_t count, TopCut cut,
                         const std::uint8_t* first_symbols, std::uint8_t* symbols,
                         std::uint8_t* rests) noexcept;

/// `of_symbols` has 256 elements: the 16 bits of each symbol, without sign and rest.
using JoinKernel = void(const std::uint8_t* symbols, const std::uint8_t* rests, std::size_t count, TopCut cut,
                        const std::uint16_t* of_symbols, std::uint16_t* tops) noexcept;

/// Words of 32 bits: their 16 highest bits, and their other bytes.
///@{
using SplitWideKernel = void(const std::uint32_t* words, std::size_t count, std::uint16_t* tops,
                             std::uint8_t* high, std::uint8_t* low) noexcept;
using JoinWideKernel = void(const std::uint16_t* tops, const std::uint8_t* high, const std::uint8_t* low,
                            std::size_t count, std::uint32_t* words) noexcept;
///@}

struct WordKernels {
    SplitKernel* split;
    JoinKernel* join;
    SplitWideKernel* split_wide;
    JoinWideKernel* join_wide;
};

/// The kernels for any machine, and those for AVX-512 (F, BW, VL, VBMI), null where the library was built
/// without them.
///@{
extern const WordKernels kPortableWordKernels;
extern const WordKernels* const kAvx512WordKernels;
///@}

/// The best ones that this machine can run.
[[nodiscard]] const WordKernels& word_kernels() noexcept;

}  // namespace milepost::codec
