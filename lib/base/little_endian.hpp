#pragma once

#include <bit>
#include <cstddef>
#include <cstring>

namespace milepost::base {

// Stored columns are used in place. A big-endian host would have to swap their bytes, which is not
// implemented.
static_assert(std::endian::native == std::endian::little, "Milepost runs on little-endian hosts only");

/// Reads an integer at any alignment.
template <class T>
[[nodiscard]] inline T load_le(const std::byte* from) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

/// Writes an integer at any alignment.
template <class T>
inline void store_le(std::byte* to, T value) noexcept {
    std::memcpy(to, &value, sizeof value);
}

}  // namespace milepost::base
