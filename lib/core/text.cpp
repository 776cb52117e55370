#include "core/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

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

struct Character {
    std::uint32_t code_point = 0;
    std::size_t nbytes = 0;  ///< 0: no UTF-8
};

/// The character that begins at `at`. Requires: at < text.size().
Character decode(std::string_view text, std::size_t at) noexcept {
    const std::size_t left = text.size() - at;
    const unsigned lead = byte_at(text, at);
    if (lead < 0x80U) return {lead, 1};
    // A continuation byte gives 6 bits; any other byte a number that is too large to pass.
    const auto next = [&](std::size_t i) noexcept { return byte_at(text, at + i) ^ 0x80U; };
    if (lead >= 0xC2U && lead < 0xE0U && left >= 2 && next(1) < 0x40U)
        return {(lead & 0x1FU) << 6U | next(1), 2};
    if (lead >= 0xE0U && lead < 0xF0U && left >= 3 && (next(1) | next(2)) < 0x40U) {
        const std::uint32_t found = (lead & 0x0FU) << 12U | next(1) << 6U | next(2);
        const bool surrogate = found >= 0xD800U && found <= 0xDFFFU;
        if (found >= 0x800U && !surrogate) return {found, 3};
    }
    if (lead >= 0xF0U && lead < 0xF5U && left >= 4 && (next(1) | next(2) | next(3)) < 0x40U) {
        const std::uint32_t found = (lead & 0x07U) << 18U | next(1) << 12U | next(2) << 6U | next(3);
        if (found >= 0x10000U && found <= 0x10FFFFU) return {found, 4};
    }
    return {};
}

bool is_shown_escaped(std::uint32_t code_point) noexcept {
    if (code_point < 0x20U || (code_point >= 0x7FU && code_point <= 0x9FU)) return true;
    // U+2028 and U+2029 end a line; the others turn the direction of what follows.
    return code_point == 0x061CU || code_point == 0x200EU || code_point == 0x200FU ||
           (code_point >= 0x2028U && code_point <= 0x202EU) ||
           (code_point >= 0x2066U && code_point <= 0x2069U);
}

void append_hex(std::string& out, std::uint32_t number, int digits) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (int shift = 28; shift >= 0; shift -= 4) {
        const bool wanted = shift < digits * 4 || number >> static_cast<unsigned>(shift) != 0;
        if (wanted) out.push_back(kDigits[number >> static_cast<unsigned>(shift) & 0xFU]);
    }
}

/// Appends what stands for the character at `at`; returns the bytes of the text that it stands for.
std::size_t append_shown(std::string& out, std::string_view text, std::size_t at) {
    const Character character = decode(text, at);
    if (character.nbytes == 0) {
        out.append("\\x");
        append_hex(out, byte_at(text, at), 2);
        return 1;
    }
    if (is_shown_escaped(character.code_point)) {
        out.append("\\u{");
        append_hex(out, character.code_point, 1);
        out.push_back('}');
    } else {
        out.append(text.substr(at, character.nbytes));
    }
    return character.nbytes;
}

}  // namespace

std::string printable(std::string_view text, std::size_t max) {
    constexpr std::string_view kEllipsis = "...";
    max = std::max(max, kEllipsis.size());
    std::string out;
    std::size_t cut = 0;  // where the ellipsis would go
    for (std::size_t at = 0; at < text.size();) {
        at += append_shown(out, text, at);
        if (out.size() > max) return out.replace(cut, std::string::npos, kEllipsis);
        if (out.size() <= max - kEllipsis.size()) cut = out.size();
    }
    return out;
}

bool is_utf8(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size()) {
        while (text.size() - at >= 8 && (load_word(text.data() + at) & kHighBits) == 0)
            at += 8;
        // Behind a character that is not ASCII mostly stands another one: on by characters for a word's
        // length.
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
