#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/canonical_key.hpp"

using milepost::Value;
using namespace milepost::core;

TEST_CASE("key text: of each kind") {
    CHECK(key_text("conv1.weight") == "conv1.weight");
    CHECK(key_text("") == "");
    CHECK(key_text(-3) == "-3");
    CHECK(key_text(UINT64_MAX) == "18446744073709551615");
    CHECK(key_text(nullptr) == "None");
    CHECK(key_text(true) == "True");
    CHECK(key_text(false) == "False");
    CHECK(key_text(0.5) == "0.5");
    CHECK(key_text(milepost::Bytes{{std::byte{0x00}, std::byte{0xFF}, std::byte{0x1A}}}) == "b00ff1a");
    CHECK(key_text(milepost::Bytes{}) == "b");
}

TEST_CASE("key text: tuples") {
    CHECK(key_text(milepost::Tuple{}) == "()");
    CHECK(key_text(milepost::Tuple{{1}}) == "(1)");
    CHECK(key_text(milepost::Tuple{{1, "a", nullptr}}) == "(1,a,None)");
    CHECK(key_text(milepost::Tuple{{milepost::Tuple{{1, 2}}, milepost::Tuple{}, 3.0}}) == "((1,2),(),3.0)");
}

TEST_CASE("key text: what is not a key") {
    CHECK(key_text(milepost::List{}) == "<list>");
    CHECK(key_text(milepost::TensorView()) == "<tensor>");
    CHECK(key_text(std::complex<double>(1, 2)) == "<complex>");
}

TEST_CASE("float text: as Python's repr") {
    // What Python 3 prints for these.
    const std::vector<std::pair<double, std::string>> reprs = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3.0, "0.3333333333333333"},
        {123456.789, "123456.789"},
        {100.0, "100.0"},
        {0.001, "0.001"},
        {0.0001, "0.0001"},
        {0.00012345, "0.00012345"},
        {9.999e-05, "9.999e-05"},
        {1e-05, "1e-05"},
        {1.5e-05, "1.5e-05"},
        {1e-08, "1e-08"},
        {1e-09, "1e-09"},
        {1e-10, "1e-10"},
        {1e15, "1000000000000000.0"},
        {9007199254740993.0, "9007199254740992.0"},
        {9999999999999998.0, "9999999999999998.0"},
        {1e16, "1e+16"},
        {1.2345678901234567e+16, "1.2345678901234568e+16"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {1e100, "1e+100"},
        {-2.5e-200, "-2.5e-200"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
        {HUGE_VAL, "inf"},
        {-HUGE_VAL, "-inf"},
        {std::nan(""), "nan"},
    };
    for (const auto& [value, repr] : reprs)
        CHECK(float_text(value) == repr);
}
