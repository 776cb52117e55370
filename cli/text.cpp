#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace milepost::cli {
namespace {

constexpr std::size_t kGap = 2;  // blanks between two columns

/// How many bytes the character has that this byte begins, and the least code point that needs as many; 0
/// bytes if no character begins so.
struct Lead {
    std::size_t nbytes;
    char32_t bits;
    char32_t least;
};

Lead read_lead(unsigned char byte) noexcept {
    if (byte < 0x80U) return {1, byte, 0};
    if (byte >= 0xC2U && byte < 0xE0U) return {2, byte & 0x1FU, 0x80};
    if (byte >= 0xE0U && byte < 0xF0U) return {3, byte & 0x0FU, 0x800};
    if (byte >= 0xF0U && byte < 0xF5U) return {4, byte & 0x07U, 0x10000};
    return {0, 0, 0};
}

std::size_t width(std::string_view text) noexcept {
    std::size_t characters = 0;
    while (!text.empty()) {
        text.remove_prefix(first_character(text).nbytes);
        ++characters;
    }
    return characters;
}

std::string escape_character(std::string_view text, const Character& character) {
    if (!character.valid) return fmt::format("\\x{:02x}", static_cast<unsigned>(character.code_point));
    if (character.code_point == U'\\') return "\\\\";
    if (is_hidden(character.code_point)) {
        return fmt::format("\\u{{{:x}}}", static_cast<unsigned>(character.code_point));
    }
    return std::string(text.substr(0, character.nbytes));
}

}  // namespace

Character first_character(std::string_view text) noexcept {
    const auto byte = static_cast<unsigned char>(text.front());
    const Character broken{byte, 1, false};
    const Lead lead = read_lead(byte);
    if (lead.nbytes == 0 || lead.nbytes > text.size()) return broken;
    char32_t code_point = lead.bits;
    for (const char each : text.substr(1, lead.nbytes - 1)) {
        const auto next = static_cast<unsigned char>(each);
        if ((next & 0xC0U) != 0x80U) return broken;
        code_point = (code_point << 6U) | (next & 0x3FU);
    }
    const bool surrogate = code_point >= 0xD800 && code_point < 0xE000;
    if (code_point < lead.least || surrogate || code_point > 0x10FFFF) return broken;
    return {code_point, lead.nbytes, true};
}

bool is_hidden(char32_t code_point) noexcept {
    static constexpr std::array<std::pair<char32_t, char32_t>, 9> kRanges = {{
        {0x00, 0x1F},       // C0 controls
        {0x7F, 0x9F},       // delete, C1 controls
        {0xAD, 0xAD},       // soft hyphen
        {0x061C, 0x061C},   // Arabic letter mark
        {0x200B, 0x200F},   // zero width, direction marks
        {0x2028, 0x202E},   // separators, embeddings, overrides
        {0x2060, 0x206F},   // joiners, isolates
        {0xFEFF, 0xFEFF},   // byte order mark
        {0xE0000, 0xE007F}  // tags
    }};
    if (code_point >= 0x20 && code_point < 0x7F) return false;  // nearly all of every text
    return std::any_of(kRanges.begin(), kRanges.end(), [code_point](const auto& range) {
        return code_point >= range.first && code_point <= range.second;
    });
}

std::string escape(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    while (!text.empty()) {
        const Character character = first_character(text);
        escaped += escape_character(text, character);
        text.remove_prefix(character.nbytes);
    }
    return escaped;
}

std::string escape_short(std::string_view text, std::size_t max) {
    constexpr std::string_view kCut = "...";
    std::string escaped;
    std::size_t used = 0;
    std::size_t cut_at = 0;  // where "..." still fits
    while (!text.empty()) {
        const Character character = first_character(text);
        const std::string part = escape_character(text, character);
        used += width(part);
        if (used > max) return escaped.substr(0, cut_at).append(kCut);
        escaped += part;
        if (used + kCut.size() <= max) cut_at = escaped.size();
        text.remove_prefix(character.nbytes);
    }
    return escaped;
}

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t from_end = 3; from_end < digits.size(); from_end += 4) {
        digits.insert(digits.size() - from_end, 1, ',');
    }
    return digits;
}

std::string counted(std::uint64_t number, std::string_view noun) {
    return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

std::string iec(std::uint64_t nbytes) {
    static constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (nbytes < 1024) return fmt::format("{} B", nbytes);
    double amount = static_cast<double>(nbytes) / 1024;
    std::size_t unit = 0;
    // 1023.95 is the least that would be shown as 1024.0.
    for (; amount >= 1023.95 && unit + 1 < kUnits.size(); ++unit)
        amount /= 1024;
    return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string_view word(Codec codec) noexcept {
    switch (codec) {
        case Codec::raw:
            return "raw";
        case Codec::zstd:
            return "zstd";
        case Codec::automatic:
            break;  // never in a file
    }
    return "unknown";
}

std::string_view word(Role role) noexcept {
    switch (role) {
        case Role::plain:
            return "plain";
        case Role::parameter:
            return "parameter";
        case Role::buffer:
            return "buffer";
    }
    return "unknown";
}

Table::Table(std::vector<Align> columns, std::size_t max_width)
    : columns_(std::move(columns)), widths_(columns_.size()), max_width_(max_width) {}

void Table::add(std::vector<std::string> row) {
    for (std::size_t column = 0; column < row.size(); ++column) {
        const std::size_t needed = width(row[column]);
        if (needed <= max_width_) widths_[column] = std::max(widths_[column], needed);
    }
    rows_.push_back(std::move(row));
}

void Table::append_cell(std::string& line, std::size_t column, const std::string& cell) const {
    const std::size_t used = width(cell);
    const std::string blanks(widths_[column] - std::min(used, widths_[column]), ' ');
    line += columns_[column] == Align::right ? blanks + cell : cell + blanks;
    line.append(kGap, ' ');
}

std::string Table::to_string() const {
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t column = 0; column < row.size(); ++column)
            append_cell(line, column, row[column]);
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

}  // namespace milepost::cli
