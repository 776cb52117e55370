#pragma once

#include <cstdint>

namespace milepost::base {

/// Arithmetic on numbers that a file may have chosen: every function returns false instead of wrapping, and
/// leaves `out` alone then. The only place in the library where such numbers are added or multiplied.
[[nodiscard]] constexpr bool checked_add(std::uint64_t a, std::uint64_t b, std::uint64_t& out) noexcept {
    std::uint64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) return false;
    out = sum;
    return true;
}

[[nodiscard]] constexpr bool checked_mul(std::uint64_t a, std::uint64_t b, std::uint64_t& out) noexcept {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) return false;
    out = product;
    return true;
}

/// The least multiple of `alignment` that is not less than `value`. Requires: alignment is a power of two.
[[nodiscard]] constexpr bool checked_align(std::uint64_t value, std::uint64_t alignment,
                                           std::uint64_t& out) noexcept {
    std::uint64_t padded = 0;
    if (!checked_add(value, alignment - 1, padded)) return false;
    out = padded & ~(alignment - 1);
    return true;
}

/// Whether [begin, begin + count) is within [0, size).
[[nodiscard]] constexpr bool range_within(std::uint64_t begin, std::uint64_t count,
                                          std::uint64_t size) noexcept {
    return begin <= size && count <= size - begin;
}

/// As checked_align, for numbers that were checked before: a value of at most 2^63.
[[nodiscard]] constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) noexcept {
    return (value + alignment - 1) & ~(alignment - 1);
}

[[nodiscard]] constexpr bool is_power_of_two(std::uint64_t value) noexcept {
    return value != 0 && (value & (value - 1)) == 0;
}

}  // namespace milepost::base
