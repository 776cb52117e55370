#pragma once

#include <cstddef>

namespace milepost::base {

/// All memory below begins at a multiple of this, which FlatBuffers, vector loads and every element type are
/// content with.
inline constexpr std::size_t kMemoryAlignment = 64;

/// Memory from this size on comes from the system, begins at a multiple of kHugePageNbytes, and asks for huge
/// pages: the first touch of 4 KiB pages takes longer than the copy of a tensor into them.
inline constexpr std::size_t kLargeNbytes = std::size_t{4} << 20U;
inline constexpr std::size_t kHugePageNbytes = std::size_t{2} << 20U;

/// The same limit for memory that programs take again and again, an index for example: below it, malloc gives
/// pages again that were touched before. Larger pieces malloc gets from the system too.
inline constexpr std::size_t kLargeForMalloc = std::size_t{32} << 20U;

/// Memory of that size, not zeroed by us, or zero; null if there is none. It is large from `large` bytes on
/// (kLargeNbytes where there is no such argument). release() ends it, with the same numbers; null is allowed.
/// Any thread.
///@{
[[nodiscard]] std::byte* allocate(std::size_t nbytes) noexcept;
[[nodiscard]] std::byte* allocate(std::size_t nbytes, std::size_t large) noexcept;
[[nodiscard]] std::byte* allocate_zeros(std::size_t nbytes) noexcept;
void release(std::byte* memory, std::size_t nbytes, std::size_t large = kLargeNbytes) noexcept;
///@}

/// Whether the memory has been written before, by a look at its middle: it is then not in a cache that the
/// system has just filled by clearing it. False where that cannot be told.
[[nodiscard]] bool is_touched(const std::byte* memory, std::size_t nbytes) noexcept;

}  // namespace milepost::base
