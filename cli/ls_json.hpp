#pragma once

#include <milepost/reader.hpp>
#include <milepost/result.hpp>

#include "contents.hpp"

namespace milepost::cli {

/// Prints the document milepost.ls/1 (docs/command-line.md): of tensors and entries those whose path is
/// `listed`. Errors: those of Reader::checkpoint; then nothing is printed.
[[nodiscard]] Result<void> print_ls_json(const Reader& reader, const ListedPath& listed);

}  // namespace milepost::cli
