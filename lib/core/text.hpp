#pragma once

#include <string>
#include <string_view>

namespace milepost::core {

/// A text from a file or from the caller as a message shows it: milepost::escape, cut to 120 characters.
[[nodiscard]] std::string printable(std::string_view text);

/// Whether the text is UTF-8: no surrogates, no overlong forms, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Whether the text holds U+0000-1F or U+007F-9F. Bytes that are not UTF-8 do not count.
[[nodiscard]] bool has_control(std::string_view text) noexcept;

}  // namespace milepost::core
