#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <milepost/dtype.hpp>

// Conversions between floats, bit for bit.
namespace {

using namespace milepost;

std::uint64_t cast_bits(Dtype from, std::uint64_t bits, Dtype to) {
    const std::size_t from_nbytes = find_dtype(from)->bits / 8U;
    const std::size_t to_nbytes = find_dtype(to)->bits / 8U;
    std::uint64_t result = 0;
    cast_elements(from, std::as_bytes(std::span(&bits, 1)).first(from_nbytes), to,
                  std::as_writable_bytes(std::span(&result, 1)).first(to_nbytes));
    return result;
}

std::uint64_t bits_of(float value) {
    return std::bit_cast<std::uint32_t>(value);
}
std::uint64_t bits_of(double value) {
    return std::bit_cast<std::uint64_t>(value);
}

/// f16 as the standard defines it, without a table of its bits.
double value_of_f16(std::uint16_t bits) {
    const int exponent = bits >> 10U & 0x1FU;
    const int mantissa = bits & 0x3FFU;
    const double magnitude = exponent == 0    ? std::ldexp(mantissa, -24)
                             : exponent == 31 ? (mantissa == 0 ? INFINITY : NAN)
                                              : std::ldexp(1024 + mantissa, exponent - 25);
    return (bits >> 15U) != 0 ? -magnitude : magnitude;
}

}  // namespace

TEST_CASE("cast: every f16 to f32, f64 and back") {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        const double value = value_of_f16(static_cast<std::uint16_t>(bits));
        if (std::isnan(value)) {
            const auto wide = std::bit_cast<double>(cast_bits(Dtype::f16, bits, Dtype::f64));
            CHECK(std::isnan(wide));
            CHECK(std::signbit(wide) == (bits >> 15U != 0));
            continue;
        }
        CHECK(cast_bits(Dtype::f16, bits, Dtype::f64) == bits_of(value));
        CHECK(cast_bits(Dtype::f16, bits, Dtype::f32) == bits_of(static_cast<float>(value)));
        CHECK(cast_bits(Dtype::f64, bits_of(value), Dtype::f16) == bits);
        CHECK(cast_bits(Dtype::f32, bits_of(static_cast<float>(value)), Dtype::f16) == bits);
    }
}

TEST_CASE("cast: every bf16 to f32 and back") {
    for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
        const std::uint64_t wide = cast_bits(Dtype::bf16, bits, Dtype::f32);
        const bool is_nan = (bits & 0x7FFFU) > 0x7F80U;
        CHECK(wide == (std::uint64_t{bits} << 16U | (is_nan ? 0x400000U : 0U)));
        CHECK(cast_bits(Dtype::f32, wide, Dtype::bf16) == (is_nan ? bits | 0x40U : bits));
    }
}

TEST_CASE("cast: half way between two neighbours goes to the even one") {
    // The neighbours of each finite f16, and a little to both sides of the middle.
    for (std::uint16_t bits = 0; bits < 0x7BFF; ++bits) {
        const double low = value_of_f16(bits), high = value_of_f16(static_cast<std::uint16_t>(bits + 1));
        const double middle = (low + high) / 2;
        const auto even = static_cast<std::uint16_t>(bits + (bits & 1U));
        CHECK(cast_bits(Dtype::f64, bits_of(middle), Dtype::f16) == even);
        CHECK(cast_bits(Dtype::f64, bits_of(std::nextafter(middle, 0)), Dtype::f16) == bits);
        CHECK(cast_bits(Dtype::f64, bits_of(std::nextafter(middle, INFINITY)), Dtype::f16) == bits + 1);
    }
}

TEST_CASE("cast: f64 to f32 as the processor does it") {
    std::uint64_t state = 1;
    for (int i = 0; i < 200'000; ++i) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        // Exponents around those of f32, subnormals and overflow among them.
        const std::uint64_t bits = (state & 0x800FFFFFFFFFFFFFU) | (870 + (state >> 32U) % 310) << 52U;
        const auto value = std::bit_cast<double>(bits);
        CHECK(cast_bits(Dtype::f64, bits, Dtype::f32) == bits_of(static_cast<float>(value)));
    }
}

TEST_CASE("cast: too large becomes infinite, too small a zero of its sign") {
    CHECK(cast_bits(Dtype::f32, bits_of(65519.996F), Dtype::f16) == 0x7BFF);
    CHECK(cast_bits(Dtype::f32, bits_of(65520.0F), Dtype::f16) == 0x7C00);
    CHECK(cast_bits(Dtype::f64, bits_of(-1e300), Dtype::f32) == bits_of(-INFINITY));
    CHECK(cast_bits(Dtype::f64, bits_of(-1e-300), Dtype::f16) == 0x8000);
    CHECK(cast_bits(Dtype::f64, bits_of(-0.0), Dtype::bf16) == 0x8000);
    CHECK(cast_bits(Dtype::f64, bits_of(std::numeric_limits<double>::denorm_min()), Dtype::f32) == 0);
    CHECK(cast_bits(Dtype::f64, 0x7FF0000000000001, Dtype::f32) == 0x7FC00000);
}

TEST_CASE("cast: only between floats") {
    CHECK(can_cast(Dtype::bf16, Dtype::f64));
    CHECK_FALSE(can_cast(Dtype::i32, Dtype::f32));
    CHECK_FALSE(can_cast(Dtype::f32, Dtype::f8_e4m3fn));
}
