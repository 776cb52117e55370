#include <milepost/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/integer.hpp"

namespace milepost {
namespace {

constexpr std::array<std::string_view, 12> kKinds = {
    "null", "bool", "int", "float", "complex", "string", "bytes", "list", "tuple", "set", "dict", "tensor",
};
static_assert(static_cast<std::size_t>(Kind::tensor) + 1 == kKinds.size(), "one word for each kind");

Error wrong_type(Kind found, std::string_view expected) noexcept try {
    return Error(Condition::wrong_type, base::message("value: expected ", expected, ", found ", name(found)));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Error too_wide(std::string_view expected, const Integer& found) noexcept try {
    return Error(Condition::wrong_type,
                 base::message("value: the int ", to_string(found, 40), " does not fit ", expected));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace

std::string_view name(Kind kind) noexcept {
    return kKinds[static_cast<std::size_t>(kind)];
}

Value* Dict::find(std::string_view key) noexcept {
    return const_cast<Value*>(std::as_const(*this).find(key));
}

Value& Dict::operator[](std::string_view key) {
    Value* found = find(key);
    return found != nullptr ? *found : items.emplace_back(key, Value()).second;
}

const Value* Dict::find(std::string_view key) const noexcept {
    for (const auto& [item_key, value] : items) {
        const auto* text = item_key.get_if<String>();
        if (text != nullptr && text->text == key) return &value;
    }
    return nullptr;
}

Value::Value(const char* text) {
    if (text != nullptr) *this = std::string_view(text);
}
Value::Value(std::string_view text) : Value(String{std::string(text)}) {}
Value::Value(std::string text) : Value(String{std::move(text)}) {}
Value::Value(const char8_t* text) {
    if (text != nullptr) *this = std::u8string_view(text);
}
Value::Value(std::u8string_view text)
    : Value(std::string_view(reinterpret_cast<const char*>(text.data()), text.size())) {}

Integer Value::make_integer(bool negative, std::uint64_t bits) {
    return core::make_integer(negative, bits);
}

Result<bool> Value::as_bool() const {
    if (const auto* value = get_if<bool>()) return *value;
    return wrong_type(kind(), "bool");
}

Result<std::int64_t> Value::as_int() const {
    const auto* value = get_if<Integer>();
    if (value == nullptr) return wrong_type(kind(), "int");
    if (const auto number = core::to_int64(value->bytes)) return *number;
    return too_wide("64 bits", *value);
}

Result<std::uint64_t> Value::as_uint() const {
    const auto* value = get_if<Integer>();
    if (value == nullptr) return wrong_type(kind(), "int");
    if (const auto number = core::to_uint64(value->bytes)) return *number;
    return too_wide("64 bits without a sign", *value);
}

Result<double> Value::as_double() const {
    if (const auto* value = get_if<double>()) return *value;
    return wrong_type(kind(), "float");
}

Result<double> Value::as_number() const {
    if (const auto* value = get_if<double>()) return *value;
    const auto* value = get_if<Integer>();
    if (value == nullptr) return wrong_type(kind(), "float or int");
    constexpr std::int64_t kExact = std::int64_t{1} << 53U;
    const auto number = core::to_int64(value->bytes);
    if (number && *number >= -kExact && *number <= kExact) return static_cast<double>(*number);
    return too_wide("the 53 bits of a double", *value);
}

Result<std::string> Value::as_string() const try {
    if (const auto* value = get_if<String>()) return value->text;
    return wrong_type(kind(), "string");
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
