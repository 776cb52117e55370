#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands.hpp"
#include "declare.hpp"

namespace milepost::cli {
namespace {

void declare_output(CLI::App& app, OutputOptions& options, bool required = true) {
    app.add_option("OUT", options.output, "the new file")->required(required);
    app.add_flag("--force", options.force, "replace OUT if it exists");
    app.add_option("--threads", options.threads, "to encode with; by default all, at most 8")->type_name("N");
    app.add_flag("--no-durable", options.no_durable, "do not wait until the file is on disk");
}

CLI::Option* declare_codec(CLI::App& app, OutputOptions& options, const std::string& description) {
    app.add_option("--level", options.level, "of zstd: 1 (fast) to 19 (small)")->type_name("N");
    return app.add_option("--codec", options.codec, description)->type_name("CODEC");
}

void declare_repeated(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                      const std::string& type, const std::string& description) {
    app.add_option(name, values, description + "; may be given again")->type_name(type)->take_all();
}

void declare_convert(CLI::App& app, Commands& commands) {
    const std::string description =
        "Convert a checkpoint from any format into another one. Nothing in the file is run.\n"
        "Exit status: 0 if all was converted, 2 if nothing was written, 3 if something was lost (--lossy).";
    ConvertCommand& command = commands.convert;
    CLI::App& convert = declare(app, "convert", description, command, commands);
    convert.footer(
        "  milepost convert resnet18.pth resnet18.milepost\n"
        "  milepost convert model.safetensors.index.json model.milepost\n"
        "  milepost convert run.milepost weights.safetensors --only 'model/*' --max-shard-size 5GB");
    convert.add_option("IN", command.file, "the checkpoint; its content decides its format")->required();
    declare_output(convert, command.write);
    convert.add_option("--to", command.to, "format of OUT: milepost, pytorch, safetensors, npz, npy or gguf")
        ->type_name("FORMAT");
    convert.add_option("--from", command.from, "the format of IN, instead of that of its content")
        ->type_name("FORMAT");
    declare_repeated(convert, "--model", command.models, "PATH=NAME",
                     "make the dict of tensors at PATH the model NAME");
    declare_repeated(convert, "--only", command.only, "PATTERN", "convert only paths that match");
    convert
        .add_option("--max-shard-size", command.max_shard_size,
                    "safetensors: write several files of at most this size, with their index")
        ->type_name("SIZE");
    convert.add_flag("--lossy", command.lossy, "write OUT even if it cannot hold all of IN");
    convert.add_flag("--verify", command.verify, "read OUT again and compare it with IN, bit for bit");
    declare_codec(convert, command.write,
                  "of a .milepost file: raw (default), zstd, planes, automatic, smallest");
    declare_flags(convert, command);
}

void declare_edit(CLI::App& app, Commands& commands) {
    EditCommand& command = commands.edit;
    CLI::App& edit = declare(app, "edit",
                             "Write a changed copy of a checkpoint.\n"
                             "The changes are made in the order of the options below.",
                             command, commands);
    edit.footer(
        "  milepost edit run.milepost weights.milepost --keep 'model/*'\n"
        "  milepost edit a.milepost b.milepost --rename 'model/module.*=model/*' --cast 'model/*=bf16'\n"
        "  milepost edit a.milepost b.milepost --set epoch=3 --drop 'optimizer/*'");
    edit.add_option("IN", command.file, "the checkpoint, in any format")->required();
    declare_output(edit, command.write);
    declare_repeated(edit, "--merge", command.merge, "FILE", "add all parts of another checkpoint");
    declare_repeated(edit, "--keep", command.keep, "PATTERN", "keep only paths that match");
    declare_repeated(edit, "--drop", command.drop, "PATTERN", "leave out paths that match");
    declare_repeated(edit, "--rename", command.rename, "OLD=NEW",
                     "rename entries; one * of OLD is the * of NEW");
    declare_repeated(edit, "--cast", command.cast, "PATTERN=DTYPE",
                     "convert tensors of floats: f64, f32, f16, bf16");
    declare_repeated(edit, "--set", command.set, "PATH=JSON", "set a value or a hyperparameter");
    declare_repeated(edit, "--split", command.split, "PATTERN=FILE",
                     "write paths that match to a file of their own, and not to OUT");
    declare_codec(edit, command.write, "raw (default), zstd, planes, automatic, smallest");
    declare_flags(edit, command);
}

void declare_recode(CLI::App& app, Commands& commands) {
    CLI::App& compress =
        declare(app, "compress", "Write a checkpoint with compressed tensors.", commands.compress, commands);
    compress.footer(
        "  milepost compress run.milepost small.milepost\n"
        "  milepost compress run.milepost small.milepost --codec automatic");
    compress.add_option("IN", commands.compress.file, "the checkpoint, in any format")->required();
    declare_output(compress, commands.compress.write);
    commands.compress.write.codec = "smallest";
    declare_codec(compress, commands.compress.write, "smallest (default), automatic, planes, zstd");
    declare_flags(compress, commands.compress);

    CLI::App& decompress =
        declare(app, "decompress", "Write a checkpoint with tensors that can be used without a copy.",
                commands.decompress, commands);
    decompress.footer("  milepost decompress small.milepost run.milepost");
    decompress.add_option("IN", commands.decompress.file, "the checkpoint, in any format")->required();
    declare_output(decompress, commands.decompress.write);
    commands.decompress.write.codec = "raw";
    declare_flags(decompress, commands.decompress);
}

}  // namespace

void declare_writes(CLI::App& app, Commands& commands) {
    declare_convert(app, commands);
    declare_edit(app, commands);
    declare_recode(app, commands);
}

}  // namespace milepost::cli
