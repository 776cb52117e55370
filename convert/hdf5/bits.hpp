#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace milepost::convert::hdf5 {

/// The exponent of the greatest power of two that is not above the number. Requires: it is not 0.
[[nodiscard]] constexpr std::uint64_t log2_of(std::uint64_t number) noexcept {
    return static_cast<std::uint64_t>(std::bit_width(number) - 1);
}

/// The bytes that a number up to `most` takes.
[[nodiscard]] constexpr std::size_t width_of(std::uint64_t most) noexcept {
    return static_cast<std::size_t>(log2_of(std::max<std::uint64_t>(most, 1))) / 8 + 1;
}

}  // namespace milepost::convert::hdf5
