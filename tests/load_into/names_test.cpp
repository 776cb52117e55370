#include <doctest/doctest.h>

#include "loading/name_mapping.hpp"

// Patterns, prefixes, renaming.
using namespace milepost;
using milepost::loading::live_name;
using milepost::loading::match_pattern;

namespace {

using Parts = std::vector<std::string_view>;

}  // namespace

TEST_CASE("patterns: without a star, the name itself") {
    CHECK(match_pattern("a.b", "a.b") == Parts{});
    CHECK_FALSE(match_pattern("a.b", "a.b.c"));
    CHECK_FALSE(match_pattern("a.b.c", "a.b"));
    CHECK(match_pattern("", "") == Parts{});
    CHECK_FALSE(match_pattern("", "a"));
}

TEST_CASE("patterns: a star stands for any characters, none among them") {
    CHECK(match_pattern("*", "") == Parts{""});
    CHECK(match_pattern("*", "a.b") == Parts{"a.b"});
    CHECK(match_pattern("a*", "a") == Parts{""});
    CHECK(match_pattern("*b", "ab") == Parts{"a"});
    CHECK_FALSE(match_pattern("a*", "ba"));
    CHECK_FALSE(match_pattern("*a", "ab"));
}

TEST_CASE("patterns: as few characters as possible, but the whole name") {
    CHECK(match_pattern("*.*", "a.b.c") == Parts{"a", "b.c"});
    CHECK(match_pattern("*.weight", "a.weight.weight") == Parts{"a.weight"});
    CHECK(match_pattern("a*a", "aa") == Parts{""});
    CHECK_FALSE(match_pattern("a*a", "a"));
    CHECK(match_pattern("*ab*ab*", "xababy") == Parts{"x", "", "y"});
    CHECK(match_pattern("**", "ab") == Parts{"", "ab"});
}

TEST_CASE("patterns: names made to be slow are not") {
    // With backtracking this takes longer than the universe is old.
    const std::string name(4000, 'a');
    std::string pattern;
    for (int i = 0; i < 500; ++i)
        pattern += "a*";
    CHECK_FALSE(match_pattern(pattern + "b", name));
    CHECK(match_pattern(pattern, name));
}

TEST_CASE("renaming: stars are filled in order, and one too many stays") {
    CHECK(live_name("a.1.b.2", {.rename = {{"a.*.b.*", "x*y*z*"}}}) == "x1y2z*");
    CHECK(live_name("a.1.b.2", {.rename = {{"a.*.b.*", "short"}}}) == "short");
    CHECK(live_name("other", {.rename = {{"a.*", "b.*"}}}) == "other");
}

TEST_CASE("renaming: prefixes come off first; an empty prefix does no harm") {
    CHECK(live_name("m.m.a", {.strip_prefixes = {"", "m."}, .rename = {{"a", "b"}}}) == "b");
    CHECK(live_name("m.", {.strip_prefixes = {"m."}}).empty());
}
