#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/text.hpp"

using milepost::core::has_control;
using milepost::core::is_utf8;
using milepost::core::printable;
using namespace std::string_view_literals;

namespace {

/// The text at each place of a word of 8 bytes and across two: the fast paths must not see it differently.
template <class Check>
void at_each_place(std::string_view text, Check check) {
    for (std::size_t before = 0; before < 17; ++before) {
        for (std::size_t behind = 0; behind < 17; ++behind) {
            CAPTURE(before);
            CAPTURE(behind);
            check(std::string(before, 'a') + std::string(text) + std::string(behind, 'z'));
        }
    }
}

/// UTF-8 of any number below 2^21, surrogates too.
std::string encode(unsigned code_point) {
    const auto byte = [](unsigned bits) { return static_cast<char>(bits); };
    if (code_point < 0x80U) return {byte(code_point)};
    if (code_point < 0x800U) return {byte(0xC0U | code_point >> 6U), byte(0x80U | (code_point & 0x3FU))};
    if (code_point < 0x10000U) {
        return {byte(0xE0U | code_point >> 12U), byte(0x80U | (code_point >> 6U & 0x3FU)),
                byte(0x80U | (code_point & 0x3FU))};
    }
    return {byte(0xF0U | code_point >> 18U), byte(0x80U | (code_point >> 12U & 0x3FU)),
            byte(0x80U | (code_point >> 6U & 0x3FU)), byte(0x80U | (code_point & 0x3FU))};
}

}  // namespace

TEST_CASE("text: every code point but the surrogates is UTF-8") {
    for (unsigned code_point = 0; code_point < 0x120000U; ++code_point) {
        const bool expected = code_point < 0x110000U && (code_point < 0xD800U || code_point > 0xDFFFU);
        if (is_utf8(encode(code_point)) != expected) FAIL_CHECK("code point " << code_point);
    }
}

TEST_CASE("text: what is no UTF-8, at each place") {
    const std::vector<std::string_view> bad = {
        "\x80"sv,  // continuation alone
        "\xBF"sv,
        "\xC0\x80"sv,  // overlong
        "\xC1\xBF"sv,
        "\xE0\x80\x80"sv,
        "\xE0\x9F\xBF"sv,
        "\xF0\x80\x80\x80"sv,
        "\xF0\x8F\xBF\xBF"sv,
        "\xED\xA0\x80"sv,  // surrogates
        "\xED\xBF\xBF"sv,
        "\xF4\x90\x80\x80"sv,  // above U+10FFFF
        "\xF5\x80\x80\x80"sv,
        "\xF8\x88\x80\x80\x80"sv,
        "\xFE"sv,
        "\xFF"sv,
        "\xC3"sv,  // cut
        "\xE2\x82"sv,
        "\xF0\x9F\x98"sv,
        "\xC3\xC3\xA9"sv,  // a lead byte where a continuation should be
        "\xE2\x82\x41"sv,
    };
    for (const auto text : bad)
        at_each_place(text, [](const std::string& all) { CHECK_FALSE(is_utf8(all)); });
}

TEST_CASE("text: what is UTF-8, at each place") {
    for (const auto text :
         {""sv, "\0"sv, "\x7F"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv,
          "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv}) {
        at_each_place(text, [](const std::string& all) { CHECK(is_utf8(all)); });
    }
}

TEST_CASE("text: controls are U+0000-1F and U+007F-9F") {
    for (unsigned code_point = 0; code_point < 0x300U; ++code_point) {
        CAPTURE(code_point);
        const bool expected = code_point < 0x20U || (code_point >= 0x7FU && code_point <= 0x9FU);
        CHECK(has_control(encode(code_point)) == expected);
        if (code_point < 0x20U || code_point > 0x7DU) {
            at_each_place(encode(code_point),
                          [&](const std::string& all) { CHECK(has_control(all) == expected); });
        }
    }
    CHECK_FALSE(has_control(""));
}

TEST_CASE("text: bytes 80 to 9F within other characters are no controls") {
    // U+20AC is E2 82 AC, U+1F600 is F0 9F 98 80.
    at_each_place("\xE2\x82\xAC\xF0\x9F\x98\x80",
                  [](const std::string& all) { CHECK_FALSE(has_control(all)); });
    CHECK_FALSE(has_control("\x85"));
    CHECK_FALSE(has_control("\xC2"));
}

TEST_CASE("printable: plain text stays as it is") {
    CHECK(printable("") == "");
    CHECK(printable("conv1.weight") == "conv1.weight");
    CHECK(printable("a\\b \"c\" \x7E") == "a\\b \"c\" ~");
    CHECK(printable("Gr\xC3\xBC\xC3\x9F"
                    "e \xE2\x82\xAC \xF0\x9F\x98\x80") ==
          "Gr\xC3\xBC\xC3\x9F"
          "e \xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST_CASE("printable: control characters are escaped") {
    CHECK(printable("a\0b"sv) == "a\\u{0}b");
    CHECK(printable("\x1b[31m\n\r\t\x1f\x7f") == "\\u{1b}[31m\\u{a}\\u{d}\\u{9}\\u{1f}\\u{7f}");
    CHECK(printable("\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0") == "\\u{80}\\u{9b}\\u{9f}\xC2\xA0");
}

TEST_CASE("printable: bidi controls and line separators are escaped") {
    for (const unsigned code_point : {0x61CU, 0x200EU, 0x200FU, 0x2028U, 0x2029U, 0x202AU, 0x202BU, 0x202CU,
                                      0x202DU, 0x202EU, 0x2066U, 0x2067U, 0x2068U, 0x2069U}) {
        CHECK(printable(encode(code_point)).substr(0, 3) == "\\u{");
    }
    CHECK(printable("a\xE2\x80\xAE"
                    "b") == "a\\u{202e}b");
    for (const unsigned code_point : {0x61BU, 0x61DU, 0x200DU, 0x2010U, 0x2027U, 0x202FU, 0x2065U, 0x206AU}) {
        CHECK(printable(encode(code_point)) == encode(code_point));
    }
}

TEST_CASE("printable: bytes that are no UTF-8 are escaped one by one") {
    CHECK(printable("a\xFF\xC3") == "a\\xff\\xc3");
    CHECK(printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");
    CHECK(printable("\xE2\x82z") == "\\xe2\\x82z");
}

TEST_CASE("printable: cut at the limit, not within a character or an escape") {
    CHECK(printable(std::string(120, 'a')) == std::string(120, 'a'));
    CHECK(printable(std::string(121, 'a')) == std::string(117, 'a') + "...");
    CHECK(printable("abcdefg", 7) == "abcdefg");
    CHECK(printable("abcdefgh", 7) == "abcd...");
    CHECK(printable("abc\xE2\x82\xAC"
                    "de",
                    8) ==
          "abc\xE2\x82\xAC"
          "de");
    CHECK(printable("abc\xE2\x82\xAC"
                    "def",
                    8) == "abc...");
    CHECK(printable("abc\xE2\x82\xAC"
                    "defg",
                    9) == "abc\xE2\x82\xAC...");
    CHECK(printable("ab\n\n", 12) == "ab\\u{a}\\u{a}");
    CHECK(printable("ab\n\n", 11) == "ab\\u{a}...");
    CHECK(printable("ab\n\n", 9) == "ab...");
    CHECK(printable("abcd", 3) == "...");
    CHECK(printable("abcd", 0) == "...");
    CHECK(printable("abc", 0) == "abc");
}
