#pragma once

#include <cstddef>
#include <cstdint>

// Cutting the 16 highest bits of words, and joining them: docs/format.md, section 4.4. Written for one
// instruction set each, so plain types only: see base/cpu.hpp. Buffers of bytes have kWordSlack bytes after
// their last element, which are read or written over and whose content does not matter.

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

struct WordKernels {
    SplitKernel* split;
    JoinKernel* join;
};

/// The kernels for any machine, and those for AVX-512 (F, BW, VBMI), which are null where the library was
/// built without them.
///@{
extern const WordKernels kPortableWordKernels;
extern const WordKernels kAvx512WordKernels;
///@}

/// The best ones that this machine can run.
[[nodiscard]] const WordKernels& word_kernels() noexcept;

}  // namespace milepost::codec
