#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include <milepost/value.hpp>

namespace milepost::cli {

using Json = nlohmann::ordered_json;

// The forms of docs/command-line.md, section JSON.

/// The number; beyond 2^53 a string of decimal digits.
[[nodiscard]] Json number_json(std::uint64_t number);
[[nodiscard]] Json number_json(const Integer& integer);
/// The number, or "nan", "inf", "-inf".
[[nodiscard]] Json number_json(double number);
[[nodiscard]] Json numbers_json(std::span<const std::uint64_t> numbers);

/// A VALUE. Recursive: a Reader bounds the depth (Limits::max_depth).
[[nodiscard]] Json value_json(const Value& value);

/// Lower-case hex digits.
[[nodiscard]] std::string hex(std::span<const std::byte> bytes);

/// The document on one line. Characters that are hidden (milepost/text.hpp) are escaped; bytes that are not
/// UTF-8 become U+FFFD.
[[nodiscard]] std::string dump(const Json& json);

}  // namespace milepost::cli
