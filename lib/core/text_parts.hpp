#pragma once

#include <string_view>

/// What several functions that make text put into it.
namespace milepost::core {

inline constexpr std::string_view kHexDigits = "0123456789abcdef";
/// In place of what was cut off.
inline constexpr std::string_view kEllipsis = "...";

}  // namespace milepost::core
