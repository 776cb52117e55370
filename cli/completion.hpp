#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace milepost::cli {

/// A script for a shell that completes the commands, their options and files; made from the command line
/// itself, so that it has all of them. Nothing for other shells than bash, zsh and fish.
[[nodiscard]] std::optional<std::string> completion_script(const CLI::App& app, std::string_view shell);

}  // namespace milepost::cli
