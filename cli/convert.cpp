#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/select.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/walk.hpp>

#include "any_file.hpp"
#include "commands.hpp"
#include "json_document.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

constexpr std::size_t kMaxListedLosses = 20;

struct Totals {
    std::uint64_t tensors = 0, nbytes = 0;
};

Totals totals_of(const Checkpoint& checkpoint) {
    Totals totals;
    walk_tensors(checkpoint, [&totals](const std::string&, const TensorView& tensor) {
        ++totals.tensors;
        totals.nbytes = saturating_add(totals.nbytes, tensor.nbytes());
    });
    return totals;
}

Result<FileFormat> format_of(const ConvertCommand& command) {
    const auto format =
        command.to.empty() ? format_of_extension(command.write.output) : find_file_format(command.to);
    if (format) return *format;
    if (!command.to.empty())
        return Error(Condition::option, fmt::format("there is no format '{}'", escape(command.to)));
    return Error(Condition::option, "its extension is not that of a format; give --to FORMAT");
}

Result<ExportOptions> export_options(const ConvertCommand& command) {
    ExportOptions options;
    MILEPOST_TRY_ASSIGN(options.format, format_of(command));
    MILEPOST_TRY_ASSIGN(options.save, save_options(command.write));
    options.lossy = command.lossy;
    options.verify = command.verify;
    if (!command.max_shard_size.empty()) {
        MILEPOST_TRY_ASSIGN(options.max_shard_nbytes, parse_size(command.max_shard_size));
    }
    return options;
}

Result<AnyFile> open_input(const ConvertCommand& command) {
    AnyFileOptions options{command.from};
    for (const std::string& model : command.models) {
        MILEPOST_TRY_ASSIGN(auto pair, split_assignment(model));
        options.models.push_back(std::move(pair));
    }
    return AnyFile::open(command.file, options);
}

void print_losses(const ConvertCommand& command, FileFormat format, const std::vector<Loss>& losses) {
    print_message(fmt::format("{}: a {} file cannot hold {} of it:", escape(command.file), name(format),
                              counted(losses.size(), "part")));
    for (std::size_t i = 0; i < std::min(losses.size(), kMaxListedLosses); ++i)
        print_message(fmt::format("  {}: {}", escape(losses[i].path), losses[i].reason));
    if (losses.size() > kMaxListedLosses)
        print_message(fmt::format("  and {} more", grouped(losses.size() - kMaxListedLosses)));
    if (!command.lossy) print_message("nothing was written; --lossy writes the rest");
}

Exit report(const ConvertCommand& command, FileFormat from, FileFormat to, const std::string& written,
            const Totals& totals, const std::vector<Loss>& losses) {
    if (command.json) {
        JsonDocument document("milepost.convert/1");
        document.field("file", command.file);
        document.field("format", name(from));
        document.field("output", written);
        document.field("output_format", name(to));
        document.field("tensors", number_json(totals.tensors));
        document.field("nbytes", number_json(totals.nbytes));
        document.field("verified", command.verify);
        document.list("losses", losses, [](const Loss& loss) {
            return Json{{"path", loss.path}, {"reason", loss.reason}};
        });
        document.end();
    } else {
        print(fmt::format("{} ({}) -> {} ({}): {}, {}{}\n", escape(command.file), name(from), escape(written),
                          name(to), counted(totals.tensors, "tensor"), iec(totals.nbytes),
                          command.verify ? ", verified" : ""));
    }
    return losses.empty() ? Exit::ok : Exit::lossy;
}

}  // namespace

Exit run(const ConvertCommand& command) {
    auto options = export_options(command);
    if (!options) return fail(command.write.output, options.error(), command.no_color);
    const auto file = open_input(command);
    if (!file) return fail(command.file, file.error(), command.no_color);
    auto checkpoint = file->checkpoint();
    if (!checkpoint) return fail(command.file, checkpoint.error(), command.no_color);
    if (const auto matched = check_matches(*checkpoint, command.only); !matched)
        return fail(command.file, matched.error(), command.no_color);
    if (!command.only.empty()) *checkpoint = keep(*checkpoint, command.only);
    const std::vector<Loss> losses = find_losses(*checkpoint, options->format);
    if (!losses.empty()) print_losses(command, options->format, losses);
    if (!losses.empty() && !command.lossy) return Exit::failed;
    const auto written = write_output(command.write.output, *checkpoint, *options);
    // A file that was rewritten meanwhile explains whatever went wrong.
    if (const auto unchanged = file->check_unchanged(); !unchanged)
        return fail(command.file, unchanged.error(), command.no_color);
    if (!written) return fail(command.write.output, written.error(), command.no_color);
    return report(command, file->format(), options->format, *written, totals_of(*checkpoint), losses);
}

}  // namespace milepost::cli
