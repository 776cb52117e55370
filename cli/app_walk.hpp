#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace milepost::cli {

/// An option of a command: what completion and manual pages tell of it.
struct AppOption {
    std::string name;   ///< "--json"
    std::string value;  ///< "FORMAT"; "" where it takes none
    std::string description;
    bool takes_value = false;
};

struct AppArgument {
    std::string name;  ///< "FILE"
    std::string description;
    bool required = false;
};

struct AppCommand {
    std::string name;
    std::string description;  ///< the first line
    std::string details;      ///< the other lines
    std::string examples;
    std::vector<AppArgument> arguments;
    std::vector<AppOption> options;
};

/// The commands in their order.
[[nodiscard]] std::vector<AppCommand> commands_of(const CLI::App& app);

}  // namespace milepost::cli
