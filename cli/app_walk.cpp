#include "app_walk.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace milepost::cli {
namespace {

void add_option(const CLI::Option& option, AppCommand& command) {
    if (option.get_positional()) {
        command.arguments.push_back({option.get_name(true), option.get_description(), option.get_required()});
        return;
    }
    const bool takes_value = option.get_items_expected_max() != 0;
    for (const std::string& name : option.get_lnames())
        command.options.push_back(
            {"--" + name, takes_value ? option.get_type_name() : "", option.get_description(), takes_value});
}

}  // namespace

std::vector<AppCommand> commands_of(const CLI::App& app) {
    std::vector<AppCommand> commands;
    for (const CLI::App* each : app.get_subcommands([](const CLI::App*) { return true; })) {
        AppCommand command;
        command.name = each->get_name();
        const std::string description = each->get_description();
        const std::size_t end = description.find('\n');
        command.description = description.substr(0, end);
        if (end != std::string::npos) command.details = description.substr(end + 1);
        command.examples = each->get_footer();
        for (const CLI::Option* option : each->get_options())
            add_option(*option, command);
        commands.push_back(std::move(command));
    }
    return commands;
}

}  // namespace milepost::cli
