#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/canonical_key.hpp"

namespace milepost::core {
namespace {

/// The digits of a number and the position of its decimal point: 0.digits * 10^point.
struct Decimal {
    std::string digits;
    int point = 0;
};

/// Requires: positive and finite, or 0.
Decimal shortest(double value) {
    std::array<char, 32> buffer;  // "d.ddddddddddddddddde-308"
    const auto written =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
    const std::string_view text(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));
    const std::size_t e = text.find('e');
    const std::size_t sign = text[e + 1] == '+' ? 1 : 0;  // from_chars takes no plus
    Decimal decimal{std::string(text.substr(0, 1)), 0};
    if (e > 2) decimal.digits += text.substr(2, e - 2);
    int exponent = 0;
    std::from_chars(text.data() + e + 1 + sign, text.data() + text.size(), exponent);
    decimal.point = exponent + 1;
    return decimal;
}

std::string with_exponent(const Decimal& decimal) {
    const int exponent = decimal.point - 1;
    const int size = exponent < 0 ? -exponent : exponent;
    std::string text = decimal.digits.substr(0, 1);
    if (decimal.digits.size() > 1) text += "." + decimal.digits.substr(1);
    text += exponent < 0 ? "e-" : "e+";
    if (size < 10) text += "0";
    return text + std::to_string(size);
}

std::string without_exponent(const Decimal& decimal) {
    std::string text = decimal.digits;
    if (decimal.point <= 0) return "0." + std::string(static_cast<std::size_t>(-decimal.point), '0') + text;
    const auto point = static_cast<std::size_t>(decimal.point);
    if (point >= text.size()) return text.append(point - text.size(), '0') + ".0";
    return text.insert(point, ".");
}

}  // namespace

std::string float_text(double value) {
    if (std::isnan(value)) return "nan";
    std::string text = std::signbit(value) ? "-" : "";
    if (std::isinf(value)) return text + "inf";
    const Decimal decimal = shortest(std::fabs(value));
    // Python's rule: an exponent below 1e-4 and from 1e16 on.
    const bool exponent = decimal.point < -3 || decimal.point > 16;
    return text + (exponent ? with_exponent(decimal) : without_exponent(decimal));
}

}  // namespace milepost::core
