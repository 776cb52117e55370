#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <milepost/value.hpp>

namespace milepost::convert::gguf {

/// Types of values in a GGUF file. Stored in files; never renumber.
enum class ScalarType : std::uint32_t {  // NOLINT(performance-enum-size): as in a file
    u8 = 0,
    i8 = 1,
    u16 = 2,
    i16 = 3,
    u32 = 4,
    i32 = 5,
    f32 = 6,
    boolean = 7,
    string = 8,
    array = 9,
    u64 = 10,
    i64 = 11,
    f64 = 12,
};
inline constexpr std::uint32_t kScalarTypeCount = 13;

/// The bytes of a value of that type, or the least number of them for strings and arrays.
[[nodiscard]] std::uint64_t nbytes_of(ScalarType type) noexcept;

/// The type of a whole value: a scalar, or an array of arrays ... of scalars. All arrays at one depth have
/// elements of one type.
struct ValueType {
    ScalarType leaf;          ///< `array` for empty arrays at the greatest depth whose elements are arrays
    std::uint32_t depth = 0;  ///< how many arrays are around a scalar
    friend bool operator==(const ValueType&, const ValueType&) = default;
};

/// "u32", "[string]", "[[u8]]", and back; nothing for other texts.
///@{
[[nodiscard]] std::string text_of(ValueType type);
[[nodiscard]] std::optional<ValueType> find_value_type(std::string_view text) noexcept;
///@}

/// The type that a value is written with where none is recorded: i64 (u64 for large ones), f64, bool, string,
/// arrays of these, and [i64] for an empty list. Nothing for a value that GGUF cannot hold. Throws
/// std::bad_alloc.
[[nodiscard]] std::optional<ValueType> default_type(const Value& value);

/// Whether a value of that type holds this one exactly. Throws std::bad_alloc.
[[nodiscard]] bool fits(const Value& value, ValueType type);

/// Appends the value as a file has it, without the number of its own type but with those of the elements of
/// arrays. Requires: fits(value, type). Throws std::bad_alloc.
void append_value(std::string& bytes, const Value& value, ValueType type);

/// Between the bits of a 32-bit float and a double, bit for bit: a signaling NaN stays one. Nothing if the
/// double is not such a float.
///@{
[[nodiscard]] double widen(std::uint32_t bits) noexcept;
[[nodiscard]] std::optional<std::uint32_t> narrow(double value) noexcept;
///@}

/// Appends a number, little-endian.
template <class T>
inline void append_number(std::string& bytes, T number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

}  // namespace milepost::convert::gguf
