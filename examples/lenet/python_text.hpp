#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lenet {

/// A float as Python's repr() writes it: the shortest text that reads back, `0.001`, `1e-08`, `inf`.
std::string python_float(double number);

/// An int of any width, two's complement, little-endian, in decimal.
std::string python_int(std::span<const std::byte> bytes);

/// A string with its quotes: `'it'`, `"it's"`.
std::string python_string(std::string_view text);

/// The inside of such a string, with `quote` escaped ('\0' for none): nothing is left that would disturb a
/// terminal.
std::string python_escaped(std::string_view text, char quote = '\0');

/// `b'\x00\xff'`
std::string python_bytes(std::span<const std::byte> bytes);

}  // namespace lenet
