#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "format/index.hpp"
#include "format/index_offsets.hpp"
#include "format/part_names.hpp"

namespace milepost::format {

/// The number of the value that has a path (docs/format.md, section 2), an entry or a part of one; where
/// several have it, the lowest one. Cost, requirements and exceptions are those of find_tensor().
[[nodiscard]] std::optional<std::uint32_t> find_value(const Index& index, const IndexOffsets& offsets,
                                                      const PartNames& parts, std::string_view path);

/// The number of the tensor that has a path (docs/format.md, section 2); where several have it, the lowest
/// one. Searches from the top down, each dict on the way once: time is bounded by the size of the index, and
/// an entry costs a few binary searches. Requires: a validated index. Throws std::bad_alloc.
[[nodiscard]] std::optional<std::uint32_t> find_tensor(const Index& index, const IndexOffsets& offsets,
                                                       const PartNames& parts, std::string_view path);

}  // namespace milepost::format
