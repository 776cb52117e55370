#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <milepost/convert.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/progress.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/verify.hpp>

#include "any_file.hpp"
#include "commands.hpp"
#include "json_document.hpp"
#include "json_value.hpp"
#include "progress.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

/// The result for one file: the error because of which it could not be checked, or the report, and the open
/// file that it is about.
struct FileResult {
    std::string file;
    std::optional<Error> error = {};
    std::optional<AnyFile> open = {};
    VerifyReport report = {};

    [[nodiscard]] const Reader* reader() const { return open ? open->reader() : nullptr; }
};

/// Reads all tensors of a file of another format, so that every checksum that it has is compared. Its
/// structure was checked when it was opened.
FileResult check_imported(const std::string& path, AnyFile file) {
    VerifyReport report;
    for (const StorageView& storage : file.imported_storages()) {
        const TensorView bytes(*find_dtype(Dtype::u8), {storage.nbytes()}, storage);
        const auto read = bytes.read_blocks([](std::span<const std::byte>) -> Result<void> { return {}; });
        if (!read) return {path, read.error()};
        report.nbytes = saturating_add(report.nbytes, storage.nbytes());
    }
    if (const auto unchanged = file.check_unchanged(); !unchanged) return {path, unchanged.error()};
    return {path, std::nullopt, std::move(file), report};
}

FileResult check(const std::string& file, std::size_t max_damage) {
    auto open = AnyFile::open(file);
    if (!open) return {file, open.error()};
    if (open->reader() == nullptr) return check_imported(file, *std::move(open));
    ProgressLine line(file);
    milepost::VerifyOptions options;
    options.max_damage = max_damage;
    options.progress = [&line](const milepost::Progress& progress) {
        line.show(progress);
        return true;
    };
    auto report = milepost::verify(*open->reader(), options);
    if (!report) return {file, report.error()};
    return {file, std::nullopt, *std::move(open), *std::move(report)};
}

/// Whether the error means that the checkpoint is damaged. Other errors mean that it could not be checked, or
/// that the file is not a checkpoint.
bool is_damage(const Error& error) {
    return error.code() == Code::corrupt || error.code() == Code::truncated;
}

Exit exit_of(const FileResult& result) {
    if (result.error) return is_damage(*result.error) ? Exit::differs : Exit::failed;
    if (result.report.unreadable_count != 0) return Exit::failed;
    return result.report.ok() ? Exit::ok : Exit::differs;
}

// Text

/// "FILE: 5,000 damaged ranges (4,000 more than listed), 2 of them could not be read; 17 of 60 tensors are
/// damaged"
std::string damage_summary(const FileResult& result, const Palette& palette) {
    const VerifyReport& report = result.report;
    std::string text = counted(report.damage_count, "damaged range");
    const std::uint64_t unlisted = report.damage_count - report.damage.size();
    if (unlisted != 0) text += fmt::format(" ({} more than listed)", grouped(unlisted));
    if (report.unreadable_count != 0)
        text += fmt::format(", {} of them could not be read", grouped(report.unreadable_count));
    const std::uint32_t tensors = result.reader() != nullptr ? result.reader()->tensor_count() : 0;
    return fmt::format("{}: {}; {} of {} have damaged bytes\n", escape(result.file),
                       palette.paint(Colour::red, text), grouped(report.damaged_tensors),
                       counted(tensors, "tensor"));
}

