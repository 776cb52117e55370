#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/canonical_key.hpp"

using milepost::Condition;
using milepost::Value;
using namespace milepost::core;
using namespace std::string_literals;

namespace {

std::string key_of(const Value& key) {
    const auto canonical = canonical_key(key);
    REQUIRE(canonical);
    return *canonical;
}

void check_key_refused(const Value& key) {
    const auto canonical = canonical_key(key);
    REQUIRE_FALSE(canonical);
    CHECK(canonical.error().condition() == Condition::save_name);
}

milepost::Integer integer(std::string_view bytes) {
    const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
    return {{begin, begin + bytes.size()}};
}

milepost::Bytes bytes(std::string_view text) {
    return {integer(text).bytes};
}

milepost::Tuple tuple(std::vector<Value> items) {
    return {std::move(items)};
}

}  // namespace

TEST_CASE("canonical key: of each kind") {
    CHECK(key_of(nullptr) == "\0"s);
    CHECK(key_of(false) == "\1\1\0"s);
    CHECK(key_of(true) == "\1\1\1"s);
    CHECK(key_of(0) == "\1\1\0"s);
    CHECK(key_of(255) == "\1\2\xFF\0"s);
    CHECK(key_of(-1) == "\1\1\xFF"s);
    CHECK(key_of(0.5) == "\2\0\0\0\0\0\0\xE0\x3F"s);
    CHECK(key_of("ab") == "\3\2\0\0\0ab"s);
    CHECK(key_of("") == "\3\0\0\0\0"s);
    CHECK(key_of(bytes("ab")) == "\4\2\0\0\0ab"s);
    CHECK(key_of(tuple({})) == "\5\0\0\0\0"s);
    CHECK(key_of(tuple({1, "a"})) == "\5\2\0\0\0\1\1\1\3\1\0\0\0a"s);
    CHECK(key_of(tuple({tuple({1, 2}), 3})) == "\5\2\0\0\0\5\2\0\0\0\1\1\1\1\1\2\1\1\3"s);
}

TEST_CASE("canonical key: equal where Python holds keys equal") {
    CHECK(key_of(1) == key_of(1.0));
    CHECK(key_of(1) == key_of(true));
    CHECK(key_of(0.0) == key_of(-0.0));
    CHECK(key_of(0.0) == key_of(false));
    CHECK(key_of(tuple({1, 2.0})) == key_of(tuple({true, 2})));
    SUBCASE("subtypes do not matter") {
        CHECK(key_of(milepost::String{"cpu", milepost::StringSubtype::device}) == key_of("cpu"));
        CHECK(key_of(milepost::Bytes{{}, milepost::BytesSubtype::bytearray}) == key_of(bytes("")));
        CHECK(key_of(milepost::Tuple{{}, milepost::TupleSubtype::size}) == key_of(tuple({})));
    }
    SUBCASE("an int need not be minimal") {
        CHECK(key_of(integer("\5\0\0"s)) == key_of(5));
    }
    SUBCASE("different otherwise") {
        CHECK(key_of(1) != key_of("1"));
        CHECK(key_of("a") != key_of(bytes("a")));
        CHECK(key_of(1) != key_of(tuple({1})));
        CHECK(key_of(1.5) != key_of(1));
        CHECK(key_of(nullptr) != key_of(0));
        CHECK(key_of(tuple({tuple({1}), 2})) != key_of(tuple({tuple({1, 2})})));
    }
}

TEST_CASE("canonical key: floats without a fraction, exactly") {
    for (const double value : {1.0, 127.0, 128.0, 255.0, 256.0, 65535.0, 4503599627370495.0,
                               9007199254740991.0, 9007199254740992.0, 9223372036854774784.0}) {
        CAPTURE(value);
        CHECK(key_of(value) == key_of(static_cast<std::int64_t>(value)));
        CHECK(key_of(-value) == key_of(-static_cast<std::int64_t>(value)));
    }
    CHECK(key_of(9223372036854775808.0) == key_of(std::uint64_t{1} << 63U));
    CHECK(key_of(-9223372036854775808.0) == key_of(INT64_MIN));
    CHECK(key_of(18446744073709551616.0) == "\1\x9\0\0\0\0\0\0\0\0\1"s);
    CHECK(key_of(-18446744073709551616.0) == "\1\x9\0\0\0\0\0\0\0\0\xFF"s);
    SUBCASE("the largest: 53 ones, then 971 zeros") {
        const std::string canonical = key_of(std::numeric_limits<double>::max());
        REQUIRE(canonical.size() == 2 + 129);
        CHECK(canonical.substr(0, 2) == "\1\x81"s);
        CHECK(canonical.substr(2, 121) == std::string(121, '\0'));
        CHECK(canonical.substr(123) == "\xF8\xFF\xFF\xFF\xFF\xFF\xFF\0"s);
    }
    SUBCASE("the lowest is its complement") {
        const std::string canonical = key_of(std::numeric_limits<double>::lowest());
        REQUIRE(canonical.size() == 2 + 129);
        CHECK(canonical.substr(2, 121) == std::string(121, '\0'));
        CHECK(canonical.substr(123) == "\x08\0\0\0\0\0\0\xFF"s);
    }
}

TEST_CASE("canonical key: floats with a fraction, infinities") {
    CHECK(key_of(0.1)[0] == '\2');
    CHECK(key_of(4503599627370495.5)[0] == '\2');
    CHECK(key_of(std::nextafter(1.0, 2.0))[0] == '\2');
    CHECK(key_of(5e-324) == "\2\1\0\0\0\0\0\0\0"s);
    CHECK(key_of(HUGE_VAL) == "\2\0\0\0\0\0\0\xF0\x7F"s);
    CHECK(key_of(-HUGE_VAL) == "\2\0\0\0\0\0\0\xF0\xFF"s);
}

TEST_CASE("canonical key: what cannot be a key") {
    check_key_refused(std::nan(""));
    check_key_refused(-std::nan(""));
    check_key_refused(std::complex<double>(1, 0));
    check_key_refused(milepost::List{});
    check_key_refused(milepost::Set{});
    check_key_refused(milepost::Dict{});
    check_key_refused(milepost::TensorView());
    check_key_refused(tuple({1, tuple({std::nan("")})}));
    check_key_refused(tuple({1, milepost::List{}}));
    check_key_refused(milepost::Integer{});
}

TEST_CASE("canonical key: an int of 255 bytes, and one more") {
    CHECK(key_of(integer(std::string(254, '\0') + "\x7F")).size() == 257);
    CHECK(key_of(integer(std::string(254, '\0') + "\x7F\0"s)).size() == 257);
    check_key_refused(integer(std::string(255, '\0') + "\x7F"));
    check_key_refused(integer(std::string(254, '\0') + "\x80\0"s));
}

TEST_CASE("canonical key: tuples of any depth") {
    Value key = 7;
    for (int i = 0; i < 2000; ++i)
        key = tuple({std::move(key)});
    CHECK(key_of(key).size() == 2000 * 5 + 3);
    CHECK(key_text(key).size() == 2000 * 2 + 1);
}
