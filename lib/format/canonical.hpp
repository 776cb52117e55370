#pragma once

#include <cstddef>
#include <span>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {

/// Returns whether `stored` is the canonical encoding of the index: docs/format.md, section 10.
/// Requires: `index` was validated, and `offsets` are derived from it. Throws std::bad_alloc.
[[nodiscard]] bool is_canonical(const Index& index, const IndexOffsets& offsets,
                                std::span<const std::byte> stored);

}  // namespace milepost::format
