#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <milepost/convert.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "any_file.hpp"
#include "commands.hpp"
#include "json_document.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

Exit report(const RecodeCommand& command, std::uint64_t before) {
    std::error_code ignored;
    const std::uint64_t after = std::filesystem::file_size(command.write.output, ignored);
    if (command.json) {
        JsonDocument document("milepost.recode/1");
        document.field("file", command.file);
        document.field("output", command.write.output);
        document.field("codec", command.write.codec);
        document.field("file_size", number_json(before));
        document.field("output_size", number_json(after));
        document.end();
    } else {
        print(fmt::format("{}: {} -> {}: {}\n", escape(command.file), iec(before),
                          escape(command.write.output), iec(after)));
    }
    return Exit::ok;
}

}  // namespace

Exit run(const RecodeCommand& command) {
    ExportOptions options;
    auto save = save_options(command.write);
    if (!save) return fail(command.write.output, save.error(), command.no_color);
    options.save = *std::move(save);
    const auto file = AnyFile::open(command.file);
    if (!file) return fail(command.file, file.error(), command.no_color);
    const auto checkpoint = file->checkpoint();
    if (!checkpoint) return fail(command.file, checkpoint.error(), command.no_color);
    const auto written = write_output(command.write.output, *checkpoint, options);
    if (!written) return fail(command.write.output, written.error(), command.no_color);
    if (const auto unchanged = file->check_unchanged(); !unchanged)
        return fail(command.file, unchanged.error(), command.no_color);
    return report(command, file->file_size());
}

}  // namespace milepost::cli
