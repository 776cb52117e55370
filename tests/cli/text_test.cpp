#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "suggest.hpp"
#include "text.hpp"

using namespace milepost::cli;

namespace {

std::string text_of(Table& table, const std::vector<std::vector<std::string>>& rows) {
    for (const auto& row : rows)
        table.measure(row);
    std::string text;
    for (const auto& row : rows)
        text += table.line(row);
    return text;
}

}  // namespace

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

TEST_CASE("saturating_add: stops at the largest number") {
    CHECK(saturating_add(1, 2) == 3);
    CHECK(saturating_add(UINT64_MAX, 0) == UINT64_MAX);
    CHECK(saturating_add(UINT64_MAX - 1, 1) == UINT64_MAX);
    CHECK(saturating_add(UINT64_MAX, 1) == UINT64_MAX);
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

TEST_CASE("table: columns are as wide as their widest cell, counted in characters") {
    using Align = Table::Align;
    Table table({Align::left, Align::right, Align::left});
    CHECK(text_of(table, {{"a", "1", "x"}, {"\u00e9\u00e9\u00e9", "100", ""}}) ==
          "a      1  x\n"
          "\u00e9\u00e9\u00e9  100\n");
}

TEST_CASE("table: a cell beyond the limit moves the rest of its row alone") {
    using Align = Table::Align;
    Table table({Align::left, Align::left}, 4);
    CHECK(text_of(table, {{"abcd", "x"}, {"abcde", "y"}}) == "abcd  x\nabcde  y\n");
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
