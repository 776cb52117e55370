// The command `milepost` (docs/command-line.md).

#include <milepost/text.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "commands.hpp"
#include "completion.hpp"
#include "declare.hpp"
#include "suggest.hpp"
#include "terminal.hpp"

namespace milepost::cli {
namespace {

std::vector<std::string> command_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(command->get_name());
    }
    return names;
}

/// The long names of all options that are allowed here, such as "--json".
std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames())
            names.push_back("--" + name);
    }
    return names;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
    const std::string nearest = suggest(word, candidates);
    return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

/// The message for a first word that is not a command. CLI11 would only name what is missing.
std::optional<std::string> unknown_command(const CLI::App& app, const std::vector<std::string>& arguments) {
    const auto is_option = [](const std::string& argument) { return argument.starts_with('-'); };
    const auto word = std::find_if_not(arguments.begin(), arguments.end(), is_option);
    if (word == arguments.end()) return std::nullopt;
    const std::vector<std::string> names = command_names(app);
    if (std::find(names.begin(), names.end(), *word) != names.end()) return std::nullopt;
    std::string hint = did_you_mean(*word, names);
    if (hint.empty())
        hint = fmt::format("; the commands are {}: see 'milepost --help'", fmt::join(names, ", "));
    return fmt::format("unknown command '{}'{}", escape(*word), hint);
}

/// A hint for an argument that CLI11 did not expect: another spelling, another position, or the help.
std::string argument_hint(const std::string& argument, const CLI::App& where, const std::string& help) {
    const std::vector<std::string> options = option_names(where);
    if (std::find(options.begin(), options.end(), argument) != options.end()) {
        return fmt::format("; put it after the command '{}'", where.get_name());
    }
    const std::string near = did_you_mean(argument, options);
    return near.empty() ? help : near;
}

/// The message for a command line that CLI11 refused.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error) {
    const auto commands = app.get_subcommands();
    const CLI::App& where = commands.empty() ? app : *commands.front();
    const std::string name = commands.empty() ? "" : where.get_name();
    const std::string at = name.empty() ? "" : name + ": ";
    const std::string help = fmt::format("; see 'milepost {}--help'", name.empty() ? "" : name + ' ');
    const auto unexpected = app.remaining(true);
    if (unexpected.empty()) return fmt::format("{}{}{}", at, escape(error.what()), help);
    const std::string& first = unexpected.front();
    const std::string what = first.starts_with('-') ? "unknown option" : "unexpected argument";
    return fmt::format("{}{} '{}'{}", at, what, escape(first), argument_hint(first, where, help));
}

Exit print_completion(const CLI::App& app, const std::string& shell) {
    const auto script = completion_script(app, shell);
    if (!script) {
        print_message(fmt::format("completion: there is no script for '{}'; bash, zsh and fish have one",
                                  escape(shell)));
        return Exit::failed;
    }
    print(*script);
    return Exit::ok;
}

/// Runs the command line. The exit statuses of CLI11 itself, 100 and more, are not passed on.
Exit run_command_line(const std::vector<std::string>& arguments) {
    CLI::App app(kDescription, "milepost");
    Commands commands;
    declare_all(app, commands);
    if (arguments.empty()) {
        print_message("no command was given\n\n" + app.help());
        return Exit::failed;
    }
    if (const auto message = unknown_command(app, arguments)) {
        print_message(*message);
        return Exit::failed;
    }
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(),
                                           arguments.rend()));  // CLI11 expects the last argument first
    } catch (const CLI::CallForVersion& version) {
        print(std::string(version.what()) + '\n');
        return Exit::ok;
    } catch (const CLI::Success&) {
        print(app.help());
        return Exit::ok;
    } catch (const CLI::ParseError& error) {
        print_message(usage_message(app, error));
        return Exit::failed;
    }
    if (!commands.shell.empty()) return print_completion(app, commands.shell);
    return commands.chosen();
}

}  // namespace
}  // namespace milepost::cli

int main(int argc, char** argv) {
    using milepost::cli::Exit;
    Exit exit = Exit::failed;
    try {
        exit = milepost::cli::run_command_line({argv + (argc > 0 ? 1 : 0), argv + argc});
        if (!milepost::cli::flush_results()) {
            milepost::cli::print_message("cannot write the results: stdout is closed or full");
            exit = Exit::failed;
        }
    } catch (const std::exception& error) {  // out of memory
        milepost::cli::print_message(error.what());
        exit = Exit::failed;
    }
    return static_cast<int>(exit);
}
