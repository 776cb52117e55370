#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/select.hpp>
#include <milepost/text.hpp>

#include "any_file.hpp"
#include "commands.hpp"
#include "edit_steps.hpp"
#include "json_document.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "terminal.hpp"

namespace milepost::cli {
namespace {

struct SplitOutput {
    std::string pattern, path;
};

Result<Checkpoint> changed(const EditCommand& command, Checkpoint checkpoint) {
    for (const std::string& path : command.merge) {
        MILEPOST_TRY_ASSIGN(const auto file, AnyFile::open(path));
        MILEPOST_TRY_ASSIGN(const auto other, file.checkpoint());
        MILEPOST_TRY(merge(checkpoint, other));
    }
    MILEPOST_TRY(check_matches(checkpoint, command.keep));
    MILEPOST_TRY(check_matches(checkpoint, command.drop));
    if (!command.keep.empty()) checkpoint = keep(checkpoint, command.keep);
    if (!command.drop.empty()) checkpoint = drop(checkpoint, command.drop);
    for (const std::string& text : command.rename) {
        MILEPOST_TRY_ASSIGN(const auto names, split_assignment(text));
        MILEPOST_TRY_ASSIGN(checkpoint, rename(checkpoint, names.first, names.second));
    }
    for (const std::string& text : command.cast) {
        MILEPOST_TRY_ASSIGN(const auto names, split_assignment(text));
        MILEPOST_TRY(cast(checkpoint, names.first, names.second));
    }
    for (const std::string& text : command.set) {
        MILEPOST_TRY_ASSIGN(const auto names, split_assignment(text));
        MILEPOST_TRY_ASSIGN(auto value, value_of_json(names.second));
        MILEPOST_TRY(set(checkpoint, names.first, std::move(value)));
    }
    return checkpoint;
}

/// Writes the parts that have files of their own, and then the rest.
Result<std::vector<std::string>> write_all(const EditCommand& command, Checkpoint checkpoint,
                                           const SaveOptions& save) {
    ExportOptions options;
    options.save = save;
    std::vector<SplitOutput> outputs;
    for (const std::string& text : command.split) {
        MILEPOST_TRY_ASSIGN(auto names, split_assignment(text));
        outputs.push_back({std::move(names.first), std::move(names.second)});
    }
    std::vector<std::string> written;
    for (const SplitOutput& output : outputs)
        MILEPOST_TRY(check_matches(checkpoint, {output.pattern}));
    for (const SplitOutput& output : outputs) {
        MILEPOST_TRY(write_output(output.path, keep(checkpoint, {output.pattern}), options));
        checkpoint = drop(checkpoint, {output.pattern});
        written.push_back(output.path);
    }
    MILEPOST_TRY(write_output(command.write.output, checkpoint, options));
    written.push_back(command.write.output);
    return written;
}

}  // namespace

Exit run(const EditCommand& command) {
    const auto save = save_options(command.write);
    if (!save) return fail(command.write.output, save.error(), command.no_color);
    const auto file = AnyFile::open(command.file);
    if (!file) return fail(command.file, file.error(), command.no_color);
    auto checkpoint = file->checkpoint();
    if (!checkpoint) return fail(command.file, checkpoint.error(), command.no_color);
    auto made = changed(command, *std::move(checkpoint));
    if (!made) return fail(command.file, made.error(), command.no_color);
    const auto written = write_all(command, *std::move(made), *save);
    if (!written) return fail(command.write.output, written.error(), command.no_color);
    if (const auto unchanged = file->check_unchanged(); !unchanged)
        return fail(command.file, unchanged.error(), command.no_color);
    if (command.json) {
        JsonDocument document("milepost.edit/1");
        document.field("file", command.file);
        document.list("written", *written, [](const std::string& path) { return Json(path); });
        document.end();
        return Exit::ok;
    }
    for (const std::string& path : *written)
        print(fmt::format("{} -> {}\n", escape(command.file), escape(path)));
    return Exit::ok;
}

}  // namespace milepost::cli
