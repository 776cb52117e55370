#pragma once

#include <cstddef>
#include <span>

namespace milepost::base {

/// Copies past the caches, where the processor can: for memory that is larger than they are, of which a usual
/// store first fetches what it then overwrites. Two threads copy 1.6 times as fast so. Requires: both have
/// the same size and do not overlap.
void stream_copy(std::span<const std::byte> from, std::span<std::byte> to) noexcept;

}  // namespace milepost::base
