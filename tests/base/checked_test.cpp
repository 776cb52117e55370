#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>

#include "base/checked.hpp"

using namespace milepost::base;

namespace {

constexpr std::uint64_t kMax = UINT64_MAX;

}  // namespace

TEST_CASE("checked: a sum up to 2^64 - 1, and none above") {
    std::uint64_t out = 7;
    CHECK(checked_add(kMax - 1, 1, out));
    CHECK(out == kMax);
    out = 7;
    CHECK_FALSE(checked_add(kMax, 1, out));
    CHECK_FALSE(checked_add(kMax, kMax, out));
    CHECK(out == 7);
    CHECK(checked_add(0, 0, out));
    CHECK(out == 0);
}

TEST_CASE("checked: a product up to 2^64 - 1, and none above") {
    std::uint64_t out = 7;
    CHECK(checked_mul(std::uint64_t{1} << 32U, (std::uint64_t{1} << 32U) - 1, out));
    CHECK(out == kMax - 0xFFFF'FFFFU);
    out = 7;
    CHECK_FALSE(checked_mul(std::uint64_t{1} << 32U, std::uint64_t{1} << 32U, out));
    CHECK_FALSE(checked_mul(kMax, 2, out));
    CHECK(out == 7);
    CHECK(checked_mul(kMax, 1, out));
    CHECK(out == kMax);
    CHECK(checked_mul(kMax, 0, out));
    CHECK(out == 0);
}

TEST_CASE("checked: alignment rounds up, unless that wraps") {
    std::uint64_t out = 7;
    CHECK(checked_align(0, 64, out));
    CHECK(out == 0);
    CHECK(checked_align(1, 64, out));
    CHECK(out == 64);
    CHECK(checked_align(64, 64, out));
    CHECK(out == 64);
    CHECK(checked_align(kMax - 63, 64, out));
    CHECK(out == kMax - 63);
    out = 7;
    CHECK_FALSE(checked_align(kMax - 62, 64, out));
    CHECK(out == 7);
    CHECK(checked_align(kMax, 1, out));
    CHECK(out == kMax);
}

TEST_CASE("checked: a range ends where its container does, at the latest") {
    CHECK(range_within(0, 0, 0));
    CHECK(range_within(3, 7, 10));
    CHECK(range_within(10, 0, 10));
    CHECK_FALSE(range_within(3, 8, 10));
    CHECK_FALSE(range_within(11, 0, 10));
    CHECK_FALSE(range_within(kMax, 2, 10));
    CHECK_FALSE(range_within(2, kMax, 10));
}

TEST_CASE("checked: align_up agrees with checked_align") {
    for (const std::uint64_t value : {0U, 1U, 63U, 64U, 65U, 4095U, 4096U, 4097U}) {
        for (const std::uint64_t alignment : {1U, 2U, 64U, 4096U}) {
            std::uint64_t out = 0;
            REQUIRE(checked_align(value, alignment, out));
            CHECK(align_up(value, alignment) == out);
        }
    }
    CHECK(align_up(std::uint64_t{1} << 63U, 4096) == std::uint64_t{1} << 63U);
}

TEST_CASE("checked: powers of two") {
    CHECK_FALSE(is_power_of_two(0));
    for (unsigned bit = 0; bit < 64; ++bit) {
        CHECK(is_power_of_two(std::uint64_t{1} << bit));
        if (bit > 1) CHECK_FALSE(is_power_of_two((std::uint64_t{1} << bit) - 1));
    }
    CHECK_FALSE(is_power_of_two(kMax));
}
