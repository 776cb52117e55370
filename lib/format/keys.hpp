#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {

/// The canonical key (docs/format.md, section 6.4) of a stored value; nothing if its kind cannot be
/// a key, or it is NaN. Requires: rules 17 to 21 hold. Throws std::bad_alloc.
[[nodiscard]] std::optional<std::string> stored_key(const Index& index, const IndexOffsets& offsets,
                                                    std::uint32_t value);

}  // namespace milepost::format
