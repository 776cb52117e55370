#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace milepost::base {

inline void append_part(std::string& text, std::string_view part) {
    text += part;
}
template <std::integral T>
inline void append_part(std::string& text, T number) {
    text += std::to_string(number);
}

/// Concatenates strings and numbers: message("footer at ", offset, ": ..."). Throws std::bad_alloc.
template <class... Parts>
[[nodiscard]] std::string message(const Parts&... parts) {
    std::string text;
    (append_part(text, parts), ...);
    return text;
}

}  // namespace milepost::base
