#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "format/outline.hpp"

namespace milepost::format {

/// The key image (docs/format.md, section 6.4) of a stored value; nothing if its kind is none of a key, or it
/// is NaN. Requires: rules 17 to 21 hold. Throws std::bad_alloc.
[[nodiscard]] std::optional<std::string> stored_key_image(const Index& index, const Outline& outline,
                                                          std::uint32_t value);

}  // namespace milepost::format