void print_text(const FileResult& result, bool no_color) {
    const Palette palette(Stream::out, no_color);
    const VerifyReport& report = result.report;
    if (result.error && !is_damage(*result.error)) {
        print_message(error_text(result.file, *result.error, Palette(Stream::err, no_color)));
    } else if (result.error) {
        print(error_text(result.file, *result.error, palette) + '\n');
    } else if (result.reader() == nullptr) {
        print(fmt::format("{}: {} ({}, {}; as far as {} files have checksums)\n", escape(result.file),
                          palette.paint(Colour::green, "ok"),
                          counted(result.open->imported_storages().size(), "storage"),
                          counted(report.nbytes, "byte"), name(result.open->format())));
    } else if (report.ok()) {
        print(
            fmt::format("{}: {} ({}, {}{})\n", escape(result.file), palette.paint(Colour::green, "ok"),
                        counted(report.chunks, "chunk"), counted(report.nbytes, "byte"),
                        report.canonical_form_checked ? "" : "; canonical form not checked: newer revision"));
    }
    for (const Damage& damage : report.damage)
        print(error_text(result.file, damage.error, palette) + '\n');
    if (report.damage_count > 1) print(damage_summary(result, palette));
}

// JSON

Json error_json(const std::string& file, const Error& error) {
    return {{"code", name(error.code())},
            {"condition", name(error.condition())},
            {"message", message_about(file, error)}};
}

/// The paths of a report, up to a size: a file of 1 MiB can have paths of as much, for each of its tensors.
class PathList {
public:
    explicit PathList(const Reader& reader) : reader_(reader) {}

    /// The paths of the tensors, as long as there is room for them.
    Json operator()(const std::vector<std::uint32_t>& tensors) {
        Json paths = Json::array();
        for (const std::uint32_t tensor : tensors) {
            if (left_ == 0) break;
            std::string path = reader_.tensor_path(tensor);
            if (path.size() > left_) {
                left_ = 0;
                break;
            }
            left_ -= path.size();
            paths.push_back(std::move(path));
        }
        return paths;
    }

private:
    const Reader& reader_;
    std::uint64_t left_ = std::uint64_t{4} << 20U;  // in bytes
};

Json damage_json(const std::string& file, const Damage& damage, PathList& paths) {
    Json json = error_json(file, damage.error);
    json["tensors"] = paths(damage.tensors);
    json["tensor_count"] = number_json(damage.tensor_count);
    json["storage"] = damage.storage ? Json(*damage.storage) : Json();
    json["chunk"] = damage.chunk ? number_json(*damage.chunk) : Json();
    json["begin"] = number_json(damage.begin);
    json["end"] = number_json(damage.end);
    return json;
}

Json damage_list_json(const FileResult& result) {
    Json list = Json::array();
    if (result.reader() == nullptr) return list;
    PathList paths(*result.reader());
    for (const Damage& damage : result.report.damage)
        list.push_back(damage_json(result.file, damage, paths));
    return list;
}

Json result_json(const FileResult& result) {
    const VerifyReport& report = result.report;
    return {{"file", result.file},
            {"ok", exit_of(result) == Exit::ok},
            {"format", result.open ? Json(name(result.open->format())) : Json()},
            {"error", result.error ? error_json(result.file, *result.error) : Json()},
            {"chunks", number_json(report.chunks)},
            {"nbytes", number_json(report.nbytes)},
            {"canonical_form_checked", result.reader() != nullptr && report.canonical_form_checked},
            {"damage_count", number_json(report.damage_count)},
            {"unreadable_count", number_json(report.unreadable_count)},
            {"damaged_tensors", number_json(report.damaged_tensors)},
            {"damage", damage_list_json(result)}};
}

}  // namespace

Exit run(const VerifyCommand& command) {
    Exit worst = Exit::ok;
    const auto check_each = [&](const auto& show) {
        for (const std::string& file : command.files) {
            const FileResult result = check(file, command.max_damage);
            worst = std::max(worst, exit_of(result));
            show(result);
        }
    };
    if (command.json) {
        JsonDocument document("milepost.verify/1");
        document.begin_list("files");
        check_each([&](const FileResult& result) { document.row(result_json(result)); });
        document.end_list();
        document.end();
    } else {
        check_each([&](const FileResult& result) { print_text(result, command.no_color); });
    }
    return worst;
}

}  // namespace milepost::cli
