#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include <milepost/text.hpp>

#include "core/pattern.hpp"

using milepost::matches;
using milepost::core::fill_pattern;
using milepost::core::match_pattern;

TEST_CASE("pattern: without wildcards the whole text must be equal") {
    CHECK(matches("model/fc1.weight", "model/fc1.weight"));
    CHECK_FALSE(matches("model", "model/fc1.weight"));
    CHECK_FALSE(matches("weight", "model/fc1.weight"));
    CHECK_FALSE(matches("model/fc1.weight", "model/fc1.weigh"));
    CHECK(matches("", ""));
    CHECK_FALSE(matches("", "a"));
}

TEST_CASE("pattern: a star matches any text, slashes and nothing too") {
    CHECK(matches("*", ""));
    CHECK(matches("*", "a/b/c"));
    CHECK(matches("model/*", "model/"));
    CHECK(matches("*weight", "model/fc1.weight"));
    CHECK(matches("m*1*t", "model/fc1.weight"));
    CHECK(matches("**a**", "a"));
    CHECK_FALSE(matches("m*2*t", "model/fc1.weight"));
    CHECK_FALSE(matches("*a", "ab"));
}

TEST_CASE("pattern: a star gives back what later parts need") {
    CHECK(matches("*ab", "aab"));
    CHECK(matches("*aab*b", "aaabxb"));
    CHECK_FALSE(matches("*ab*ab", "abxb"));
}

TEST_CASE("pattern: a question mark is one character, not one byte") {
    CHECK(matches("a?c", "abc"));
    CHECK(matches("a?c", "a/c"));
    CHECK(matches("a?c", "a\u00e9c"));
    CHECK(matches("a?c",
                  "a\xff"
                  "c"));
    CHECK_FALSE(matches("a?c", "ac"));
    CHECK_FALSE(matches("a?", "a"));
    CHECK_FALSE(matches("a?c", "abbc"));
}

TEST_CASE("pattern: brackets list characters and ranges") {
    CHECK(matches("fc[13].weight", "fc1.weight"));
    CHECK_FALSE(matches("fc[13].weight", "fc2.weight"));
    CHECK(matches("fc[1-3]", "fc2"));
    CHECK_FALSE(matches("fc[1-3]", "fc4"));
    CHECK_FALSE(matches("fc[1-3]", "fc0"));
    CHECK(matches("[\u00e0-\u00ff]", "\u00e9"));
    CHECK(matches("[a-]", "-"));
    CHECK(matches("[-a]", "-"));
}

TEST_CASE("pattern: brackets can be negated") {
    CHECK(matches("fc[!13]", "fc2"));
    CHECK_FALSE(matches("fc[!13]", "fc3"));
    CHECK(matches("fc[^13]", "fc2"));
    CHECK_FALSE(matches("fc[!1]", "fc"));
}

TEST_CASE("pattern: a closing bracket that comes first is a member") {
    CHECK(matches("[]]", "]"));
    CHECK(matches("[]a]", "a"));
    CHECK_FALSE(matches("[!]a]", "]"));
    CHECK(matches("[!]a]", "b"));
}

TEST_CASE("pattern: a bracket that does not end matches itself") {
    CHECK(matches("a[b", "a[b"));
    CHECK(matches("[", "["));
    CHECK(matches("[]", "[]"));
    CHECK(matches("[a\\", "[a\\"));
    CHECK_FALSE(matches("a[b", "ab"));
}

TEST_CASE("pattern: a backslash takes the meaning away") {
    CHECK(matches("a\\*", "a*"));
    CHECK_FALSE(matches("a\\*", "ab"));
    CHECK(matches("\\[a]", "[a]"));
    CHECK(matches("[\\]]", "]"));
    CHECK(matches("[a\\-c]", "-"));
    CHECK_FALSE(matches("[a\\-c]", "b"));
    CHECK(matches("a\\\\b", "a\\b"));
    CHECK(matches("a\\", "a\\"));
}

TEST_CASE("pattern: many stars do not take exponential time") {
    std::string pattern;
    for (int i = 0; i < 40; ++i)
        pattern += "a*";
    CHECK_FALSE(matches(pattern + "b", std::string(2000, 'a')));
}

TEST_CASE("pattern: brackets that do not end do not take quadratic time") {
    const std::string brackets(200'000, '[');
    CHECK(matches(brackets, brackets));
    CHECK(matches("[[]", "["));
}

TEST_CASE("pattern: what each star matched, as few characters as possible, but the whole name") {
    using Parts = std::vector<std::string_view>;
    CHECK(match_pattern("a.b", "a.b") == Parts{});
    CHECK_FALSE(match_pattern("a.b", "a.b.c"));
    CHECK(match_pattern("*", "") == Parts{""});
    CHECK(match_pattern("*", "a.b") == Parts{"a.b"});
    CHECK(match_pattern("a*", "a") == Parts{""});
    CHECK(match_pattern("*.*", "a.b.c") == Parts{"a", "b.c"});
    CHECK(match_pattern("*.weight", "a.weight.weight") == Parts{"a.weight"});
    CHECK(match_pattern("a*a", "aa") == Parts{""});
    CHECK_FALSE(match_pattern("a*a", "a"));
    CHECK(match_pattern("*ab*ab*", "xababy") == Parts{"x", "", "y"});
    CHECK(match_pattern("**", "ab") == Parts{"", "ab"});
    CHECK(match_pattern("*?*", "\u00e9b") == Parts{"", "b"});
    CHECK(match_pattern("*.[0-9].*", "a.b.3.c") == Parts{"a.b", "c"});
    CHECK(match_pattern("*\\*", "\u00e9**") == Parts{"\u00e9*"});
}

TEST_CASE("pattern: names made to be slow are not") {
    const std::string name(4000, 'a');
    std::string pattern;
    for (int i = 0; i < 500; ++i)
        pattern += "a*";
    CHECK_FALSE(match_pattern(pattern + "b", name));
    CHECK(match_pattern(pattern, name));
}

TEST_CASE("pattern: stars are filled in order, and one too many stays") {
    CHECK(fill_pattern("x*y*z*", {"1", "2"}) == "x1y2z*");
    CHECK(fill_pattern("short", {"1", "2"}) == "short");
    CHECK(fill_pattern("\\*.*", {"1"}) == "*.1");
    CHECK(fill_pattern("l\\[0\\].?[*]", {"1"}) == "l[0].?[1]");
    CHECK(fill_pattern("a\\\\b\\", {}) == "a\\b\\");
}
