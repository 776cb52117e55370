#pragma once

#include <cstdint>
#include <string>

#include <milepost/value.hpp>

namespace milepost::cli {

/// Decimal digits of an integer of any width: "-128".
[[nodiscard]] std::string decimal(const Integer& integer);

/// The shortest digits that give the number back, always recognisable as a float: "0.001", "3.0", "1e-05",
/// "nan".
[[nodiscard]] std::string decimal(double number);

/// a + b, or the largest number if that does not fit.
[[nodiscard]] std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) noexcept;

}  // namespace milepost::cli
