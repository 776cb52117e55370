#pragma once

#include <cstddef>
#include <cstdint>

// Cutting words into planes: docs/format.md, section 4.4. Written for one instruction set each, so plain
// types only: see base/cpu.hpp. Words are at any address. What split() writes to, and what pack() reads, has
// kListSlack bytes after its last element.

namespace milepost::codec {

/// How the 16 highest bits of a word are cut: a sign, the exponent, `mantissa_bits` of the mantissa;
/// `low_bits` of those are in the rest. The bits above them, less `base`, are the symbol. Or if
/// `first_symbols` is not null: an element of it, which is for an exponent below 256, plus the bits of the
/// mantissa above the rest.
struct TopCut {
    unsigned mantissa_bits;
    unsigned low_bits;
    std::uint16_t base;
    const std::uint8_t* first_symbols;
};

/// Where the planes of words go. `high` and `low` are the other bytes of words of 32 bits.
struct PlaneTargets {
    std::uint8_t* symbols;
    std::uint8_t* rests;
    std::uint8_t* high;
    std::uint8_t* low;
};

using SplitKernel = void(const std::uint8_t* words, std::size_t count, const TopCut& cut,
                         const PlaneTargets& to) noexcept;

/// Values of 1 to 7 bits without the spare bits between them. Spare bits of the last byte are zero.
using PackKernel = void(const std::uint8_t* values, std::size_t count, unsigned bits,
                        std::uint8_t* to) noexcept;

struct SplitKernels {
    SplitKernel* split;       ///< words of 16 bits
    SplitKernel* split_wide;  ///< words of 32 bits
    PackKernel* pack;
};

/// The kernels for any machine, and those for one instruction set, which are null where the library was built
/// without them. base/cpu.hpp tells what each one needs.
///@{
extern const SplitKernels kPortableSplitKernels;
extern const SplitKernels* const kAvx2SplitKernels;
extern const SplitKernels* const kAvx512SplitKernels;
extern const SplitKernels* const kNeonSplitKernels;
///@}

}  // namespace milepost::codec
