#include <milepost/elements.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include <milepost/dtype.hpp>

#include "core/float_format.hpp"

namespace milepost {
namespace {

using core::find_float_format;
using core::FloatFormat;
using core::FloatSpecial;
using core::ones;

Dtype part_of(Dtype dtype) noexcept {
    if (dtype == Dtype::c64) return Dtype::f32;
    return dtype == Dtype::c128 ? Dtype::f64 : dtype;
}

bool is_nan(const FloatFormat& format, std::uint64_t bits) noexcept {
    const unsigned magnitude_bits = format.exponent_bits + format.fraction_bits;
    const std::uint64_t magnitude = bits & ones(magnitude_bits);
    switch (format.special) {
        case FloatSpecial::ieee:
            return magnitude > ones(format.exponent_bits) << format.fraction_bits;
        case FloatSpecial::all_ones:
        case FloatSpecial::unsigned_exponent:
            return magnitude == ones(magnitude_bits);
        case FloatSpecial::negative_zero:
            return bits == std::uint64_t{1} << magnitude_bits;
        case FloatSpecial::nothing:
            return false;
    }
    return false;
}

double number(const FloatFormat& format, std::uint64_t bits) noexcept {
    if (is_nan(format, bits)) return std::numeric_limits<double>::quiet_NaN();
    if (format.special == FloatSpecial::unsigned_exponent)
        return std::ldexp(1.0, static_cast<int>(bits) - format.bias);
    const bool negative = (bits >> (format.bits() - 1)) != 0;
    const std::uint64_t exponent = bits >> format.fraction_bits & ones(format.exponent_bits);
    const std::uint64_t fraction = bits & ones(format.fraction_bits);
    double magnitude = 0;
    if (format.special == FloatSpecial::ieee && exponent == ones(format.exponent_bits)) {
        magnitude = std::numeric_limits<double>::infinity();
    } else {
        const std::uint64_t hidden = exponent == 0 ? 0 : std::uint64_t{1} << format.fraction_bits;
        const int power = (exponent == 0 ? 1 : static_cast<int>(exponent)) - format.bias -
                          static_cast<int>(format.fraction_bits);
        magnitude = std::ldexp(static_cast<double>(fraction | hidden), power);
    }
    return negative ? -magnitude : magnitude;
}

std::int64_t rank(const FloatFormat& format, std::uint64_t bits) noexcept {
    const auto magnitude =
        static_cast<std::int64_t>(bits & ones(format.exponent_bits + format.fraction_bits));
    if (format.special == FloatSpecial::unsigned_exponent) return magnitude;
    return (bits >> (format.bits() - 1)) != 0 ? -magnitude : magnitude;
}

/// Calls visit(bits) for each element.
template <class Visit>
void for_each_float(const FloatFormat& format, std::span<const std::byte> bytes, Visit visit) {
    if (format.bits() % 8 == 0) {
        const std::size_t nbytes = format.bits() / 8;
        for (std::size_t at = 0; at + nbytes <= bytes.size(); at += nbytes) {
            std::uint64_t bits = 0;
            std::memcpy(&bits, &bytes[at], nbytes);
            visit(bits);
        }
        return;
    }
    for (std::size_t bit = 0; bit + format.bits() <= bytes.size() * 8; bit += format.bits()) {
        std::uint64_t bits = std::to_integer<std::uint64_t>(bytes[bit / 8]);
        if (bit / 8 + 1 < bytes.size()) bits |= std::to_integer<std::uint64_t>(bytes[bit / 8 + 1]) << 8U;
        visit(bits >> bit % 8 & ones(format.bits()));
    }
}

template <class T>
void append_as(std::span<const std::byte> bytes, std::vector<double>& to) {
    for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
        T element;
        std::memcpy(&element, &bytes[at], sizeof(T));
        to.push_back(static_cast<double>(element));
    }
}

}  // namespace

NumberKind number_kind(Dtype dtype) noexcept {
    if (dtype == Dtype::boolean) return NumberKind::boolean;
    if (dtype >= Dtype::i8 && dtype <= Dtype::u64) return NumberKind::integer;
    if (dtype == Dtype::c64 || dtype == Dtype::c128) return NumberKind::complex;
    return find_float_format(dtype) != nullptr ? NumberKind::floating : NumberKind::none;
}

std::size_t numbers_per_element(Dtype dtype) noexcept {
    return number_kind(dtype) == NumberKind::complex ? 2 : 1;
}

void append_doubles(Dtype dtype, std::span<const std::byte> bytes, std::vector<double>& to) {
    switch (part_of(dtype)) {
        case Dtype::boolean:
        case Dtype::u8:
            return append_as<std::uint8_t>(bytes, to);
        case Dtype::i8:
            return append_as<std::int8_t>(bytes, to);
        case Dtype::i16:
            return append_as<std::int16_t>(bytes, to);
        case Dtype::i32:
            return append_as<std::int32_t>(bytes, to);
        case Dtype::i64:
            return append_as<std::int64_t>(bytes, to);
        case Dtype::u16:
            return append_as<std::uint16_t>(bytes, to);
        case Dtype::u32:
            return append_as<std::uint32_t>(bytes, to);
        case Dtype::u64:
            return append_as<std::uint64_t>(bytes, to);
        case Dtype::f32:
            return append_as<float>(bytes, to);
        case Dtype::f64:
            return append_as<double>(bytes, to);
        default:
            break;
    }
    const FloatFormat* format = find_float_format(dtype);
    if (format == nullptr) return;
    for_each_float(*format, bytes, [&](std::uint64_t bits) { to.push_back(number(*format, bits)); });
}

void append_ranks(Dtype dtype, std::span<const std::byte> bytes, std::vector<std::int64_t>& to) {
    const FloatFormat* format = find_float_format(part_of(dtype));
    if (format == nullptr) return;
    for_each_float(*format, bytes, [&](std::uint64_t bits) { to.push_back(rank(*format, bits)); });
}

}  // namespace milepost
