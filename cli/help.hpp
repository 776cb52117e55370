#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace milepost::cli {

/// Help that starts with examples: those are an app's footer.
class HelpFormatter : public CLI::Formatter {
public:
    HelpFormatter();
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
    /// Of a description the first line.
    std::string make_subcommand(const CLI::App* command) const override;
    /// Returns nothing: no option takes a value, and the usage line shows which arguments are required.
    std::string make_option_opts(const CLI::Option* option) const override;
};

}  // namespace milepost::cli
