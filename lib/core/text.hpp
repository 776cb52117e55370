#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace milepost::core {

/// The text as a message or a terminal may show it, in at most `max` bytes: control characters, line and
/// paragraph separators and bidi controls become \u{202e}, bytes that are no UTF-8 become \xff. A longer text
/// is cut between two characters and ends in "...". `max` below 3 counts as 3.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max = 120);

/// Whether the text is UTF-8: no surrogates, no overlong forms, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Whether the text holds U+0000-1F or U+007F-9F. Bytes that are no UTF-8 do not count.
[[nodiscard]] bool has_control(std::string_view text) noexcept;

}  // namespace milepost::core
