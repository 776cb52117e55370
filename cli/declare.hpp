#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "commands.hpp"

namespace milepost::cli {

/// The options of each command, and the command that was chosen, ready to run.
struct Commands {
    InfoCommand info;
    LsCommand ls;
    ShowCommand show;
    GetCommand get;
    DigestCommand digest;
    VerifyCommand verify;
    DiffCommand diff;
    ConvertCommand convert;
    EditCommand edit;
    RecodeCommand compress;
    RecodeCommand decompress;
    std::string shell;  ///< of `milepost completion SHELL`, "" for other commands
    std::function<Exit()> chosen;
};

/// Adds a command; `milepost NAME ...` makes it the chosen one.
template <class Command>
CLI::App& declare(CLI::App& app, const std::string& name, const std::string& description, Command& command,
                  Commands& commands) {
    CLI::App& added = *app.add_subcommand(name, description);
    added.group("Commands");
    added.callback([&command, &commands] { commands.chosen = [&command] { return run(command); }; });
    added.set_help_flag("-h,--help", "print this help");
    return added;
}

/// Adds the options that every command has. Returns --json.
template <class Command>
CLI::Option* declare_flags(CLI::App& app, Command& command) {
    CLI::Option* json = app.add_flag("--json", command.json, "print the result as one JSON document");
    app.add_flag("--no-color", command.no_color, "do not use colours, even on a terminal (like NO_COLOR=1)");
    return json;
}

inline constexpr const char* kDescription =
    "Inspect, verify, compare and convert checkpoints of training runs.";

/// All of the command line.
void declare_all(CLI::App& app, Commands& commands);

// The commands, in the order of the help: what looks (info, ls, show, get, digest), what checks (verify,
// diff), and what writes files (convert, edit, compress, decompress).
void declare_looks(CLI::App& app, Commands& commands);
void declare_checks(CLI::App& app, Commands& commands);
void declare_writes(CLI::App& app, Commands& commands);

}  // namespace milepost::cli
