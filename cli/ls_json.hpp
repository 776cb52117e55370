#pragma once

#include <milepost/result.hpp>

#include "any_file.hpp"
#include "contents.hpp"

namespace milepost::cli {

/// Prints the document milepost.ls/1 (docs/command-line.md): of tensors and entries those whose path is
/// `listed`. Errors: those of AnyFile::checkpoint; then nothing is printed.
[[nodiscard]] Result<void> print_ls_json(const AnyFile& file, const ListedPath& listed);

}  // namespace milepost::cli
