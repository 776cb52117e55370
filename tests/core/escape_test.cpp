#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "core/storage_provider.hpp"
#include "core/text.hpp"
#include "encode.hpp"

using milepost::escape;
using milepost::is_hidden;
using namespace std::string_view_literals;

namespace {

constexpr std::size_t kHiddenCount = 4'244;

/// The list of milepost/text.hpp once more, one condition for each kind.
bool expected_hidden(char32_t c) {
    const bool control = c <= 0x1F || (c >= 0x7F && c <= 0x9F);
    const bool separator = c == 0x2028 || c == 0x2029;
    const bool direction = c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
                           (c >= 0x2066 && c <= 0x2069);
    const bool ignorable = c == 0xAD || c == 0x34F || c == 0x115F || c == 0x1160 || c == 0x17B4 ||
                           c == 0x17B5 || (c >= 0x180B && c <= 0x180F) || (c >= 0x200B && c <= 0x200D) ||
                           (c >= 0x2060 && c <= 0x206F) || c == 0x3164 || (c >= 0xFE00 && c <= 0xFE0F) ||
                           c == 0xFEFF || c == 0xFFA0 || (c >= 0xFFF0 && c <= 0xFFF8) ||
                           (c >= 0x1BCA0 && c <= 0x1BCA3) || (c >= 0x1D173 && c <= 0x1D17A) ||
                           (c >= 0xE0000 && c <= 0xE0FFF);
    const bool annotation = c >= 0xFFF9 && c <= 0xFFFB;
    return control || separator || direction || ignorable || annotation;
}

std::string hex_of(unsigned number) {
    std::string digits;
    for (; number != 0 || digits.empty(); number /= 16)
        digits.insert(digits.begin(), "0123456789abcdef"[number % 16]);
    return digits;
}

/// Calls `check` with each character that is hidden: its UTF-8 and its escape.
template <class Check>
void for_each_hidden(Check check) {
    for (unsigned code_point = 0; code_point < 0x110000U; ++code_point) {
        if (expected_hidden(code_point)) check(encode(code_point), "\\u{" + hex_of(code_point) + "}");
    }
}

}  // namespace

TEST_CASE("escape: the whole list, and nothing else") {
    std::size_t count = 0;
    for (unsigned code_point = 0; code_point < 0x110000U; ++code_point) {
        if (code_point >= 0xD800U && code_point <= 0xDFFFU) continue;
        const std::string text = encode(code_point);
        std::string expected = text;
        if (code_point == '\\') expected = "\\\\";
        if (expected_hidden(code_point)) {
            expected = "\\u{" + hex_of(code_point) + "}";
            ++count;
        }
        const bool right = escape(text) == expected && is_hidden(code_point) == expected_hidden(code_point);
        if (!right) FAIL_CHECK("code point " << code_point);
    }
    CHECK(count == kHiddenCount);
}

TEST_CASE("escape: messages escape the whole list") {
    std::size_t count = 0;
    for_each_hidden([&](const std::string& text, const std::string& escaped) {
        ++count;
        milepost::TensorView tensor;
        const std::string name = "a" + text + "b";  // the view borrows it
        milepost::detail::ViewAccess::set_origin(tensor, name, 0);
        const std::string message = tensor.as<double>().error().message();
        if (message.find("a" + escaped + "b") == std::string::npos) FAIL_CHECK(escaped << ": " << message);
    });
    CHECK(count == kHiddenCount);
}

TEST_CASE("escape: values escape the whole list") {
    for_each_hidden([](const std::string& text, const std::string& escaped) {
        if (milepost::to_string(text) != "'" + escaped + "'") FAIL_CHECK(escaped);
    });
}

TEST_CASE("escape: plain text stays as it is") {
    CHECK(escape("") == "");
    CHECK(escape("model/conv1.weight") == "model/conv1.weight");
    CHECK(escape("a \"c\" \x7E") == "a \"c\" ~");
    CHECK(escape("gewi\u00e7ht \u6743\u91cd \U0001F600") == "gewi\u00e7ht \u6743\u91cd \U0001F600");
}

TEST_CASE("escape: control characters") {
    CHECK(escape("a\0b"sv) == "a\\u{0}b");
    CHECK(escape("\x1b[31m\n\r\t\x1f\x7f") == "\\u{1b}[31m\\u{a}\\u{d}\\u{9}\\u{1f}\\u{7f}");
    CHECK(escape("\u0080\u009b\u009f\u00a0") == "\\u{80}\\u{9b}\\u{9f}\u00a0");
}

TEST_CASE("escape: a backslash is doubled, so that a name cannot look like an escaped one") {
    CHECK(escape("\\u{1b}") == "\\\\u{1b}");
    CHECK(escape("\\") == "\\\\");
}

TEST_CASE("escape: bytes that are not UTF-8 are escaped one by one") {
    CHECK(escape("a\xff") == "a\\xff");
    CHECK(escape("\x80") == "\\x80");
    CHECK(escape("\xc3") == "\\xc3");                    // cut
    CHECK(escape("\xe2\x82z") == "\\xe2\\x82z");         // cut
    CHECK(escape("\xc0\xaf") == "\\xc0\\xaf");           // overlong
    CHECK(escape("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");  // overlong
    CHECK(escape("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // surrogate
    CHECK(escape("\xed\x9f\xbf") == "\xed\x9f\xbf");     // the last before the surrogates
    CHECK(escape("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
    CHECK(escape("\xf4\x8f\xbf\xbf") == "\xf4\x8f\xbf\xbf");
}

TEST_CASE("escape: cut at the limit, counted in characters, not within an escape") {
    CHECK(escape("abcdef", 6) == "abcdef");
    CHECK(escape("abcdefg", 6) == "abc...");
    CHECK(escape("\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", 6) == "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9");
    CHECK(escape("\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", 6) == "\u00e9\u00e9\u00e9...");
    CHECK(escape("\n\nab", 6) == "...");
    CHECK(escape("a\n", 6) == "a\\u{a}");
    CHECK(escape("ab\n\n", 12) == "ab\\u{a}\\u{a}");
    CHECK(escape("ab\n\n", 11) == "ab\\u{a}...");
    CHECK(escape("ab\n\n", 9) == "ab...");
    CHECK(escape("a\\\\\\", 6) == "a\\\\...");
    CHECK(escape("abcd", 3) == "...");
    CHECK(escape("abcd", 0) == "...");
    CHECK(escape("abc", 0) == "abc");
}

TEST_CASE("printable: what messages show is cut at 120 characters") {
    using milepost::core::printable;
    CHECK(printable(std::string(120, 'a')) == std::string(120, 'a'));
    CHECK(printable(std::string(121, 'a')) == std::string(117, 'a') + "...");
    CHECK(printable("a\n") == "a\\u{a}");
}
