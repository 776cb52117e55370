#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include <milepost/text.hpp>

#include "core/text.hpp"
#include "encode.hpp"

using milepost::first_character;
using milepost::core::has_control;
using milepost::core::is_utf8;
using namespace std::string_view_literals;

namespace {

/// The text at each place of a word of 8 bytes and across two: the fast paths must not see it differently.
template <class Check>
void at_each_place(std::string_view text, Check check) {
    for (std::size_t before = 0; before < 17; ++before) {
        for (std::size_t after = 0; after < 17; ++after) {
            CAPTURE(before);
            CAPTURE(after);
            check(std::string(before, 'a') + std::string(text) + std::string(after, 'z'));
        }
    }
}

}  // namespace

TEST_CASE("text: every code point but the surrogates is UTF-8") {
    for (unsigned code_point = 0; code_point < 0x120000U; ++code_point) {
        const bool expected = code_point < 0x110000U && (code_point < 0xD800U || code_point > 0xDFFFU);
        if (is_utf8(encode(code_point)) != expected) FAIL_CHECK("code point " << code_point);
    }
}

TEST_CASE("text: what is not UTF-8, at each place") {
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

TEST_CASE("text: bytes 80 to 9F within other characters are not controls") {
    // U+20AC is E2 82 AC, U+1F600 is F0 9F 98 80.
    at_each_place("\xE2\x82\xAC\xF0\x9F\x98\x80",
                  [](const std::string& all) { CHECK_FALSE(has_control(all)); });
    CHECK_FALSE(has_control("\x85"));
    CHECK_FALSE(has_control("\xC2"));
}

TEST_CASE("text: the first character, and a byte that is not UTF-8") {
    for (unsigned code_point = 0; code_point < 0x120000U; ++code_point) {
        const bool valid = code_point < 0x110000U && (code_point < 0xD800U || code_point > 0xDFFFU);
        const std::string text = encode(code_point);
        const auto first = first_character(text + "\xC3\xA9");
        const bool right = first.valid == valid && first.nbytes == (valid ? text.size() : 1) &&
                           (!valid || first.code_point == code_point);
        if (!right) FAIL_CHECK("code point " << code_point);
    }
    CHECK(first_character("\xFFz").code_point == 0xFFU);
    CHECK_FALSE(first_character("\xE2\x82").valid);
}
