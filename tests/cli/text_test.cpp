#include <doctest/doctest.h>

#include <string>

#include "suggest.hpp"
#include "text.hpp"

using namespace milepost::cli;
using milepost::Codec;
using milepost::Role;

TEST_CASE("escape: text that shows itself stays") {
    CHECK(escape("model/conv1.weight") == "model/conv1.weight");
    CHECK(escape("gewi\u00e7ht \u6743\u91cd \U0001F600") == "gewi\u00e7ht \u6743\u91cd \U0001F600");
    CHECK(escape("") == "");
}

TEST_CASE("escape: control characters") {
    CHECK(escape(std::string_view("a\0b", 3)) == "a\\u{0}b");
    CHECK(escape("\x1b[31m") == "\\u{1b}[31m");
    CHECK(escape("a\tb\nc\r") == "a\\u{9}b\\u{a}c\\u{d}");
    CHECK(escape("\x1f\x20\x7e\x7f") == "\\u{1f} ~\\u{7f}");
    CHECK(escape("\u0080\u009b\u009f\u00a0") == "\\u{80}\\u{9b}\\u{9f}\u00a0");
}

TEST_CASE("escape: characters that hide or turn text around") {
    CHECK(escape("\u200b\u200e\u2028\u2029\u202e\u2066\u2069\ufeff") ==
          "\\u{200b}\\u{200e}\\u{2028}\\u{2029}\\u{202e}\\u{2066}\\u{2069}\\u{feff}");
    CHECK(escape("\u200a\u2010\u2027\u202f\u205f\u2070") == "\u200a\u2010\u2027\u202f\u205f\u2070");
    CHECK(escape("\U000E0041") == "\\u{e0041}");
}

TEST_CASE("escape: a backslash is doubled, so that no name can pose as an escaped one") {
    CHECK(escape("\\u{1b}") == "\\\\u{1b}");
}

TEST_CASE("escape: bytes that are no UTF-8") {
    CHECK(escape("a\xff") == "a\\xff");
    CHECK(escape("\x80") == "\\x80");
    CHECK(escape("\xc3") == "\\xc3");                             // cut
    CHECK(escape("\xe2\x82z") == "\\xe2\\x82z");                  // cut
    CHECK(escape("\xc0\xaf") == "\\xc0\\xaf");                    // overlong
    CHECK(escape("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");           // overlong
    CHECK(escape("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // surrogate
    CHECK(escape("\xed\x9f\xbf") == "\xed\x9f\xbf");              // the last before
    CHECK(escape("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
    CHECK(escape("\xf4\x8f\xbf\xbf") == "\xf4\x8f\xbf\xbf");
}

TEST_CASE("escape_short: cut at the limit, between two characters") {
    CHECK(escape_short("abcdef", 6) == "abcdef");
    CHECK(escape_short("abcdefg", 6) == "abc...");
    CHECK(escape_short("\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", 6) == "\u00e9\u00e9\u00e9...");
    CHECK(escape_short("\n\nab", 6) == "...");
    CHECK(escape_short("a\n", 6) == "a\\u{a}");
    CHECK(escape_short("abcd", 3) == "...");
}

TEST_CASE("iec: bounds of each unit") {
    CHECK(iec(0) == "0 B");
    CHECK(iec(1023) == "1023 B");
    CHECK(iec(1024) == "1.0 KiB");
    CHECK(iec(1800) == "1.8 KiB");
    CHECK(iec(1024 * 1024 - 1) == "1.0 MiB");
    CHECK(iec(1023 * 1024) == "1023.0 KiB");
    CHECK(iec(1ULL << 20U) == "1.0 MiB");
    CHECK(iec(1ULL << 40U) == "1.0 TiB");
    CHECK(iec(UINT64_MAX) == "16.0 EiB");
}

TEST_CASE("grouped: a comma before every third digit") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(1000) == "1,000");
    CHECK(grouped(61706) == "61,706");
    CHECK(grouped(100000) == "100,000");
    CHECK(grouped(UINT64_MAX) == "18,446,744,073,709,551,615");
}

TEST_CASE("counted: one and many") {
    CHECK(counted(0, "chunk") == "0 chunks");
    CHECK(counted(1, "chunk") == "1 chunk");
    CHECK(counted(1000, "chunk") == "1,000 chunks");
}

TEST_CASE("words of codecs and roles") {
    CHECK(word(Codec::raw) == "raw");
    CHECK(word(Codec::zstd) == "zstd");
    CHECK(word(Role::plain) == "plain");
    CHECK(word(Role::parameter) == "parameter");
    CHECK(word(Role::buffer) == "buffer");
}

TEST_CASE("table: columns are as wide as their widest cell, counted in characters") {
    using Align = Table::Align;
    Table table({Align::left, Align::right, Align::left});
    table.add({"a", "1", "x"});
    table.add({"\u00e9\u00e9\u00e9", "100", ""});
    CHECK(table.to_string() ==
          "a      1  x\n"
          "\u00e9\u00e9\u00e9  100\n");
}

TEST_CASE("table: a cell beyond the limit sticks out alone") {
    using Align = Table::Align;
    Table table({Align::left, Align::left}, 4);
    table.add({"abcd", "x"});
    table.add({"abcde", "y"});
    CHECK(table.to_string() == "abcd  x\nabcde  y\n");
}

TEST_CASE("table: no rows, no text") {
    CHECK(Table({Table::Align::left}).to_string().empty());
}

TEST_CASE("suggest: the nearest word") {
    const std::vector<std::string> commands = {"info", "ls", "verify"};
    CHECK(suggest("inof", commands) == "info");
    CHECK(suggest("nifo", commands) == "info");
    CHECK(suggest("verfy", commands) == "verify");
    CHECK(suggest("verifyy", commands) == "verify");
    CHECK(suggest("list", commands) == "ls");
    CHECK(suggest("l", commands) == "ls");
    CHECK(suggest("sl", commands) == "ls");
    CHECK(suggest("info", commands) == "info");
}

TEST_CASE("suggest: nothing where nothing is near") {
    const std::vector<std::string> commands = {"info", "ls", "verify"};
    CHECK(suggest("diff", commands) == "");
    CHECK(suggest("cp", commands) == "");
    CHECK(suggest("", commands) == "");
    CHECK(suggest("x", commands) == "");
    CHECK(suggest(std::string(100'000, 'a'), commands) == "");
}
