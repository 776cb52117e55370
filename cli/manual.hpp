#pragma once

#include <map>
#include <string>

#include <CLI/CLI.hpp>

namespace milepost::cli {

/// Manual pages, in the language of man(7): of the program, "milepost.1", and of each command,
/// "milepost-convert.1". Made from the command line itself.
[[nodiscard]] std::map<std::string, std::string> manual_pages(const CLI::App& app);

}  // namespace milepost::cli
