#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace milepost::cli {

/// "61,706".
[[nodiscard]] std::string grouped(std::uint64_t number);

/// "1 tensor", "61,706 tensors".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

/// "512 B", "1.8 KiB", "16.0 EiB".
[[nodiscard]] std::string iec(std::uint64_t nbytes);

/// a + b, or the largest number if that does not fit.
[[nodiscard]] std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) noexcept;

/// Rows of cells in columns of equal width. A column is as wide as its widest cell. Cells longer than
/// `max_width` do not count: they move the rest of their row to the right. Cells are escaped texts. Each row
/// is made twice, first to be measured and then to be printed, so that no listing is held in memory.
class Table {
public:
    enum class Align : std::uint8_t { left, right };
    explicit Table(std::vector<Align> columns, std::size_t max_width = 60);

    /// Requires, here and below: one cell for each column.
    void measure(const std::vector<std::string>& row);
    /// A row as one line without trailing blanks. Requires: all rows were measured.
    [[nodiscard]] std::string line(const std::vector<std::string>& row) const;

private:
    void append_cell(std::string& line, std::size_t column, const std::string& cell) const;

    std::vector<Align> columns_;
    std::vector<std::size_t> widths_;
    std::size_t max_width_;
};

}  // namespace milepost::cli
