#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "commands.hpp"

namespace milepost::cli {

/// The options of a save. `progress` shows a line for the file. Errors: invalid_argument/option for a codec
/// that is not known, or a level that is out of range.
[[nodiscard]] Result<SaveOptions> save_options(const OutputOptions& options);

/// Writes a checkpoint in any format, with a progress line. Returns the path of the file that opens it.
/// Errors: those of export_file().
[[nodiscard]] Result<std::string> write_output(const std::string& path, const Checkpoint& checkpoint,
                                               ExportOptions options);

/// "NAME=VALUE" at the first `=` that is not escaped by a backslash. Errors: invalid_argument/option.
[[nodiscard]] Result<std::pair<std::string, std::string>> split_assignment(const std::string& text);

/// A size such as 5GB, 200MiB or 1000000. Errors: invalid_argument/option.
[[nodiscard]] Result<std::uint64_t> parse_size(const std::string& text);

/// Prints the error of a command about a file to stderr.
[[nodiscard]] Exit fail(const std::string& file, const Error& error, bool no_color);

}  // namespace milepost::cli
