#include "python_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace lenet {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

/// Ranges above ASCII that Python escapes: controls, odd spaces, marks that turn or join text. Not all, but
/// those that are in use.
constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 10> kNotPrintable = {{
    {0x80, 0xA0},
    {0xAD, 0xAD},
    {0x1680, 0x1680},
    {0x2000, 0x200F},
    {0x2028, 0x202F},
    {0x205F, 0x206F},
    {0x3000, 0x3000},
    {0xE000, 0xF8FF},
    {0xFEFF, 0xFEFF},
    {0xFFF0, 0xFFFB},
}};

bool printable(std::uint32_t character) {
    if (character < 0x80) return character >= 0x20 && character != 0x7F;
    return std::none_of(kNotPrintable.begin(), kNotPrintable.end(), [character](const auto& range) {
        return range.first <= character && character <= range.second;
    });
}

/// `\x07`, `\u202e`
std::string hex_escape(std::uint32_t character) {
    const int digits = character < 0x100 ? 2 : character < 0x10000 ? 4 : 8;
    std::string text = digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U";
    for (int digit = digits - 1; digit >= 0; --digit) {
        text += kHexDigits[character >> static_cast<unsigned>(4 * digit) & 0xFU];
    }
    return text;
}

/// The bytes of the UTF-8 character that starts with `lead`.
std::size_t character_nbytes(unsigned char lead) {
    return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

std::uint32_t decode_character(std::string_view bytes) {
    const auto lead = static_cast<unsigned char>(bytes.front());
    std::uint32_t character = bytes.size() == 1 ? lead : lead & 0xFFU >> (bytes.size() + 1);
    for (const char byte : bytes.substr(1))
        character = character << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
    return character;
}

std::string escape(std::string_view character, char quote) {
    const std::uint32_t code = decode_character(character);
    if (code == '\\' || (quote != '\0' && code == static_cast<unsigned char>(quote))) {
        return std::string("\\").append(character);
    }
    if (code == '\n') return "\\n";
    if (code == '\r') return "\\r";
    if (code == '\t') return "\\t";
    return printable(code) ? std::string(character) : hex_escape(code);
}

}  // namespace

std::string python_float(double number) {
    if (std::isnan(number)) return "nan";
    if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
    const double size = std::abs(number);
    const bool fixed = size == 0 || (size >= 1e-4 && size < 1e16);
    std::array<char, 64> text = {};
    const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, format).ptr;
    std::string result(text.data(), end);
    if (fixed && result.find('.') == std::string::npos) result += ".0";
    return result;
}

std::string python_int(std::span<const std::byte> bytes) {
    std::vector<std::uint32_t> magnitude;
    for (const std::byte byte : bytes)
        magnitude.push_back(std::to_integer<std::uint32_t>(byte));
    const bool negative = !magnitude.empty() && magnitude.back() >= 0x80;
    std::uint32_t carry = 1;
    for (std::uint32_t& byte : magnitude) {
        if (!negative) break;
        carry += byte ^ 0xFFU;
        byte = carry & 0xFFU;
        carry >>= 8U;
    }
    std::string digits;
    do {  // divide by ten until nothing is left
        std::uint32_t rest = 0;
        for (std::size_t i = magnitude.size(); i-- > 0;) {
            rest = rest << 8U | magnitude[i];
            magnitude[i] = rest / 10;
            rest %= 10;
        }
        digits += static_cast<char>('0' + rest);
        while (!magnitude.empty() && magnitude.back() == 0)
            magnitude.pop_back();
    } while (!magnitude.empty());
    if (negative) digits += '-';
    std::reverse(digits.begin(), digits.end());
    return digits;
}

std::string python_escaped(std::string_view text, char quote) {
    std::string escaped;
    while (!text.empty()) {
        const std::size_t nbytes =
            std::min(character_nbytes(static_cast<unsigned char>(text.front())), text.size());
        escaped += escape(text.substr(0, nbytes), quote);
        text.remove_prefix(nbytes);
    }
    return escaped;
}

std::string python_string(std::string_view text) {
    const bool has_single = text.find('\'') != std::string_view::npos;
    const bool has_double = text.find('"') != std::string_view::npos;
    const char quote = has_single && !has_double ? '"' : '\'';
    return quote + python_escaped(text, quote) + quote;
}

std::string python_bytes(std::span<const std::byte> bytes) {
    const auto has = [&](char wanted) {
        return std::find(bytes.begin(), bytes.end(), static_cast<std::byte>(wanted)) != bytes.end();
    };
    const char quote = has('\'') && !has('"') ? '"' : '\'';
    std::string text = {'b', quote};
    for (const std::byte byte : bytes) {
        const auto character = std::to_integer<unsigned char>(byte);
        const char as_text = static_cast<char>(character);
        text += character < 0x80 ? escape({&as_text, 1}, quote) : hex_escape(character);
    }
    return text + quote;
}

}  // namespace lenet
