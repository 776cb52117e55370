#include <doctest/doctest.h>

#include <complex>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/value.hpp>

using milepost::Entries;
using milepost::Kind;
using milepost::Value;

namespace {

enum Unscoped { kOne = 1 };
enum class Scoped { one = 1 };
struct Anything {};

template <class... T>
constexpr bool kNoneConverts = (!std::is_constructible_v<Value, T> && ...) &&
                               (!std::is_convertible_v<T, Value> && ...);

// A forgotten `*`, or a type that has no meaning in a checkpoint, does not compile.
static_assert(kNoneConverts<float*, const float*, const unsigned char*, void*, const void*, void (*)(),
                            int Anything::*, Anything, Anything*, std::unique_ptr<int>,
                            std::shared_ptr<Value>, const wchar_t*, const char16_t*>);
static_assert(kNoneConverts<char, wchar_t, char8_t, char16_t, char32_t, Unscoped, Scoped, long double,
                            std::optional<int>, std::vector<bool>::reference, std::complex<long double>>);
static_assert(std::is_convertible_v<bool, Value> && std::is_convertible_v<signed char, Value> &&
              std::is_convertible_v<std::uint8_t, Value> && std::is_convertible_v<unsigned long long, Value>);
static_assert(sizeof(Value) == 32);

}  // namespace

TEST_CASE("value: a null string is null") {
    const char* const none = nullptr;
    const char8_t* const no_utf8 = nullptr;
    CHECK(Value(none).is_null());
    CHECK(Value(no_utf8).is_null());
    CHECK(Value(std::string_view()).kind() == Kind::string);
    Entries entries;
    entries["commit"] = none;
    CHECK(entries.find("commit")->is_null());
}

TEST_CASE("value: texts of every C++ type are strings") {
    char changeable[] = "ResNet";
    const std::u8string utf8 = u8"ResNet";
    for (const Value& value :
         {Value("ResNet"), Value(changeable), Value(u8"ResNet"), Value(utf8), Value(std::string("ResNet")),
          Value(std::string_view("ResNet")), Value(std::u8string_view(u8"ResNet"))})
        CHECK(value.as_string().value() == "ResNet");
}

TEST_CASE("value: complex numbers of both widths") {
    const Value value = std::complex<float>(1, 2);
    CHECK(*value.get_if<std::complex<double>>() == std::complex<double>(1, 2));
}
