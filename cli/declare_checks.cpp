#include <string>

#include <CLI/CLI.hpp>

#include "commands.hpp"
#include "declare.hpp"

namespace milepost::cli {
namespace {

void declare_verify(CLI::App& app, Commands& commands) {
    const std::string description =
        "Check every byte of the checkpoints and report what is damaged.\n"
        "Exit status: 0 if all are intact, 1 if one is damaged, 2 if one could not be checked.";
    CLI::App& verify = declare(app, "verify", description, commands.verify, commands);
    verify.footer("  milepost verify lenet.milepost\n  milepost verify runs/*.milepost --json");
    verify.add_option("FILE", commands.verify.files, "the checkpoints, in any format")->required();
    verify
        .add_option("--max-damage", commands.verify.max_damage,
                    "list at most so many damaged ranges of a file; all are counted")
        ->type_name("N");
    declare_flags(verify, commands.verify);
}

void declare_diff(CLI::App& app, Commands& commands) {
    const std::string description =
        "Compare two checkpoints: tensors, hyperparameters and values.\n"
        "Exit status: 0 if they have the same content, 1 if they differ, 2 if they could not be compared.";
    DiffCommand& command = commands.diff;
    CLI::App& diff = declare(app, "diff", description, command, commands);
    diff.footer(
        "  milepost diff epoch1.milepost epoch2.milepost\n  milepost diff resnet18.pth resnet18.safetensors\n"
        "  milepost diff a.milepost b.milepost --rtol 1e-5 --only 'model/*'");
    diff.add_option("A", command.left, "a checkpoint, in any format")->required();
    diff.add_option("B", command.right, "another one, in any format")->required();
    diff.add_option("--rtol", command.rtol, "numbers are equal if |a - b| <= atol + rtol * |b|")
        ->type_name("X");
    diff.add_option("--atol", command.atol, "see --rtol; without both, all bits count")->type_name("X");
    diff.add_option("--only", command.only, "compare only paths that match; may be given again")
        ->type_name("PATTERN")
        ->take_all();
    diff.add_option("--max-listed", command.max_listed, "list at most so many differences; all are counted")
        ->type_name("N");
    diff.add_flag("-q,--quiet", command.quiet, "print nothing; stop at the first difference");
    declare_flags(diff, command);
}

}  // namespace

void declare_checks(CLI::App& app, Commands& commands) {
    declare_verify(app, commands);
    declare_diff(app, commands);
}

}  // namespace milepost::cli
