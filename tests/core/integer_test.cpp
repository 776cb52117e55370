#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/integer.hpp"

using namespace milepost::core;
using NumberBytes = std::vector<std::byte>;

namespace {

NumberBytes bytes_of(std::initializer_list<int> numbers) {
    NumberBytes bytes;
    for (const int number : numbers)
        bytes.push_back(static_cast<std::byte>(number));
    return bytes;
}

NumberBytes signed_bytes(std::int64_t number) {
    return make_integer(number < 0, static_cast<std::uint64_t>(number)).bytes;
}

/// 2^exponent, or -2^exponent, as few bytes as possible.
NumberBytes power(unsigned exponent, bool negative) {
    NumberBytes bytes(exponent / 8 + 1);
    bytes.back() = static_cast<std::byte>((negative ? 0x100U - (1U << exponent % 8) : 1U << exponent % 8));
    if (!negative && exponent % 8 == 7) bytes.push_back(std::byte{0});
    return bytes;
}

}  // namespace

TEST_CASE("integer: the examples of the format") {
    CHECK(signed_bytes(0) == bytes_of({0x00}));
    CHECK(signed_bytes(255) == bytes_of({0xFF, 0x00}));
    CHECK(signed_bytes(-1) == bytes_of({0xFF}));
}

TEST_CASE("integer: bytes grow where they must, and no sooner") {
    for (unsigned nbytes = 1; nbytes < 8; ++nbytes) {
        CAPTURE(nbytes);
        const std::int64_t end = std::int64_t{1} << (8 * nbytes - 1);
        CHECK(signed_bytes(end - 1).size() == nbytes);
        CHECK(signed_bytes(end).size() == nbytes + 1);
        CHECK(signed_bytes(end + 1).size() == nbytes + 1);
        CHECK(signed_bytes(-end + 1).size() == nbytes);
        CHECK(signed_bytes(-end).size() == nbytes);
        CHECK(signed_bytes(-end - 1).size() == nbytes + 1);
        for (const auto number : {end - 1, end, end + 1, -end + 1, -end, -end - 1}) {
            CHECK(to_int64(signed_bytes(number)) == number);
            CHECK(is_minimal(signed_bytes(number)));
        }
    }
    CHECK(signed_bytes(INT64_MAX).size() == 8);
    CHECK(signed_bytes(INT64_MIN).size() == 8);
    CHECK(make_integer(false, std::uint64_t{1} << 63U).bytes.size() == 9);
    CHECK(make_integer(false, UINT64_MAX).bytes.size() == 9);
}

TEST_CASE("integer: minimal") {
    CHECK_FALSE(is_minimal(NumberBytes{}));
    CHECK(is_minimal(bytes_of({0x00})));
    CHECK(is_minimal(bytes_of({0x80})));
    CHECK_FALSE(is_minimal(bytes_of({0x7F, 0x00})));
    CHECK(is_minimal(bytes_of({0x80, 0x00})));
    CHECK_FALSE(is_minimal(bytes_of({0x80, 0xFF})));
    CHECK(is_minimal(bytes_of({0x7F, 0xFF})));
    CHECK_FALSE(is_minimal(bytes_of({0x00, 0x00})));
    CHECK_FALSE(is_minimal(bytes_of({0xFF, 0xFF})));
    CHECK(minimal_bytes(bytes_of({0xFF, 0xFF, 0xFF})).size() == 1);
    CHECK(minimal_bytes(bytes_of({0x01, 0x00, 0x00, 0x00})).size() == 1);
    CHECK(minimal_bytes(NumberBytes{}).empty());
}

TEST_CASE("integer: what fits 64 bits") {
    CHECK(to_int64(signed_bytes(INT64_MAX)) == INT64_MAX);
    CHECK(to_int64(signed_bytes(INT64_MIN)) == INT64_MIN);
    CHECK_FALSE(to_int64(power(63, false)).has_value());
    CHECK_FALSE(to_int64(bytes_of({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF})).has_value());
    CHECK(to_uint64(signed_bytes(INT64_MAX)) == static_cast<std::uint64_t>(INT64_MAX));
    CHECK(to_uint64(power(63, false)) == std::uint64_t{1} << 63U);
    CHECK(to_uint64(make_integer(false, UINT64_MAX).bytes) == UINT64_MAX);
    CHECK_FALSE(to_uint64(power(64, false)).has_value());
    CHECK_FALSE(to_uint64(power(71, false)).has_value());
    CHECK_FALSE(to_uint64(signed_bytes(-1)).has_value());
    CHECK_FALSE(to_int64(NumberBytes{}).has_value());
    CHECK_FALSE(to_uint64(NumberBytes{}).has_value());
    SUBCASE("minimal or not") {
        CHECK(to_int64(bytes_of({5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})) == 5);
        CHECK(to_uint64(bytes_of({5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})) == 5U);
        CHECK(to_int64(NumberBytes(20, std::byte{0xFF})) == -1);
    }
}

TEST_CASE("integer: decimal text of 64 bits") {
    for (const std::int64_t number :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{9}, std::int64_t{10},
          std::int64_t{-128}, std::int64_t{128}, std::int64_t{999'999'999}, std::int64_t{1'000'000'000},
          std::int64_t{1'000'000'001}, std::int64_t{-1'000'000'000}, std::int64_t{5'000'000'000'000'000'000},
          std::int64_t{INT64_MAX}, std::int64_t{INT64_MIN}}) {
        CHECK(integer_text(signed_bytes(number)) == std::to_string(number));
    }
    CHECK(integer_text(make_integer(false, UINT64_MAX).bytes) == "18446744073709551615");
    CHECK(integer_text(NumberBytes{}) == "0");
    CHECK(integer_text(bytes_of({0xFF, 0xFF, 0xFF})) == "-1");
}

TEST_CASE("integer: decimal text of any width") {
    CHECK(integer_text(power(64, false)) == "18446744073709551616");
    CHECK(integer_text(power(64, true)) == "-18446744073709551616");
    CHECK(integer_text(power(127, false)) == "170141183460469231731687303715884105728");
    CHECK(integer_text(power(127, true)) == "-170141183460469231731687303715884105728");
    CHECK(
        integer_text(power(320, false)) ==
        "2135987035920910082395021706169552114602704522356652769947041607822219725780640550022962086936576");
    NumberBytes widest(255, std::byte{0xFF});
    widest.back() = std::byte{0x7F};
    const std::string text = integer_text(widest);  // 2^2039 - 1
    CHECK(text.size() == 614);
    CHECK(text.substr(0, 20) == "63119152483029311134");
    CHECK(text.substr(594) == "40538776584100773887");
}
