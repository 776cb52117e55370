#pragma once

#include <array>
#include <cstdint>

#include <milepost/dtype.hpp>

namespace milepost::core {

/// What the largest exponent means, and which bits are not a number (docs/format.md, section 6.3).
enum class FloatSpecial : std::uint8_t {
    ieee,               ///< infinities and NaNs, as IEEE 754 has them
    all_ones,           ///< NaN if all bits below the sign are set, no infinities
    negative_zero,      ///< NaN in the place of -0, no infinities
    nothing,            ///< all are finite numbers
    unsigned_exponent,  ///< no sign and no fraction; NaN if all bits are set
};

/// A number whose lowest bits are set.
constexpr std::uint64_t ones(unsigned bits) noexcept {
    return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

/// A binary float: a sign, exponent and fraction.
struct FloatFormat {
    Dtype dtype;
    unsigned exponent_bits, fraction_bits;
    int bias;
    FloatSpecial special;

    /// Exponent and fraction of infinity. Requires: FloatSpecial::ieee.
    [[nodiscard]] constexpr std::uint64_t infinity() const noexcept {
        return ones(exponent_bits) << fraction_bits;
    }
    [[nodiscard]] constexpr unsigned bits() const noexcept {
        return exponent_bits + fraction_bits + (special == FloatSpecial::unsigned_exponent ? 0 : 1);
    }
};

inline constexpr std::array kFloatFormats = {
    FloatFormat{Dtype::f16, 5, 10, 15, FloatSpecial::ieee},
    FloatFormat{Dtype::bf16, 8, 7, 127, FloatSpecial::ieee},
    FloatFormat{Dtype::f32, 8, 23, 127, FloatSpecial::ieee},
    FloatFormat{Dtype::f64, 11, 52, 1023, FloatSpecial::ieee},
    FloatFormat{Dtype::f8_e4m3fn, 4, 3, 7, FloatSpecial::all_ones},
    FloatFormat{Dtype::f8_e5m2, 5, 2, 15, FloatSpecial::ieee},
    FloatFormat{Dtype::f8_e4m3fnuz, 4, 3, 8, FloatSpecial::negative_zero},
    FloatFormat{Dtype::f8_e5m2fnuz, 5, 2, 16, FloatSpecial::negative_zero},
    FloatFormat{Dtype::f8_e8m0fnu, 8, 0, 127, FloatSpecial::unsigned_exponent},
    FloatFormat{Dtype::f8_e3m4, 3, 4, 3, FloatSpecial::ieee},
    FloatFormat{Dtype::f8_e4m3, 4, 3, 7, FloatSpecial::ieee},
    FloatFormat{Dtype::f8_e4m3b11fnuz, 4, 3, 11, FloatSpecial::negative_zero},
    FloatFormat{Dtype::f6_e2m3fn, 2, 3, 1, FloatSpecial::nothing},
    FloatFormat{Dtype::f6_e3m2fn, 3, 2, 3, FloatSpecial::nothing},
    FloatFormat{Dtype::f4_e2m1fn, 2, 1, 1, FloatSpecial::nothing},
};

/// Null for a dtype that is not one of floats.
constexpr const FloatFormat* find_float_format(Dtype dtype) noexcept {
    for (const FloatFormat& format : kFloatFormats) {
        if (format.dtype == dtype) return &format;
    }
    return nullptr;
}

}  // namespace milepost::core
