#include <milepost/value.hpp>

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>
#include <variant>

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

const Value* Dict::find(std::string_view key) const noexcept {
    for (const auto& [item_key, value] : items) {
        const auto* text = item_key.get_if<String>();
        if (text != nullptr && text->text == key) return &value;
    }
    return nullptr;
}

Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Integer Value::make_integer(bool negative, std::uint64_t bits) {
    return core::make_integer(negative, bits);
}

Kind Value::kind() const noexcept {
    using Held = decltype(held_);
    static_assert(std::variant_size_v<Held> == kKinds.size());
    static_assert(std::is_same_v<std::variant_alternative_t<1, Held>, bool> &&
                      std::is_same_v<std::variant_alternative_t<2, Held>, Integer> &&
                      std::is_same_v<std::variant_alternative_t<3, Held>, double> &&
                      std::is_same_v<std::variant_alternative_t<4, Held>, std::complex<double>> &&
                      std::is_same_v<std::variant_alternative_t<5, Held>, String> &&
                      std::is_same_v<std::variant_alternative_t<6, Held>, Bytes> &&
                      std::is_same_v<std::variant_alternative_t<7, Held>, List> &&
                      std::is_same_v<std::variant_alternative_t<8, Held>, Tuple> &&
                      std::is_same_v<std::variant_alternative_t<9, Held>, Set> &&
                      std::is_same_v<std::variant_alternative_t<10, Held>, Dict> &&
                      std::is_same_v<std::variant_alternative_t<11, Held>, TensorView>,
                  "the alternatives are in the order of Kind");
    return static_cast<Kind>(held_.index());
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

Result<std::string_view> Value::as_string() const {
    if (const auto* value = get_if<String>()) return std::string_view(value->text);
    return wrong_type(kind(), "string");
}

}  // namespace milepost
