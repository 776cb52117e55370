#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/text.hpp>

#include "core/text.hpp"
#include "core/text_parts.hpp"

namespace milepost {
namespace {

using core::kEllipsis;
using core::kHexDigits;

/// The list of milepost/text.hpp.
constexpr std::array<std::pair<char32_t, char32_t>, 19> kHidden = {{{0x0000, 0x001F},
                                                                    {0x007F, 0x009F},
                                                                    {0x00AD, 0x00AD},
                                                                    {0x034F, 0x034F},
                                                                    {0x061C, 0x061C},
                                                                    {0x115F, 0x1160},
                                                                    {0x17B4, 0x17B5},
                                                                    {0x180B, 0x180F},
                                                                    {0x200B, 0x200F},
                                                                    {0x2028, 0x202E},
                                                                    {0x2060, 0x206F},
                                                                    {0x3164, 0x3164},
                                                                    {0xFE00, 0xFE0F},
                                                                    {0xFEFF, 0xFEFF},
                                                                    {0xFFA0, 0xFFA0},
                                                                    {0xFFF0, 0xFFFB},
                                                                    {0x1BCA0, 0x1BCA3},
                                                                    {0x1D173, 0x1D17A},
                                                                    {0xE0000, 0xE0FFF}}};

void append_hex(std::string& out, char32_t number, int digits) {
    for (int shift = 28; shift >= 0; shift -= 4) {
        const bool wanted = shift < digits * 4 || number >> static_cast<unsigned>(shift) != 0;
        if (wanted) out.push_back(kHexDigits[number >> static_cast<unsigned>(shift) & 0xFU]);
    }
}

/// Appends the first character of the text, escaped where it must be; returns the number of characters that
/// were appended.
std::size_t append_escaped(std::string& out, std::string_view text, const Character& first) {
    const std::size_t before = out.size();
    if (!first.valid) {
        out.append("\\x");
        append_hex(out, first.code_point, 2);
    } else if (first.code_point == U'\\') {
        out.append("\\\\");
    } else if (is_hidden(first.code_point)) {
        out.append("\\u{");
        append_hex(out, first.code_point, 1);
        out.push_back('}');
    } else {
        out.append(text.substr(0, first.nbytes));
        return 1;
    }
    return out.size() - before;
}

}  // namespace

bool is_hidden(char32_t code_point) noexcept {
    if (code_point >= 0x20 && code_point < 0x7F) return false;  // nearly all characters of every text
    return std::any_of(kHidden.begin(), kHidden.end(), [code_point](const auto& range) {
        return range.first <= code_point && code_point <= range.second;
    });
}

std::string escape(std::string_view text, std::size_t max) {
    max = std::max(max, kEllipsis.size());
    std::string out;
    std::size_t used = 0;  // characters
    std::size_t cut = 0;   // bytes that leave room for the ellipsis
    while (!text.empty()) {
        const Character first = first_character(text);
        used += append_escaped(out, text, first);
        if (used > max) return out.replace(cut, std::string::npos, kEllipsis);
        if (used <= max - kEllipsis.size()) cut = out.size();
        text.remove_prefix(first.nbytes);
    }
    return out;
}

namespace core {

std::string printable(std::string_view text) {
    constexpr std::size_t kMaxShown = 120;
    return escape(text, kMaxShown);
}

}  // namespace core
}  // namespace milepost
