#include "core/integer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <milepost/value.hpp>

#include "base/little_endian.hpp"

namespace milepost::core {
namespace {

bool is_negative(std::span<const std::byte> bytes) noexcept {
    return !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{0};
}

/// The lowest 8 bytes, the sign repeated where there are fewer.
std::uint64_t low_bits(std::span<const std::byte> bytes) noexcept {
    std::array<std::byte, 8> low;
    low.fill(is_negative(bytes) ? std::byte{0xFF} : std::byte{0});
    std::copy_n(bytes.begin(), std::min(bytes.size(), low.size()), low.begin());
    return base::load_le<std::uint64_t>(low.data());
}

/// The absolute value in words of 32 bits, lowest first.
std::vector<std::uint32_t> magnitude(std::span<const std::byte> bytes) {
    const bool negative = is_negative(bytes);
    std::vector<std::uint32_t> words((bytes.size() + 3) / 4);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = std::to_integer<std::uint32_t>(negative ? ~bytes[i] : bytes[i]);
        words[i / 4] |= byte << (i % 4 * 8);
    }
    // -x is ~x + 1. The sum stays within the words: the highest byte of ~x has its top bit clear.
    for (std::size_t i = 0; negative && i < words.size(); ++i) {
        if (++words[i] != 0) break;
    }
    return words;
}

/// Divides in place; returns the rest.
std::uint32_t divide(std::vector<std::uint32_t>& words, std::uint32_t divisor) noexcept {
    std::uint64_t rest = 0;
    for (std::size_t i = words.size(); i-- > 0;) {
        const std::uint64_t part = rest << 32U | words[i];
        words[i] = static_cast<std::uint32_t>(part / divisor);
        rest = part % divisor;
    }
    while (!words.empty() && words.back() == 0)
        words.pop_back();
    return static_cast<std::uint32_t>(rest);
}

}  // namespace

Integer make_integer(bool negative, std::uint64_t bits) {
    std::array<std::byte, 9> bytes{};
    base::store_le(bytes.data(), bits);
    if (negative) bytes.back() = std::byte{0xFF};
    const auto minimal = minimal_bytes(bytes);
    return Integer{{minimal.begin(), minimal.end()}};
}

std::span<const std::byte> minimal_bytes(std::span<const std::byte> bytes) noexcept {
    const std::byte sign = is_negative(bytes) ? std::byte{0xFF} : std::byte{0};
    while (bytes.size() > 1 && bytes.back() == sign &&
           is_negative(bytes.first(bytes.size() - 1)) == is_negative(bytes)) {
        bytes = bytes.first(bytes.size() - 1);
    }
    return bytes;
}

bool is_minimal(std::span<const std::byte> bytes) noexcept {
    return !bytes.empty() && minimal_bytes(bytes).size() == bytes.size();
}

std::optional<std::int64_t> to_int64(std::span<const std::byte> bytes) noexcept {
    const auto minimal = minimal_bytes(bytes);
    if (minimal.empty() || minimal.size() > 8) return std::nullopt;
    return static_cast<std::int64_t>(low_bits(minimal));
}

std::optional<std::uint64_t> to_uint64(std::span<const std::byte> bytes) noexcept {
    const auto minimal = minimal_bytes(bytes);
    if (minimal.empty() || is_negative(minimal)) return std::nullopt;
    // A ninth byte is 0 and there for the sign alone.
    if (minimal.size() > 9 || (minimal.size() == 9 && minimal.back() != std::byte{0})) return std::nullopt;
    return low_bits(minimal);
}

std::string integer_text(std::span<const std::byte> bytes) {
    constexpr std::uint32_t kNineDigits = 1'000'000'000;
    std::vector<std::uint32_t> words = magnitude(minimal_bytes(bytes));
    std::string text;  // from the last digit to the first
    do {
        std::uint32_t digits = divide(words, kNineDigits);
        for (int i = 0; i < 9 && (!words.empty() || digits != 0); ++i) {
            text.push_back(static_cast<char>('0' + digits % 10));
            digits /= 10;
        }
    } while (!words.empty());
    if (text.empty()) text.push_back('0');
    if (is_negative(bytes)) text.push_back('-');
    std::reverse(text.begin(), text.end());
    return text;
}

}  // namespace milepost::core
