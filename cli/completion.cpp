#include "completion.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "app_walk.hpp"

namespace milepost::cli {
namespace {

/// Options whose values are words of a list.
struct Choices {
    std::string_view option, words;
};
constexpr std::array kChoices = {Choices{"--to", "milepost pytorch safetensors npz npy gguf"},
                                 Choices{"--from", "milepost pytorch safetensors npz npy gguf hdf5"},
                                 Choices{"--codec", "raw zstd planes automatic smallest"}};

std::string_view choices_of(const AppOption& option) {
    for (const Choices& choices : kChoices) {
        if (option.name == choices.option) return choices.words;
    }
    return {};
}

/// A text within single quotes of any of the shells.
std::string in_quotes(std::string_view text) {
    std::string made = "'";
    for (const char letter : text)
        made += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return made + "'";
}

std::vector<std::string> names_of(const std::vector<AppCommand>& commands) {
    std::vector<std::string> names;
    names.reserve(commands.size());
    for (const AppCommand& command : commands)
        names.push_back(command.name);
    return names;
}

std::string bash(const CLI::App& app) {
    const std::vector<AppCommand> commands = commands_of(app);
    const std::vector<std::string> names = names_of(commands);
    std::string cases, values;
    for (const AppCommand& command : commands) {
        std::vector<std::string> options;
        options.reserve(command.options.size());
        for (const AppOption& option : command.options)
            options.push_back(option.name);
        cases += fmt::format("        {}) words='{}' ;;\n", command.name, fmt::join(options, " "));
    }
    for (const Choices& choices : kChoices)
        values += fmt::format("        {}) COMPREPLY=($(compgen -W '{}' -- \"$current\")); return ;;\n",
                              choices.option, choices.words);
    return fmt::format(R"(# bash completion for milepost
_milepost() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command='' word words=''
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case $word in {}) command=$word; break ;; esac
    done
    case $previous in
{}    esac
    case $command in
        '') words='{} --help --version' ;;
{}    esac
    if [[ -z $command || $current == -* ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
    else
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}}
complete -F _milepost milepost
)",
                       fmt::join(names, "|"), values, fmt::join(names, " "), cases);
}

/// A description within `[...]` of zsh's _arguments.
std::string zsh_description(std::string_view text) {
    std::string made;
    for (const char letter : text) {
        if (letter == '[' || letter == ']' || letter == ':') made += '\\';
        made += letter;
    }
    return made;
}

std::string zsh(const CLI::App& app) {
    std::string listed, cases;
    for (const AppCommand& command : commands_of(app)) {
        listed += "        " + in_quotes(fmt::format("{}:{}", command.name, command.description)) + '\n';
        cases += fmt::format("        {})\n            _arguments", command.name);
        for (const AppOption& option : command.options) {
            const std::string_view choices = choices_of(option);
            std::string value;
            if (option.takes_value)
                value = choices.empty() ? ":value:_files" : fmt::format(":value:({})", choices);
            cases += " \\\n                " +
                     in_quotes(fmt::format("{}{}[{}]{}", option.takes_value ? "*" : "", option.name,
                                           zsh_description(option.description), value));
        }
        cases += " \\\n                '*:file:_files' ;;\n";
    }
    return fmt::format(R"(#compdef milepost
_milepost() {{
    local -a commands=(
{}    )
    if (( CURRENT == 2 )); then
        _describe -t commands command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{}    esac
}}
_milepost "$@"
)",
                       listed, cases);
}

std::string fish(const CLI::App& app) {
    std::string script = "# fish completion for milepost\n";
    for (const AppCommand& command : commands_of(app)) {
        script += fmt::format("complete -c milepost -n __fish_use_subcommand -f -a {} -d {}\n", command.name,
                              in_quotes(command.description));
        for (const AppOption& option : command.options) {
            const std::string_view choices = choices_of(option);
            std::string value = option.takes_value ? " -r" : "";
            if (!choices.empty()) value = fmt::format(" -x -a {}", in_quotes(choices));
            script += fmt::format("complete -c milepost -n '__fish_seen_subcommand_from {}' -l {}{} -d {}\n",
                                  command.name, option.name.substr(2), value, in_quotes(option.description));
        }
    }
    return script;
}

}  // namespace

std::optional<std::string> completion_script(const CLI::App& app, std::string_view shell) {
    if (shell == "bash") return bash(app);
    if (shell == "zsh") return zsh(app);
    if (shell == "fish") return fish(app);
    return std::nullopt;
}

}  // namespace milepost::cli
