#include "live/number.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include <milepost/dtype.hpp>
#include <milepost/value.hpp>

namespace milepost::live {
namespace {

/// Calls visit(T{}) with the integer type of the dtype; returns false for other dtypes.
template <class Visit>
bool with_integer_type(Dtype dtype, Visit visit) {
    switch (dtype) {
        case Dtype::i8:
            return visit(std::int8_t{}), true;
        case Dtype::i16:
            return visit(std::int16_t{}), true;
        case Dtype::i32:
            return visit(std::int32_t{}), true;
        case Dtype::i64:
            return visit(std::int64_t{}), true;
        case Dtype::u8:
            return visit(std::uint8_t{}), true;
        case Dtype::u16:
            return visit(std::uint16_t{}), true;
        case Dtype::u32:
            return visit(std::uint32_t{}), true;
        case Dtype::u64:
            return visit(std::uint64_t{}), true;
        default:
            return false;
    }
}

/// The int that the number is; nothing for a fraction and what is out of range.
std::optional<std::int64_t> exact_int(const Number& number) noexcept {
    if (const auto* integer = std::get_if<std::int64_t>(&number)) return *integer;
    const auto* value = std::get_if<double>(&number);
    constexpr double kLimit = 9223372036854775808.0;  // 2^63
    if (value == nullptr || !(*value >= -kLimit && *value < kLimit) || *value != std::trunc(*value))
        return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

double as_double(const Number& number) noexcept {
    const auto* integer = std::get_if<std::int64_t>(&number);
    return integer != nullptr ? static_cast<double>(*integer) : *std::get_if<double>(&number);
}

}  // namespace

bool is_numeric(Dtype dtype) noexcept {
    return can_cast(dtype, Dtype::f64) || with_integer_type(dtype, [](auto) {});
}

std::optional<Number> number_of(const Value& value) noexcept {
    if (value.kind() == Kind::integer) {
        const auto integer = value.as_int();
        return integer ? std::optional<Number>(*integer) : std::nullopt;
    }
    const auto* number = value.get_if<double>();
    return number != nullptr ? std::optional<Number>(*number) : std::nullopt;
}

std::optional<Number> decode_number(Dtype dtype, std::span<const std::byte> bytes) noexcept {
    std::optional<Number> number;
    const bool is_integer = with_integer_type(dtype, [&](auto zero) {
        auto element = zero;
        std::memcpy(&element, bytes.data(), sizeof(element));
        if (std::in_range<std::int64_t>(element)) number = static_cast<std::int64_t>(element);
    });
    if (is_integer) return number;
    double wide = 0;
    cast_elements(dtype, bytes, Dtype::f64, std::as_writable_bytes(std::span(&wide, 1)));
    return wide;
}

std::optional<ElementBytes> encode_number(const Number& number, Dtype dtype) noexcept {
    ElementBytes bytes{};
    bool fits = true;
    const bool is_integer = with_integer_type(dtype, [&](auto zero) {
        using Integer = decltype(zero);
        const auto integer = exact_int(number);
        fits = integer && std::in_range<Integer>(*integer);
        if (!fits) return;
        const auto element = static_cast<Integer>(*integer);
        std::memcpy(bytes.data(), &element, sizeof(element));
    });
    if (!fits) return std::nullopt;
    if (is_integer) return bytes;
    const double wide = as_double(number);
    const std::size_t nbytes = find_dtype(dtype)->bits / 8U;
    cast_elements(Dtype::f64, std::as_bytes(std::span(&wide, 1)), dtype, std::span(bytes).first(nbytes));
    return bytes;
}

}  // namespace milepost::live
