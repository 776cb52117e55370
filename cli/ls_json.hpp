#pragma once

#include <functional>
#include <string>

#include <milepost/reader.hpp>

namespace milepost::cli {

/// Prints the document milepost.ls/1 (docs/command-line.md): of tensors and entries those whose path is
/// `listed`.
void print_ls_json(const Reader& reader, const std::function<bool(const std::string& path)>& listed);

}  // namespace milepost::cli
