#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/tensor.hpp>

namespace milepost::cli {

/// One character of a text, or one byte that is no UTF-8.
struct Character {
    char32_t code_point;
    std::size_t nbytes;
    bool valid;
};

/// The first character. Requires: the text is not empty.
[[nodiscard]] Character first_character(std::string_view text) noexcept;

/// Whether a character could act on a terminal or mislead its reader: control, bidirectional and invisible
/// characters, line and paragraph separators.
[[nodiscard]] bool is_hidden(char32_t code_point) noexcept;

/// The text as a terminal may show it, reversible: hidden characters become \u{202e}, bytes that are no UTF-8
/// \xff, a backslash is doubled.
[[nodiscard]] std::string escape(std::string_view text);

/// The escaped text, cut to at most `max` characters; a cut one ends in "...". Requires: max is 3 or more.
[[nodiscard]] std::string escape_short(std::string_view text, std::size_t max);

/// "61,706".
[[nodiscard]] std::string grouped(std::uint64_t number);

/// "1 tensor", "61,706 tensors".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

/// "512 B", "1.8 KiB", "16.0 EiB".
[[nodiscard]] std::string iec(std::uint64_t nbytes);

/// The words of docs/command-line.md.
[[nodiscard]] std::string_view word(Codec codec) noexcept;
[[nodiscard]] std::string_view word(Role role) noexcept;

/// Rows of cells in columns of equal width. A column is as wide as its widest cell, but for cells that are
/// longer than `max_width`: these stick out.
class Table {
public:
    enum class Align : std::uint8_t { left, right };
    explicit Table(std::vector<Align> columns, std::size_t max_width = 60);

    /// Requires: one cell for each column.
    void add(std::vector<std::string> row);
    /// One line a row, without trailing blanks.
    [[nodiscard]] std::string to_string() const;

private:
    void append_cell(std::string& line, std::size_t column, const std::string& cell) const;

    std::vector<Align> columns_;
    std::vector<std::size_t> widths_;
    std::vector<std::vector<std::string>> rows_;
    std::size_t max_width_;
};

}  // namespace milepost::cli
