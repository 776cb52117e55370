#include "help.hpp"

#include <cstddef>
#include <sstream>
#include <utility>

namespace milepost::cli {

HelpFormatter::HelpFormatter() {
    constexpr std::size_t kColumn = 16;
    column_width(kColumn);
    label("Positionals", "Arguments");
    label("SUBCOMMAND", "COMMAND");
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode /*mode*/) const {
    return "Examples:\n" + make_footer(app) + '\n' + make_usage(app, std::move(name)) + '\n' +
           make_description(app) + make_positionals(app) + make_subcommands(app, CLI::AppFormatMode::Normal) +
           make_groups(app, CLI::AppFormatMode::Normal);
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
    const std::string description = command->get_description();
    std::stringstream line;
    CLI::detail::format_help(line, command->get_name(), description.substr(0, description.find('\n')),
                             column_width_);
    return line.str();
}

std::string HelpFormatter::make_option_opts(const CLI::Option* /*option*/) const {
    return "";
}

}  // namespace milepost::cli
