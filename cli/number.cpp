#include "number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace milepost::cli {
namespace {

bool is_negative(const Integer& integer) {
    return !integer.bytes.empty() && (integer.bytes.back() & std::byte{0x80}) != std::byte{0};
}

/// Bytes of the absolute value, most significant first.
std::vector<std::uint32_t> magnitude(const Integer& integer) {
    const bool negative = is_negative(integer);
    std::vector<std::uint32_t> digits;
    // Never leaves the last byte: a negative number has its sign bit there.
    std::uint32_t carry = negative ? 1 : 0;
    for (const std::byte each : integer.bytes) {
        const std::uint32_t sum = std::to_integer<std::uint32_t>(negative ? ~each : each) + carry;
        digits.push_back(sum & 0xFFU);
        carry = sum >> 8U;
    }
    std::reverse(digits.begin(), digits.end());
    return digits;
}

/// Divides the number of base-256 digits, most significant first, in place; returns the remainder.
std::uint32_t divide(std::vector<std::uint32_t>& digits, std::uint32_t divisor) {
    std::uint64_t remainder = 0;
    for (std::uint32_t& digit : digits) {
        remainder = (remainder << 8U) | digit;
        digit = static_cast<std::uint32_t>(remainder / divisor);
        remainder %= divisor;
    }
    return static_cast<std::uint32_t>(remainder);
}

}  // namespace

std::string decimal(const Integer& integer) {
    constexpr std::uint32_t kBillion = 1'000'000'000;  // nine digits a division
    std::vector<std::uint32_t> digits = magnitude(integer);
    std::string text;
    do {
        const std::uint32_t part = divide(digits, kBillion);
        digits.erase(digits.begin(),
                     std::find_if(digits.begin(), digits.end(), [](auto d) { return d != 0; }));
        text.insert(0, digits.empty() ? fmt::format("{}", part) : fmt::format("{:09}", part));
    } while (!digits.empty());
    return is_negative(integer) ? "-" + text : text;
}

std::string decimal(double number) {
    if (std::isnan(number)) return "nan";
    std::string text = fmt::format("{}", number);
    if (text.find_first_of(".en") == std::string::npos) text += ".0";
    return text;
}

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) noexcept {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

}  // namespace milepost::cli
