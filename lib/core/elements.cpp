#include <milepost/elements.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include <milepost/dtype.hpp>

namespace milepost {
namespace {

/// What the largest exponent means, and which bits are not a number (docs/format.md, section 6.3).
enum class Special : std::uint8_t {
    ieee,           ///< infinities and NaNs, as IEEE 754 has them
    all_ones,       ///< NaN if all bits below the sign are set, no infinities
    negative_zero,  ///< NaN in the place of -0, no infinities
    nothing,
    unsigned_exponent,  ///< no sign and no fraction; NaN if all bits are set
};

/// A binary float: a sign, exponent and fraction.
struct FloatFormat {
    Dtype dtype;
    unsigned exponent_bits, fraction_bits;
    int bias;
    Special special;

    [[nodiscard]] constexpr unsigned bits() const noexcept {
        return exponent_bits + fraction_bits + (special == Special::unsigned_exponent ? 0 : 1);
    }
};

constexpr std::array kFloats = {
    FloatFormat{Dtype::f16, 5, 10, 15, Special::ieee},
    FloatFormat{Dtype::bf16, 8, 7, 127, Special::ieee},
    FloatFormat{Dtype::f32, 8, 23, 127, Special::ieee},
    FloatFormat{Dtype::f64, 11, 52, 1023, Special::ieee},
    FloatFormat{Dtype::f8_e4m3fn, 4, 3, 7, Special::all_ones},
    FloatFormat{Dtype::f8_e5m2, 5, 2, 15, Special::ieee},
    FloatFormat{Dtype::f8_e4m3fnuz, 4, 3, 8, Special::negative_zero},
    FloatFormat{Dtype::f8_e5m2fnuz, 5, 2, 16, Special::negative_zero},
    FloatFormat{Dtype::f8_e8m0fnu, 8, 0, 127, Special::unsigned_exponent},
    FloatFormat{Dtype::f8_e3m4, 3, 4, 3, Special::ieee},
    FloatFormat{Dtype::f8_e4m3, 4, 3, 7, Special::ieee},
    FloatFormat{Dtype::f8_e4m3b11fnuz, 4, 3, 11, Special::negative_zero},
    FloatFormat{Dtype::f6_e2m3fn, 2, 3, 1, Special::nothing},
    FloatFormat{Dtype::f6_e3m2fn, 3, 2, 3, Special::nothing},
    FloatFormat{Dtype::f4_e2m1fn, 2, 1, 1, Special::nothing},
};

Dtype part_of(Dtype dtype) noexcept {
    if (dtype == Dtype::c64) return Dtype::f32;
    return dtype == Dtype::c128 ? Dtype::f64 : dtype;
}

const FloatFormat* find_float(Dtype dtype) noexcept {
    for (const FloatFormat& format : kFloats) {
        if (format.dtype == dtype) return &format;
    }
    return nullptr;
}

constexpr std::uint64_t ones(unsigned bits) noexcept {
    return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

bool is_nan(const FloatFormat& format, std::uint64_t bits) noexcept {
    const unsigned magnitude_bits = format.exponent_bits + format.fraction_bits;
    const std::uint64_t magnitude = bits & ones(magnitude_bits);
    switch (format.special) {
        case Special::ieee:
            return magnitude > ones(format.exponent_bits) << format.fraction_bits;
        case Special::all_ones:
        case Special::unsigned_exponent:
            return magnitude == ones(magnitude_bits);
        case Special::negative_zero:
            return bits == std::uint64_t{1} << magnitude_bits;
        case Special::nothing:
            return false;
    }
    return false;
}

double number(const FloatFormat& format, std::uint64_t bits) noexcept {
    if (is_nan(format, bits)) return std::numeric_limits<double>::quiet_NaN();
    if (format.special == Special::unsigned_exponent)
        return std::ldexp(1.0, static_cast<int>(bits) - format.bias);
    const bool negative = (bits >> (format.bits() - 1)) != 0;
    const std::uint64_t exponent = bits >> format.fraction_bits & ones(format.exponent_bits);
    const std::uint64_t fraction = bits & ones(format.fraction_bits);
    double magnitude = 0;
    if (format.special == Special::ieee && exponent == ones(format.exponent_bits)) {
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
    if (format.special == Special::unsigned_exponent) return magnitude;
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
    return find_float(dtype) != nullptr ? NumberKind::floating : NumberKind::none;
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
    const FloatFormat* format = find_float(dtype);
    if (format == nullptr) return;
    for_each_float(*format, bytes, [&](std::uint64_t bits) { to.push_back(number(*format, bits)); });
}

void append_ranks(Dtype dtype, std::span<const std::byte> bytes, std::vector<std::int64_t>& to) {
    const FloatFormat* format = find_float(part_of(dtype));
    if (format == nullptr) return;
    for_each_float(*format, bytes, [&](std::uint64_t bits) { to.push_back(rank(*format, bits)); });
}

}  // namespace milepost
