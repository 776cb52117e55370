#pragma once

#include <cstddef>
#include <span>

#include "format/index_offsets.hpp"

namespace milepost::format {

/// Whether `stored` is the one encoding of the index: docs/format.md, section 10. Requires: a validated
/// index. Throws std::bad_alloc.
[[nodiscard]] bool is_canonical(const Index& index, const IndexOffsets& offsets,
                                std::span<const std::byte> stored);

}  // namespace milepost::format
