#pragma once

#include <cstdint>

namespace milepost::format {

/// Rule 33 of docs/format.md, section 6.5: a storage has less raw bytes than the first, all together less
/// than the second.
inline constexpr std::uint64_t kMaxStorageNbytes = std::uint64_t{1} << 62U;
inline constexpr std::uint64_t kMaxTotalNbytes = std::uint64_t{1} << 63U;

}  // namespace milepost::format
