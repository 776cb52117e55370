#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/result.hpp>

#include "convert/import_input.hpp"

namespace milepost::convert {

/// One row for each FileFormat, in that order: all that the rest of the library knows of it.
struct FormatRow {
    FileFormat format;
    std::string_view word;
    std::span<const std::string_view> extensions;  ///< of files that are to be written
    bool is_flat;  ///< files hold named tensors, texts and numbers that describe them, and nothing else
    /// The structure of a file.
    Result<Checkpoint> (*import)(const ImportInput& input);
    /// Null where the format is not written. `write` returns the path of the file that opens what was
    /// written.
    ///@{
    std::vector<Loss> (*find_losses)(const Checkpoint& checkpoint);
    Result<std::string> (*write)(const std::string& path, const Checkpoint& checkpoint,
                                 const ExportOptions& options);
    ///@}
    /// The checkpoint that reading gives back, where names are not kept. Null where they are.
    Checkpoint (*as_read)(const Checkpoint& checkpoint) = nullptr;
};

[[nodiscard]] const FormatRow& row_of(FileFormat format) noexcept;
[[nodiscard]] std::span<const FormatRow> all_formats() noexcept;

}  // namespace milepost::convert
