#include <string>

#include <CLI/CLI.hpp>

#include "declare.hpp"

namespace milepost::cli {
namespace {

void declare_info(CLI::App& app, Commands& commands) {
    CLI::App& info = declare(app, "info", "Summarize a checkpoint on one screen.", commands.info, commands);
    info.footer(
        "  milepost info lenet.milepost\n  milepost info resnet18.pth\n"
        "  milepost info lenet.milepost --json");
    info.add_option("FILE", commands.info.file, "the checkpoint, in any format")->required();
    declare_flags(info, commands.info);
}

void declare_ls(CLI::App& app, Commands& commands) {
    CLI::App& ls = declare(app, "ls", "List the tensors of a checkpoint.", commands.ls, commands);
    ls.footer(
        "  milepost ls lenet.milepost\n  milepost ls lenet.milepost 'model/conv1*'\n"
        "  milepost ls lenet.milepost --plain | sort -k4 -n");
    ls.add_option("FILE", commands.ls.file, "the checkpoint, in any format")->required();
    ls.add_option("PATTERN", commands.ls.pattern,
                  "list only paths that match: * is any text, ? one character, [a-z] a list");
    CLI::Option* plain = ls.add_flag("--plain", commands.ls.plain,
                                     "print TAB-separated fields: path, dtype, dims, nbytes, file offset");
    declare_flags(ls, commands.ls)->excludes(plain);
}

void declare_show(CLI::App& app, Commands& commands) {
    CLI::App& show = declare(app, "show", "Show statistics of tensors, and values.", commands.show, commands);
    show.footer(
        "  milepost show lenet.milepost model/conv1.weight\n  milepost show lenet.milepost 'optimizer/*/lr'\n"
        "  milepost show lenet.milepost model/fc3.bias --values");
    show.add_option("FILE", commands.show.file, "the checkpoint, in any format")->required();
    show.add_option("PATTERN", commands.show.patterns, "the paths to show: * is any text")->required();
    show.add_flag("--values", commands.show.values, "print the elements, as NumPy does");
    declare_flags(show, commands.show);
}

void declare_get(CLI::App& app, Commands& commands) {
    CLI::App& get =
        declare(app, "get", "Take one tensor or value out of a checkpoint.", commands.get, commands);
    get.footer(
        "  milepost get lenet.milepost model/conv1.weight -o conv1.npy\n"
        "  milepost get lenet.milepost epoch");
    get.add_option("FILE", commands.get.file, "the checkpoint, in any format")->required();
    get.add_option("PATH", commands.get.path, "of the tensor or value, as ls and info show it")->required();
    get.add_option("-o,--output", commands.get.output,
                   "file for a tensor, in the format of its extension (.npy, .safetensors, ...)");
    get.add_flag("--force", commands.get.force, "replace the file if it exists");
    declare_flags(get, commands.get);
}

void declare_digest(CLI::App& app, Commands& commands) {
    const std::string description =
        "Print the digest of a checkpoint's content, or those of its tensors.\n"
        "It is the same whatever the codec and the order of names. It finds mix-ups, not attackers.";
    CLI::App& digest = declare(app, "digest", description, commands.digest, commands);
    digest.footer("  milepost digest lenet.milepost\n  milepost digest lenet.milepost 'model/*'");
    digest.add_option("FILE", commands.digest.file, "the checkpoint")->required();
    digest.add_option("PATTERN", commands.digest.pattern,
                      "list tensors whose paths match: * is any text, ? one character, [a-z] a list");
    digest.add_flag("--tensors", commands.digest.tensors, "digests of all tensors");
    declare_flags(digest, commands.digest);
}

}  // namespace

void declare_looks(CLI::App& app, Commands& commands) {
    declare_info(app, commands);
    declare_ls(app, commands);
    declare_show(app, commands);
    declare_get(app, commands);
    declare_digest(app, commands);
}

}  // namespace milepost::cli
