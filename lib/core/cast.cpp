#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <milepost/dtype.hpp>

#include "core/float_format.hpp"

namespace milepost {
namespace {

using core::find_float_format;
using core::FloatFormat;
using core::FloatSpecial;

/// A format that is converted: with IEEE 754's infinities and NaNs, and of 16 bits or more.
const FloatFormat* find_format(Dtype dtype) noexcept {
    const FloatFormat* format = find_float_format(dtype);
    const bool is_cast = format != nullptr && format->special == FloatSpecial::ieee && format->bits() >= 16;
    return is_cast ? format : nullptr;
}

constexpr FloatFormat kWide = *find_float_format(Dtype::f64);

/// The bits of the same number in f64: always exact. Requires: a narrower format.
std::uint64_t widen(const FloatFormat& format, std::uint64_t bits) noexcept {
    const std::uint64_t sign = bits >> (format.bits() - 1) << 63U;
    const std::uint64_t magnitude = bits & ((std::uint64_t{1} << (format.bits() - 1)) - 1);
    const unsigned shift = kWide.fraction_bits - format.fraction_bits;
    if (magnitude >= format.infinity()) return sign | kWide.infinity() | magnitude << shift;
    const std::uint64_t exponent = magnitude >> format.fraction_bits;
    if (exponent != 0) {
        const auto rebias = static_cast<std::uint64_t>(kWide.bias - format.bias);
        return sign | ((magnitude << shift) + (rebias << kWide.fraction_bits));
    }
    if (magnitude == 0) return sign;
    // Subnormal: the mantissa times the least exponent, which f64 holds as a normal number.
    const auto leading = static_cast<unsigned>(std::bit_width(magnitude)) - 1;
    const std::int64_t power = std::int64_t{leading} - format.fraction_bits + 1 - format.bias;
    const std::uint64_t mantissa =
        (magnitude << (kWide.fraction_bits - leading)) & ((std::uint64_t{1} << kWide.fraction_bits) - 1);
    return sign | static_cast<std::uint64_t>(power + kWide.bias) << kWide.fraction_bits | mantissa;
}

/// value >> shift, to nearest, ties to even.
std::uint64_t shift_to_nearest(std::uint64_t value, unsigned shift) noexcept {
    if (shift >= 64) return 0;  // less than half of one: at most 53 bits are set
    if (shift == 0) return value;
    const std::uint64_t kept = value >> shift;
    const std::uint64_t rest = value & ((std::uint64_t{1} << shift) - 1);
    const std::uint64_t half = std::uint64_t{1} << (shift - 1);
    return kept + static_cast<std::uint64_t>(rest > half || (rest == half && (kept & 1U) != 0));
}

/// The bits, in a narrower format, of the number nearest to that f64.
std::uint64_t narrow(std::uint64_t wide, const FloatFormat& format) noexcept {
    const std::uint64_t sign = wide >> 63U << (format.bits() - 1);
    const std::uint64_t magnitude = wide & ~(std::uint64_t{1} << 63U);
    const unsigned shift = kWide.fraction_bits - format.fraction_bits;
    if (magnitude > kWide.infinity()) {
        // A NaN, made quiet so that a payload that is lost leaves no infinity.
        const std::uint64_t payload = magnitude >> shift & ((std::uint64_t{1} << format.fraction_bits) - 1);
        return sign | format.infinity() | payload | std::uint64_t{1} << (format.fraction_bits - 1);
    }
    const auto exponent = static_cast<std::int64_t>(magnitude >> kWide.fraction_bits) - kWide.bias;
    const std::int64_t least = 1 - format.bias;
    if (exponent > format.bias) return sign | format.infinity();
    if (exponent >= least) {  // a carry out of the mantissa goes on into the exponent, up to infinity
        const auto rebias = static_cast<std::uint64_t>(kWide.bias - format.bias) << kWide.fraction_bits;
        return sign | shift_to_nearest(magnitude - rebias, shift);
    }
    const std::uint64_t one = std::uint64_t{1} << kWide.fraction_bits;
    const std::uint64_t mantissa = (magnitude & (one - 1)) | (magnitude >= one ? one : 0);
    const std::int64_t further = least - exponent;
    return sign | shift_to_nearest(mantissa, further > 63 ? 64 : shift + static_cast<unsigned>(further));
}

std::uint64_t read(const std::byte* from, std::size_t nbytes) noexcept {
    std::uint64_t bits = 0;
    std::memcpy(&bits, from, nbytes);  // little-endian: base/little_endian.hpp refuses other hosts
    return bits;
}

}  // namespace

bool can_cast(Dtype from, Dtype to) noexcept {
    return find_format(from) != nullptr && find_format(to) != nullptr;
}

void cast_elements(Dtype from_dtype, std::span<const std::byte> from, Dtype to_dtype,
                   std::span<std::byte> to) noexcept {
    const FloatFormat source = *find_format(from_dtype);
    const FloatFormat target = *find_format(to_dtype);
    const std::size_t from_nbytes = source.bits() / 8;
    const std::size_t to_nbytes = target.bits() / 8;
    const std::size_t count = from.size() / from_nbytes;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t given = read(&from[i * from_nbytes], from_nbytes);
        const std::uint64_t wide = source.dtype == Dtype::f64 ? given : widen(source, given);
        const std::uint64_t bits = target.dtype == Dtype::f64 ? wide : narrow(wide, target);
        std::memcpy(&to[i * to_nbytes], &bits, to_nbytes);
    }
}

}  // namespace milepost
