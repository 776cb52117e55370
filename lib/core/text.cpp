#include "core/text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <milepost/text.hpp>

namespace milepost::core {
namespace {

constexpr std::uint64_t kHighBits = 0x8080'8080'8080'8080U;
constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101U;
constexpr std::uint64_t kSpaces = 0x2020'2020'2020'2020U;

std::uint64_t load_word(const char* from) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// Whether 8 ASCII bytes hold one below 0x20 or a 0x7F. Requires: no high bit is set.
bool ascii_has_control(std::uint64_t word) noexcept {
    // With no high bits, a borrow or a carry never starts but at a byte that is looked for.
    return (((word - kSpaces) | (word + kOnes)) & kHighBits) != 0;
}

unsigned byte_at(std::string_view text, std::size_t at) noexcept {
    return static_cast<unsigned char>(text[at]);
}

/// What decode() found; no bytes if there is not a valid character.
struct Decoded {
    char32_t code_point = 0;
    std::size_t nbytes = 0;
};

/// The character that begins at `at`. Requires: at < text.size().
Decoded decode(std::string_view text, std::size_t at) noexcept {
    const std::size_t left = text.size() - at;
    const unsigned lead = byte_at(text, at);
    if (lead < 0x80U) return {lead, 1};
    // A continuation byte gives 6 bits; any other byte a number that is too large to pass.
    const auto next = [&](std::size_t i) noexcept { return byte_at(text, at + i) ^ 0x80U; };
    if (lead >= 0xC2U && lead < 0xE0U && left >= 2 && next(1) < 0x40U)
        return {(lead & 0x1FU) << 6U | next(1), 2};
    if (lead >= 0xE0U && lead < 0xF0U && left >= 3 && (next(1) | next(2)) < 0x40U) {
        const char32_t found = (lead & 0x0FU) << 12U | next(1) << 6U | next(2);
        const bool surrogate = found >= 0xD800U && found <= 0xDFFFU;
        if (found >= 0x800U && !surrogate) return {found, 3};
    }
    if (lead >= 0xF0U && lead < 0xF5U && left >= 4 && (next(1) | next(2) | next(3)) < 0x40U) {
        const char32_t found = (lead & 0x07U) << 18U | next(1) << 12U | next(2) << 6U | next(3);
        if (found >= 0x10000U && found <= 0x10FFFFU) return {found, 4};
    }
    return {};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size()) {
        while (text.size() - at >= 8 && (load_word(text.data() + at) & kHighBits) == 0)
            at += 8;
        // A character that is not ASCII is mostly followed by another one: go on by characters for the length
        // of a word.
        const std::size_t end = std::min(at + 8, text.size());
        while (at < end) {
            const std::size_t nbytes = decode(text, at).nbytes;
            if (nbytes == 0) return false;
            at += nbytes;
        }
    }
    return true;
}

bool has_control(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size()) {
        for (; text.size() - at >= 8; at += 8) {
            const std::uint64_t word = load_word(text.data() + at);
            if ((word & kHighBits) != 0) break;
            if (ascii_has_control(word)) return true;
        }
        const std::size_t end = std::min(at + 8, text.size());
        for (; at < end; ++at) {
            const unsigned byte = byte_at(text, at);
            if (byte < 0x20U || byte == 0x7FU) return true;
            if (byte != 0xC2U || at + 1 == text.size()) continue;
            const unsigned next = byte_at(text, at + 1);
            if (next >= 0x80U && next <= 0x9FU) return true;  // C2 80 to C2 9F are U+0080-9F
        }
    }
    return false;
}

}  // namespace milepost::core

namespace milepost {

Character first_character(std::string_view text) noexcept {
    const core::Decoded found = core::decode(text, 0);
    if (found.nbytes == 0) return {.code_point = core::byte_at(text, 0), .nbytes = 1, .valid = false};
    return {.code_point = found.code_point, .nbytes = found.nbytes, .valid = true};
}

}  // namespace milepost
