#pragma once

#include <cstddef>
#include <cstdint>

namespace milepost::codec {

// One plane of a block as it is stored: docs/format.md, section 4.4.

/// Values of one plane, and how many bits each has, 1 to 8.
struct PlaneShape {
    std::size_t count;
    unsigned bits;

    [[nodiscard]] constexpr std::size_t packed_nbytes() const noexcept { return (count * bits + 7) / 8; }
};

/// How the values are stored.
enum class PlaneForm : std::uint8_t { one_value = 0, packed = 1, coded = 2 };

/// Bits of a value of a plane of bytes.
inline constexpr unsigned kByteBits = 8;

}  // namespace milepost::codec
