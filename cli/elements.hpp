#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <milepost/dtype.hpp>

namespace milepost::cli {

/// What the elements of a dtype are, for statistics and comparisons.
enum class Numbers : std::uint8_t { none, boolean, integers, floats, complex };
[[nodiscard]] Numbers numbers_of(Dtype dtype) noexcept;

/// The elements as doubles, in order; a complex number is two of them. Integers above 2^53 are rounded.
/// Requires: whole elements of a dtype that has numbers; of dtypes below 8 bits, as a tensor stores them.
void append_doubles(Dtype dtype, std::span<const std::byte> bytes, std::vector<double>& to);

/// The elements of floats as integers in the order of their values: the difference of two is how many floats
/// of the dtype are between them, plus one (ULPs). 0.0 and -0.0 are one integer. Requires: as append_doubles,
/// of floats or complex numbers.
void append_ranks(Dtype dtype, std::span<const std::byte> bytes, std::vector<std::int64_t>& to);

/// How many numbers one element is: two for complex ones.
[[nodiscard]] std::size_t numbers_per_element(Dtype dtype) noexcept;

}  // namespace milepost::cli
