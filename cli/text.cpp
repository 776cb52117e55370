#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace milepost::cli {
namespace {

constexpr std::size_t kGap = 2;  // blanks between two columns

/// Characters of an escaped text, which is UTF-8: all bytes but those that continue a character.
std::size_t width(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    }));
}

}  // namespace

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

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) noexcept {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

std::string iec(std::uint64_t nbytes) {
    static constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (nbytes < 1024) return fmt::format("{} B", nbytes);
    double amount = static_cast<double>(nbytes) / 1024;
    std::size_t unit = 0;
    // 1023.95 is the smallest amount that would be shown as 1024.0.
    for (; amount >= 1023.95 && unit + 1 < kUnits.size(); ++unit)
        amount /= 1024;
    return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

Table::Table(std::vector<Align> columns, std::size_t max_width)
    : columns_(std::move(columns)), widths_(columns_.size()), max_width_(max_width) {}

void Table::measure(const std::vector<std::string>& row) {
    for (std::size_t column = 0; column < row.size(); ++column) {
        const std::size_t needed = width(row[column]);
        if (needed <= max_width_) widths_[column] = std::max(widths_[column], needed);
    }
}

void Table::append_cell(std::string& line, std::size_t column, const std::string& cell) const {
    const std::size_t used = width(cell);
    const std::string blanks(widths_[column] - std::min(used, widths_[column]), ' ');
    line += columns_[column] == Align::right ? blanks + cell : cell + blanks;
    line.append(kGap, ' ');
}

std::string Table::line(const std::vector<std::string>& row) const {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column)
        append_cell(line, column, row[column]);
    line.erase(line.find_last_not_of(' ') + 1);
    return line + '\n';
}

}  // namespace milepost::cli
