#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include <milepost/dtype.hpp>
#include <milepost/value.hpp>

namespace milepost::live {

/// A number as a checkpoint may hold it: an int, or a float of any width.
using Number = std::variant<std::int64_t, double>;

/// Bytes of one element; as many as the dtype has.
using ElementBytes = std::array<std::byte, 8>;

/// Whether elements of the dtype are numbers that the functions below convert: integers of 8 to 64 bits, f16,
/// bf16, f32, f64.
[[nodiscard]] bool is_numeric(Dtype dtype) noexcept;

/// The number that a value is; nothing for other kinds (a bool is not a number here) and for an int that
/// does not fit 64 bits.
[[nodiscard]] std::optional<Number> number_of(const Value& value) noexcept;

/// The number that an element is; nothing for a u64 of 2^63 or more. Requires: is_numeric(dtype), and
/// `bytes` are one element.
[[nodiscard]] std::optional<Number> decode_number(Dtype dtype, std::span<const std::byte> bytes) noexcept;

/// The element that the number is: to nearest for floats; nothing for an integer dtype that does not hold it
/// exactly. Requires: is_numeric(dtype).
[[nodiscard]] std::optional<ElementBytes> encode_number(const Number& number, Dtype dtype) noexcept;

}  // namespace milepost::live
