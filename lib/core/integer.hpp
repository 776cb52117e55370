#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <milepost/value.hpp>

namespace milepost::core {

// Integers of any width: two's complement, little-endian, as docs/format.md, section 6.4, stores them.

/// The integer with the 64 bits in two's complement (negative) or as a magnitude (not negative).
[[nodiscard]] Integer make_integer(bool negative, std::uint64_t bits);

/// The leading bytes that are needed: without those that only repeat the sign. At least one unless `bytes` is
/// empty.
[[nodiscard]] std::span<const std::byte> minimal_bytes(std::span<const std::byte> bytes) noexcept;

/// Whether there is a byte and none could be left out (rule 21).
[[nodiscard]] bool is_minimal(std::span<const std::byte> bytes) noexcept;

/// The number, minimal or not; nothing if it does not fit, or if `bytes` is empty.
[[nodiscard]] std::optional<std::int64_t> to_int64(std::span<const std::byte> bytes) noexcept;
[[nodiscard]] std::optional<std::uint64_t> to_uint64(std::span<const std::byte> bytes) noexcept;

/// Decimal digits of any width: "-128". Empty bytes read as 0.
[[nodiscard]] std::string integer_text(std::span<const std::byte> bytes);

}  // namespace milepost::core
