#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/little_endian.hpp"

namespace milepost::codec {

/// Values that are packed together: they fill as many whole bytes as each has bits.
inline constexpr std::size_t kGroup = 8;

/// Up to 8 bytes as a number, and back.
///@{
inline std::uint64_t load_some(const std::uint8_t* from, std::size_t nbytes) noexcept {
    std::array<std::byte, 8> bytes{};
    std::memcpy(bytes.data(), from, nbytes);
    return base::load_le<std::uint64_t>(bytes.data());
}
inline void store_some(std::uint8_t* to, std::size_t nbytes, std::uint64_t number) noexcept {
    std::array<std::byte, 8> bytes;
    base::store_le(bytes.data(), number);
    std::memcpy(to, bytes.data(), nbytes);
}
///@}

}  // namespace milepost::codec
