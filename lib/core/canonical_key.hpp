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
/// compare canonical keys with `<`. Any depth of tuples; no recursion. Errors: invalid_argument/save_name for
/// kinds that cannot be keys, for NaN and for an int of 0 or of more than 255 bytes.
[[nodiscard]] Result<std::string> canonical_key(const Value& key);

// The parts of canonical keys, for code that has keys in another form than a Value. Each function appends to
// `out`. A tuple is its header and then the canonical keys of its elements.
void append_null_key(std::string& out);
void append_bool_key(std::string& out, bool value);
/// Requires: 1 to 255 bytes once minimal. They need not be minimal.
void append_int_key(std::string& out, std::span<const std::byte> bytes);
/// False, and nothing appended, for NaN.
[[nodiscard]] bool append_float_key(std::string& out, double value);
/// Requires, here and below: a size or count below 2^32.
void append_string_key(std::string& out, std::string_view text);
void append_bytes_key(std::string& out, std::span<const std::byte> bytes);
void append_tuple_header(std::string& out, std::uint64_t count);

/// A key as a path shows it (docs/format.md, section 6.4): `conv1`, `-3`, `None`, `1e-05`, `b00ff`, `(1,a)`.
/// Not escaped. A value that cannot be a key is shown as `<list>`, `<dict>` and so on.
[[nodiscard]] std::string key_text(const Value& key);

/// Python's repr of a float: the shortest digits that give the number back.
[[nodiscard]] std::string float_text(double value);

/// `b` and two hex digits for each byte.
[[nodiscard]] std::string bytes_text(std::span<const std::byte> bytes);

}  // namespace milepost::core
