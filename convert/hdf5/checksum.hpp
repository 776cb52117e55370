#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace milepost::convert::hdf5 {

/// Of each of them, in a file.
inline constexpr std::size_t kChecksumNbytes = 4;

/// The checksum of structures: lookup3 of Bob Jenkins, of bytes in any order of the machine, from 0.
[[nodiscard]] std::uint32_t metadata_checksum(std::span<const std::byte> bytes) noexcept;

/// The checksum of the filter fletcher32: of 16-bit numbers, the first byte being the higher one.
[[nodiscard]] std::uint32_t fletcher32(std::span<const std::byte> bytes) noexcept;

}  // namespace milepost::convert::hdf5
