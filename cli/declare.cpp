#include "declare.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <milepost/version.hpp>

#include "help.hpp"

namespace milepost::cli {
namespace {

void declare_completion(CLI::App& app, Commands& commands) {
    CLI::App& completion =
        *app.add_subcommand("completion", "Print a script that completes commands in a shell.");
    completion.group("Commands");
    completion.set_help_flag("-h,--help", "print this help");
    completion.footer(
        "  milepost completion bash > ~/.local/share/bash-completion/completions/milepost\n"
        "  milepost completion fish > ~/.config/fish/completions/milepost.fish");
    completion.add_option("SHELL", commands.shell, "bash, zsh or fish")->required();
}

}  // namespace

void declare_all(CLI::App& app, Commands& commands) {
    app.formatter(std::make_shared<HelpFormatter>());
    app.footer(
        "  milepost info lenet.milepost\n  milepost ls lenet.milepost 'model/*'\n"
        "  milepost convert resnet18.pth resnet18.milepost\n  milepost diff epoch1.milepost epoch2.milepost\n"
        "  milepost verify runs/*.milepost");
    app.set_help_flag("-h,--help", "print this help; after a command, the help of that command");
    app.set_version_flag("--version", std::string("milepost ") + MILEPOST_VERSION, "print the version");
    app.require_subcommand(1);
    declare_looks(app, commands);
    declare_checks(app, commands);
    declare_writes(app, commands);
    declare_completion(app, commands);
}

}  // namespace milepost::cli
