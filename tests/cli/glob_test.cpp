#include <doctest/doctest.h>

#include <string>

#include "glob.hpp"

using milepost::cli::Glob;

TEST_CASE("glob: without wildcards the whole text must be equal") {
    CHECK(Glob("model/fc1.weight").matches("model/fc1.weight"));
    CHECK_FALSE(Glob("model").matches("model/fc1.weight"));
    CHECK_FALSE(Glob("weight").matches("model/fc1.weight"));
    CHECK_FALSE(Glob("model/fc1.weight").matches("model/fc1.weigh"));
    CHECK(Glob("").matches(""));
    CHECK_FALSE(Glob("").matches("a"));
}

TEST_CASE("glob: a star matches any text, slashes and nothing too") {
    CHECK(Glob("*").matches(""));
    CHECK(Glob("*").matches("a/b/c"));
    CHECK(Glob("model/*").matches("model/"));
    CHECK(Glob("*weight").matches("model/fc1.weight"));
    CHECK(Glob("m*1*t").matches("model/fc1.weight"));
    CHECK(Glob("**a**").matches("a"));
    CHECK_FALSE(Glob("m*2*t").matches("model/fc1.weight"));
    CHECK_FALSE(Glob("*a").matches("ab"));
}

TEST_CASE("glob: a star gives back what later parts need") {
    CHECK(Glob("*ab").matches("aab"));
    CHECK(Glob("*aab*b").matches("aaabxb"));
    CHECK_FALSE(Glob("*ab*ab").matches("abxb"));
}

TEST_CASE("glob: a question mark is one character, not one byte") {
    CHECK(Glob("a?c").matches("abc"));
    CHECK(Glob("a?c").matches("a/c"));
    CHECK(Glob("a?c").matches("a\u00e9c"));
    CHECK(
        Glob("a?c").matches("a\xff"
                            "c"));
    CHECK_FALSE(Glob("a?c").matches("ac"));
    CHECK_FALSE(Glob("a?").matches("a"));
    CHECK_FALSE(Glob("a?c").matches("abbc"));
}

TEST_CASE("glob: brackets list characters and ranges") {
    CHECK(Glob("fc[13].weight").matches("fc1.weight"));
    CHECK_FALSE(Glob("fc[13].weight").matches("fc2.weight"));
    CHECK(Glob("fc[1-3]").matches("fc2"));
    CHECK_FALSE(Glob("fc[1-3]").matches("fc4"));
    CHECK_FALSE(Glob("fc[1-3]").matches("fc0"));
    CHECK(Glob("[\u00e0-\u00ff]").matches("\u00e9"));
    CHECK(Glob("[a-]").matches("-"));
    CHECK(Glob("[-a]").matches("-"));
}

TEST_CASE("glob: brackets can be negated") {
    CHECK(Glob("fc[!13]").matches("fc2"));
    CHECK_FALSE(Glob("fc[!13]").matches("fc3"));
    CHECK(Glob("fc[^13]").matches("fc2"));
    CHECK_FALSE(Glob("fc[!1]").matches("fc"));
}

TEST_CASE("glob: a closing bracket that comes first is a member") {
    CHECK(Glob("[]]").matches("]"));
    CHECK(Glob("[]a]").matches("a"));
    CHECK_FALSE(Glob("[!]a]").matches("]"));
    CHECK(Glob("[!]a]").matches("b"));
}

TEST_CASE("glob: a bracket that does not end stands for itself") {
    CHECK(Glob("a[b").matches("a[b"));
    CHECK(Glob("[").matches("["));
    CHECK(Glob("[]").matches("[]"));
    CHECK(Glob("[a\\").matches("[a\\"));
    CHECK_FALSE(Glob("a[b").matches("ab"));
}

TEST_CASE("glob: a backslash takes the meaning away") {
    CHECK(Glob("a\\*").matches("a*"));
    CHECK_FALSE(Glob("a\\*").matches("ab"));
    CHECK(Glob("\\[a]").matches("[a]"));
    CHECK(Glob("[\\]]").matches("]"));
    CHECK(Glob("[a\\-c]").matches("-"));
    CHECK_FALSE(Glob("[a\\-c]").matches("b"));
    CHECK(Glob("a\\\\b").matches("a\\b"));
    CHECK(Glob("a\\").matches("a\\"));
}

TEST_CASE("glob: many stars do not take exponential time") {
    std::string pattern;
    for (int i = 0; i < 40; ++i)
        pattern += "a*";
    CHECK_FALSE(Glob(pattern + "b").matches(std::string(2000, 'a')));
}
