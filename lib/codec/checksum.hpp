#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace milepost::codec {

/// XXH3-128, seed 0, in canonical (big-endian) order: docs/format.md, section 2. Finds accidents, not
/// attackers.
using Digest = std::array<std::byte, 16>;
/// XXH3-64 likewise.
using Digest64 = std::array<std::byte, 8>;

[[nodiscard]] Digest checksum128(std::span<const std::byte> bytes) noexcept;
[[nodiscard]] Digest64 checksum64(std::span<const std::byte> bytes) noexcept;

/// Hex digits, as `xxhsum -H2` prints them.
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);

}  // namespace milepost::codec
