#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <milepost/value.hpp>

using milepost::Condition;
using milepost::Kind;
using milepost::Value;

namespace {

static_assert(std::is_nothrow_move_constructible_v<Value> && std::is_nothrow_move_assignable_v<Value>);
static_assert(std::is_copy_constructible_v<Value> && std::is_copy_assignable_v<Value>);

template <class T>
void check_wrong(const T& result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().condition() == Condition::wrong_type);
}

template <class T>
void check_limits() {
    for (const T number : {T{0}, T{1}, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()}) {
        const Value value = number;
        CHECK(value.kind() == Kind::integer);
        if constexpr (std::is_signed_v<T>) CHECK(*value.as_int() == number);
        if constexpr (std::is_unsigned_v<T>) CHECK(*value.as_uint() == number);
    }
}

std::vector<std::byte> integer_bytes(const Value& value) {
    return value.get_if<milepost::Integer>()->bytes;
}

}  // namespace

TEST_CASE("value: kind follows the C++ type") {
    CHECK(Value().kind() == Kind::null);
    CHECK(Value(nullptr).is_null());
    CHECK(Value(true).kind() == Kind::boolean);
    CHECK(Value(3).kind() == Kind::integer);
    CHECK(Value(3U).kind() == Kind::integer);
    CHECK(Value(3.0).kind() == Kind::floating);
    CHECK(Value(3.0F).kind() == Kind::floating);
    CHECK(Value(std::complex<double>(1, 2)).kind() == Kind::complex);
    CHECK(Value("text").kind() == Kind::string);
    CHECK(Value(std::string("text")).kind() == Kind::string);
    CHECK(Value(std::string_view("text")).kind() == Kind::string);
    CHECK(Value(milepost::Bytes{}).kind() == Kind::bytes);
    CHECK(Value(milepost::List{}).kind() == Kind::list);
    CHECK(Value(milepost::Tuple{}).kind() == Kind::tuple);
    CHECK(Value(milepost::Set{}).kind() == Kind::set);
    CHECK(Value(milepost::Dict{}).kind() == Kind::dict);
    CHECK(Value(milepost::TensorView()).kind() == Kind::tensor);
}

TEST_CASE("value: words of the kinds") {
    const std::vector<std::string> words = {"null",  "bool", "int",   "float", "complex", "string",
                                            "bytes", "list", "tuple", "set",   "dict",    "tensor"};
    for (std::size_t i = 0; i < words.size(); ++i)
        CHECK(milepost::name(static_cast<Kind>(i)) == words[i]);
}

TEST_CASE("value: integers of every C++ type") {
    check_limits<std::int8_t>();
    check_limits<std::int16_t>();
    check_limits<std::int32_t>();
    check_limits<std::int64_t>();
    check_limits<std::uint8_t>();
    check_limits<std::uint16_t>();
    check_limits<std::uint32_t>();
    check_limits<std::uint64_t>();
    check_limits<long long>();
    check_limits<unsigned long long>();
}

TEST_CASE("value: integers are as few bytes as possible") {
    CHECK(integer_bytes(0) == std::vector{std::byte{0}});
    CHECK(integer_bytes(-1LL) == std::vector{std::byte{0xFF}});
    CHECK(integer_bytes(127).size() == 1);
    CHECK(integer_bytes(128).size() == 2);
    CHECK(integer_bytes(-128).size() == 1);
    CHECK(integer_bytes(-129).size() == 2);
    CHECK(integer_bytes(UINT64_MAX).size() == 9);
}

TEST_CASE("value: typed access") {
    CHECK(*Value(true).as_bool());
    CHECK(*Value(-3).as_int() == -3);
    CHECK(*Value(3).as_uint() == 3);
    CHECK(*Value(0.5).as_double() == 0.5);
    CHECK(*Value("text").as_string() == "text");
    CHECK(*Value(milepost::String{"cpu", milepost::StringSubtype::device}).as_string() == "cpu");
}

