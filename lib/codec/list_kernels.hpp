#pragma once

#include <cstddef>
#include <cstdint>

// What encoding and decoding of lists spends its time on: docs/format.md, section 4.4. Masks are bits of a
// node, 64 in a word, the first one lowest. Written for one instruction set each, so plain types only: see
// base/cpu.hpp. Every buffer has kListSlack bytes after its last element. Those of an output are written
// over; those of an input are read, and their content does not matter.

namespace milepost::codec {

inline constexpr std::size_t kListSlack = 64;

/// Bits of a node, from bit `at` of `bytes` on.
struct NodeBits {
    const std::uint8_t* bytes;
    std::size_t at;
};

/// One of the two lists that a node is merged of: `list`, or if that is null, `value` over and over.
struct ListSide {
    const std::uint8_t* list;
    std::uint8_t value;
};

/// The list of a node: the next one of `ones` where its bit is 1. The lists have as many values as there are
/// zeros and ones.
struct ListMerge {
    NodeBits bits;
    ListSide zeros;
    ListSide ones;
};

/// How many of `count` bits are 1.
using CountOnesKernel = std::size_t(NodeBits bits, std::size_t count) noexcept;

/// Writes the first `count` values of the list.
using MergeKernel = void(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept;

/// Splits `ranks`: those from `pivot` on stay, moved to the front; the others go to `zeros`. Writes the masks
/// of `count` ranks, whose spare bits are zero, and returns how many stayed.
using PartitionKernel = std::size_t(std::uint8_t* ranks, std::size_t count, std::uint8_t pivot,
                                    std::uint8_t* zeros, std::uint64_t* masks) noexcept;

/// Replaces each of `count` bytes by its element of a table of 256.
using MapKernel = void(const std::uint8_t* bytes, std::size_t count, const std::uint8_t* table,
                       std::uint8_t* to) noexcept;

/// Counts how often each value occurs: writes 256 numbers.
using CountValuesKernel = void(const std::uint8_t* values, std::size_t count, std::uint32_t* counts) noexcept;

struct ListKernels {
    CountOnesKernel* count_ones;
    MergeKernel* merge;
    PartitionKernel* partition;
    MapKernel* map;
    CountValuesKernel* count_values;
};

/// The kernels for any machine, and those for one instruction set, which are null where the library was built
/// without them. base/cpu.hpp tells what each one needs.
///@{
extern const ListKernels kPortableListKernels;
extern const ListKernels* const kAvx2ListKernels;
extern const ListKernels* const kAvx512ListKernels;
extern const ListKernels* const kNeonListKernels;
///@}

}  // namespace milepost::codec
