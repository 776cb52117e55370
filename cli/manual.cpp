#include "manual.hpp"

#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <milepost/version.hpp>

#include "app_walk.hpp"

namespace milepost::cli {
namespace {

/// Text that man(7) shows as it is: a backslash, a dash, and what begins a line are special.
std::string plain(std::string_view text) {
    std::string made;
    for (const char letter : text) {
        if (letter == '\\') {
            made += "\\e";
        } else if (letter == '-') {
            made += "\\-";
        } else {
            made += letter;
        }
    }
    if (made.starts_with('.') || made.starts_with('\'')) made.insert(0, "\\&");
    return made;
}

std::string head(const std::string& name, std::string_view description) {
    return fmt::format(".TH {} 1 \"\" \"milepost {}\" \"Milepost\"\n.SH NAME\n{} \\- {}\n", name,
                       MILEPOST_VERSION, plain(name), plain(description));
}

/// Lines as they are, in a fixed width.
std::string block(const std::string& text) {
    std::string made = ".nf\n";
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        made += plain(line) + '\n';
    return made + ".fi\n";
}

std::string item(const std::string& term, std::string_view description) {
    return fmt::format(".TP\n.B {}\n{}\n", plain(term), plain(description));
}

constexpr std::string_view kExits =
    "0 success; 1 a file is damaged (verify) or two differ (diff); 2 wrong usage, an I/O error, not a checkpoint, "
    "not supported; 3 done, but something was lost (convert --lossy).";

std::string page_of(const AppCommand& command) {
    std::string page = head("milepost-" + command.name, command.description);
    page += ".SH SYNOPSIS\n.B milepost " + command.name + "\n[OPTIONS]";
    for (const AppArgument& argument : command.arguments)
        page += argument.required ? ' ' + argument.name : " [" + argument.name + ']';
    page += "\n.SH DESCRIPTION\n" + plain(command.description) + '\n';
    if (!command.details.empty()) page += ".PP\n" + plain(command.details) + '\n';
    page += ".SH ARGUMENTS\n";
    for (const AppArgument& argument : command.arguments)
        page += item(argument.name, argument.description);
    page += ".SH OPTIONS\n";
    for (const AppOption& option : command.options)
        page += item(option.takes_value ? option.name + ' ' + option.value : option.name, option.description);
    page += ".SH EXIT STATUS\n" + plain(kExits) + "\n.SH EXAMPLES\n" + block(command.examples);
    return page + ".SH SEE ALSO\n.BR milepost (1)\n";
}

}  // namespace

std::map<std::string, std::string> manual_pages(const CLI::App& app) {
    std::map<std::string, std::string> pages;
    std::string program = head("milepost", app.get_description());
    program += ".SH SYNOPSIS\n.B milepost\nCOMMAND [OPTIONS]\n.SH COMMANDS\n";
    for (const AppCommand& command : commands_of(app)) {
        program += fmt::format(".TP\n.BR milepost\\-{} (1)\n{}\n", command.name, plain(command.description));
        pages["milepost-" + command.name + ".1"] = page_of(command);
    }
    program += ".SH EXIT STATUS\n" + plain(kExits) + "\n.SH EXAMPLES\n" + block(app.get_footer());
    pages["milepost.1"] = program;
    return pages;
}

}  // namespace milepost::cli