TEST_CASE("value: an int is not a float, a bool is not an int") {
    check_wrong(Value(1).as_bool());
    check_wrong(Value(true).as_int());
    check_wrong(Value(true).as_uint());
    check_wrong(Value(1.0).as_int());
    check_wrong(Value(1).as_double());
    check_wrong(Value().as_string());
    check_wrong(Value(milepost::Bytes{}).as_string());
    check_wrong(Value(true).as_number());
    CHECK(Value(1).as_double().error().message() == "value: expected float, found int");
}

TEST_CASE("value: ints that do not fit") {
    CHECK(*Value(INT64_MAX).as_uint() == static_cast<std::uint64_t>(INT64_MAX));
    check_wrong(Value(static_cast<std::uint64_t>(INT64_MAX) + 1).as_int());
    check_wrong(Value(-1).as_uint());
    CHECK(*Value(INT64_MIN).as_int() == INT64_MIN);
    const Value wide = milepost::Integer{std::vector<std::byte>(255, std::byte{1})};
    check_wrong(wide.as_int());
    check_wrong(wide.as_uint());
    CHECK(wide.as_int().error().message().size() < 100);
}

TEST_CASE("value: content") {
    Value value = milepost::List{{1, "a"}};
    REQUIRE(value.get_if<milepost::List>() != nullptr);
    CHECK(value.get_if<milepost::Tuple>() == nullptr);
    value.get_if<milepost::List>()->items.push_back(2);
    CHECK(std::as_const(value).get_if<milepost::List>()->items.size() == 3);
}

TEST_CASE("value: copies are deep") {
    Value value = milepost::Dict{{{"a", milepost::List{{1, 2}}}},
                                 {{"_metadata", milepost::Dict{}}},
                                 milepost::DictSubtype::ordered_dict};
    Value copy = value;
    value.get_if<milepost::Dict>()->items[0].second = 3;
    value.get_if<milepost::Dict>()->attributes.clear();
    const auto* dict = copy.get_if<milepost::Dict>();
    REQUIRE(dict != nullptr);
    CHECK(dict->find("a")->get_if<milepost::List>()->items.size() == 2);
    CHECK(dict->attributes.size() == 1);
    CHECK(dict->subtype == milepost::DictSubtype::ordered_dict);
    Value assigned = 1;
    assigned = copy;
    copy = Value();
    CHECK(assigned.kind() == Kind::dict);
    CHECK(copy.is_null());
    const Value moved = std::move(assigned);
    CHECK(moved.kind() == Kind::dict);
}

TEST_CASE("value: assigned a part of itself") {
    Value value = milepost::List{{milepost::List{{7}}}};
    value = Value(value.get_if<milepost::List>()->items[0]);
    CHECK(*value.get_if<milepost::List>()->items[0].as_int() == 7);
}

TEST_CASE("value: nested as deep as the limit and deeper") {
    Value value = 1;
    for (int i = 0; i < 2000; ++i)
        value = milepost::List{{std::move(value)}};
    const Value copy = value;
    value = nullptr;
    CHECK(copy.kind() == Kind::list);
}

TEST_CASE("dict: find by string key") {
    const milepost::Dict dict{
        {{1, "int"}, {"a", "first"}, {milepost::Bytes{{std::byte{'b'}}}, 0}, {"b", "second"}}, {}};
    REQUIRE(dict.find("a") != nullptr);
    CHECK(*dict.find("a")->as_string() == "first");
    CHECK(*dict.find("b")->as_string() == "second");
    CHECK(dict.find("1") == nullptr);
    CHECK(dict.find("") == nullptr);
}

TEST_CASE("value: a number is a float, or an int that a double holds") {
    CHECK(*Value(0.5).as_number() == 0.5);
    CHECK(*Value(-3).as_number() == -3);
    const std::int64_t most = std::int64_t{1} << 53U;
    CHECK(*Value(most).as_number() == 0x1p53);
    CHECK(*Value(-most).as_number() == -0x1p53);
    CHECK_FALSE(Value(most + 1).as_number());
    CHECK_FALSE(Value(-most - 1).as_number());
    CHECK_FALSE(Value(UINT64_MAX).as_number());
}
