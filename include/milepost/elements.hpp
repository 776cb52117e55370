#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/export.hpp>

namespace milepost {

/// What the elements of a dtype are.
enum class NumberKind : std::uint8_t {
    none,      ///< bytes that mean nothing here, such as the blocks of ggml
    boolean,   ///< 0 and 1
    integer,   ///< with and without a sign
    floating,  ///< of any size
    complex,   ///< two floats
};
/// That of a dtype; none for one that is not known.
[[nodiscard]] MILEPOST_API NumberKind number_kind(Dtype dtype) noexcept;

/// How many numbers one element is: two if it is complex.
[[nodiscard]] MILEPOST_API std::size_t numbers_per_element(Dtype dtype) noexcept;

// Both append in the order of the elements, and one number after the other for complex ones. Require whole
// elements of a dtype that has numbers, contiguous and as a tensor stores them: those of less than 8 bits are
// packed (docs/format.md, section 6.3). Any alignment, any thread. Throw std::bad_alloc.

/// The elements as doubles, which hold all of them but integers above 2^53: these are rounded.
MILEPOST_API void append_doubles(Dtype dtype, std::span<const std::byte> bytes, std::vector<double>& to);

/// The elements of floats as integers in the order of their values: the difference of two is by how many
/// units in the last place (ULP) they differ. 0.0 and -0.0 are one integer. Requires also: floating or
/// complex.
MILEPOST_API void append_ranks(Dtype dtype, std::span<const std::byte> bytes, std::vector<std::int64_t>& to);

}  // namespace milepost
