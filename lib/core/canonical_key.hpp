#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <milepost/result.hpp>
#include <milepost/value.hpp>

namespace milepost::core {

/// The canonical key of a key (docs/format.md, section 6.4): equal exactly if Python holds the keys equal;
/// compare images with `<`. Any depth of tuples; no recursion. Errors: invalid_argument/save_name for kinds
/// that are no key, for NaN and for an int of no or more than 255 bytes.
[[nodiscard]] Result<std::string> canonical_key(const Value& key);

// The parts that canonical keys are put together from, for whoever has keys in another form than a Value.
// A tuple is its header and then the images of its elements.
void append_null_key(std::string& image);
void append_bool_key(std::string& image, bool value);
/// Requires: 1 to 255 bytes once minimal. They need not be minimal.
void append_int_key(std::string& image, std::span<const std::byte> bytes);
/// False, and nothing appended, for NaN.
[[nodiscard]] bool append_float_key(std::string& image, double value);
/// Requires, here and below: a size or count below 2^32.
void append_string_key(std::string& image, std::string_view text);
void append_bytes_key(std::string& image, std::span<const std::byte> bytes);
void append_tuple_header(std::string& image, std::uint64_t count);

/// A key as a path shows it (docs/format.md, section 6.4): `conv1`, `-3`, `None`, `1e-05`, `b00ff`, `(1,a)`.
/// Not escaped. What is no key becomes `<list>` and the like.
[[nodiscard]] std::string key_text(const Value& key);

/// Python's repr of a float: the shortest digits that give the number back.
[[nodiscard]] std::string float_text(double value);

/// `b` and two hex digits for each byte.
[[nodiscard]] std::string bytes_text(std::span<const std::byte> bytes);

}  // namespace milepost::core
