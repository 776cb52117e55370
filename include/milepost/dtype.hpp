#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <milepost/export.hpp>

namespace milepost {

/// Element types. Numbers are stored in files; never renumber, never reuse (docs/format.md, section 6.3).
// clang-format off
enum class Dtype : std::uint8_t {
    boolean = 1,
    i8 = 2, i16 = 3, i32 = 4, i64 = 5,
    u8 = 6, u16 = 7, u32 = 8, u64 = 9,
    f16 = 10, bf16 = 11, f32 = 12, f64 = 13,
    c64 = 14, c128 = 15,
    f8_e4m3fn = 16, f8_e5m2 = 17, f8_e4m3fnuz = 18, f8_e5m2fnuz = 19, f8_e8m0fnu = 20,
    f8_e3m4 = 21, f8_e4m3 = 22, f8_e4m3b11fnuz = 23,
    f6_e2m3fn = 24, f6_e3m2fn = 25, f4_e2m1fn = 26,
};
// clang-format on

/// A dtype as a file describes it: also one that this library does not know. `name` borrows: from static
/// memory for known dtypes, else from the Reader it came from.
struct DtypeInfo {
    Dtype code;             ///< as stored
    std::uint16_t bits;     ///< of one element
    std::string_view name;  ///< for example "f32"
    friend bool operator==(const DtypeInfo&, const DtypeInfo&) = default;
};

/// The row of a dtype that this library knows; nothing for other codes and names.
///@{
MILEPOST_API std::optional<DtypeInfo> find_dtype(Dtype code) noexcept;
MILEPOST_API std::optional<DtypeInfo> find_dtype(std::string_view name) noexcept;
///@}

/// Sixteen-bit floats as bits: C++20 has no arithmetic type for them.
struct f16 {
    std::uint16_t bits;  ///< sign, 5 of exponent, 10 of fraction
    friend bool operator==(f16, f16) = default;
};
/// The upper half of a 32-bit float, as bits.
struct bf16 {
    std::uint16_t bits;  ///< sign, 8 of exponent, 7 of fraction
    friend bool operator==(bf16, bf16) = default;
};

/// The dtype of a C++ element type; only these types can be viewed with `as<T>()`.
template <class T>
struct dtype_of;
/// @cond
// clang-format off
template <> struct dtype_of<bool> { static constexpr Dtype value = Dtype::boolean; };
template <> struct dtype_of<std::int8_t> { static constexpr Dtype value = Dtype::i8; };
template <> struct dtype_of<std::int16_t> { static constexpr Dtype value = Dtype::i16; };
template <> struct dtype_of<std::int32_t> { static constexpr Dtype value = Dtype::i32; };
template <> struct dtype_of<std::int64_t> { static constexpr Dtype value = Dtype::i64; };
template <> struct dtype_of<std::uint8_t> { static constexpr Dtype value = Dtype::u8; };
template <> struct dtype_of<std::uint16_t> { static constexpr Dtype value = Dtype::u16; };
template <> struct dtype_of<std::uint32_t> { static constexpr Dtype value = Dtype::u32; };
template <> struct dtype_of<std::uint64_t> { static constexpr Dtype value = Dtype::u64; };
template <> struct dtype_of<f16> { static constexpr Dtype value = Dtype::f16; };
template <> struct dtype_of<bf16> { static constexpr Dtype value = Dtype::bf16; };
template <> struct dtype_of<float> { static constexpr Dtype value = Dtype::f32; };
template <> struct dtype_of<double> { static constexpr Dtype value = Dtype::f64; };
template <> struct dtype_of<std::complex<float>> { static constexpr Dtype value = Dtype::c64; };
template <> struct dtype_of<std::complex<double>> { static constexpr Dtype value = Dtype::c128; };
// clang-format on
/// @endcond

/// The same as a value.
template <class T>
inline constexpr Dtype dtype_of_v = dtype_of<T>::value;

/// Whether cast_elements() converts between the two: f16, bf16, f32 and f64, any into any.
[[nodiscard]] MILEPOST_API bool can_cast(Dtype from, Dtype to) noexcept;

/// Converts contiguous elements, to nearest, ties to even. A number that is too large becomes infinite. A NaN
/// remains a NaN with its sign and the leading bits of its payload (IEEE 754-2019, sections 4.3.1 and 6.2.3).
/// Requires: can_cast; both spans hold as many elements; they do not overlap. Any alignment, any thread.
MILEPOST_API void cast_elements(Dtype from_dtype, std::span<const std::byte> from, Dtype to_dtype,
                                std::span<std::byte> to) noexcept;

}  // namespace milepost
