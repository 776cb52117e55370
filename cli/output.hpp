#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include <milepost/error.hpp>
#include "commands.hpp"

namespace milepost::cli {

/// The options of a save. `progress` shows a line for the file. Errors: invalid_argument/option for a codec
/// that is not known, or a level that is out of range.
[[nodiscard]] Result<SaveOptions> save_options(const OutputOptions& options);

/// Writes a checkpoint in any format, with a progress line. Errors: those of export_file().
[[nodiscard]] Result<void> write_output(const std::string& path, const Checkpoint& checkpoint,
                                        ExportOptions options);

/// "NAME=VALUE" at the first `=` that is not escaped by a backslash. Errors: invalid_argument/option.
[[nodiscard]] Result<std::pair<std::string, std::string>> split_assignment(const std::string& text);

/// A size such as 5GB, 200MiB or 1000000. Errors: invalid_argument/option.
[[nodiscard]] Result<std::uint64_t> parse_size(const std::string& text);

/// Whether one of the patterns matches. True if there are none.
[[nodiscard]] bool matches_any(const std::vector<std::string>& patterns, const std::string& path);

/// Prints the error of a command about a file to stderr.
[[nodiscard]] Exit fail(const std::string& file, const Error& error, bool no_color);

}  // namespace milepost::cli
