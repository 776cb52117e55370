#pragma once

#include <array>
#include <cstdint>

namespace milepost::codec {

/// How often each value of a byte occurs.
using Counts = std::array<std::uint32_t, 256>;
/// Lengths of the code words of the 256 values; 0 for a value that has none.
using CodeLengths = std::array<std::uint8_t, 256>;

/// Longer code words would have a place in the format (15 bits), and would save next to nothing.
inline constexpr unsigned kMaxCodeLength = 12;

/// The lengths of a Huffman code for values that occur so often, none longer than kMaxCodeLength. Ties are
/// decided by the values: the same counts give the same lengths. Requires: two counts are not 0, and their
/// sum is below 2^31.
[[nodiscard]] CodeLengths huffman_lengths(Counts counts) noexcept;

/// Bits of all values in such a code.
[[nodiscard]] std::uint64_t coded_bits(const Counts& counts, const CodeLengths& lengths) noexcept;

}  // namespace milepost::codec
