#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <milepost/error.hpp>
#include <milepost/text.hpp>
#include <milepost/verify.hpp>

#include "commands.hpp"
#include "contents.hpp"
#include "json_document.hpp"
#include "json_value.hpp"
#include "progress.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

/// The result for one file: the error because of which it could not be checked, or the report.
struct FileResult {
    std::string file;
    std::optional<Error> error;
    VerifyReport report;
};

FileResult check(const std::string& file) {
    const auto reader = open_file(file);
    if (!reader) return {file, reader.error(), {}};
    ProgressLine line(file);
    milepost::VerifyOptions options;
    options.progress = [&line](std::uint64_t done, std::uint64_t total) { line.show(done, total); };
    auto report = milepost::verify(*reader, options);
    if (!report) return {file, report.error(), {}};
    return {file, std::nullopt, *std::move(report)};
}

/// Whether the error means that the checkpoint is damaged. Other errors mean that it could not be checked, or
/// that the file is not a checkpoint.
bool is_damage(const Error& error) {
    return error.code() == Code::corrupt || error.code() == Code::truncated;
}

Exit exit_of(const FileResult& result) {
    if (result.error) return is_damage(*result.error) ? Exit::damaged : Exit::failed;
    return result.report.ok() ? Exit::ok : Exit::damaged;
}

// Text

void print_text(const FileResult& result, bool no_color) {
    const Palette palette(Stream::out, no_color);
    const VerifyReport& report = result.report;
    if (result.error && !is_damage(*result.error)) {
        print_message(error_text(result.file, *result.error, Palette(Stream::err, no_color)));
    } else if (result.error) {
        print(error_text(result.file, *result.error, palette) + '\n');
    } else if (report.ok()) {
        print(
            fmt::format("{}: {} ({}, {}{})\n", escape(result.file), palette.paint(Colour::green, "ok"),
                        counted(report.chunks, "chunk"), counted(report.nbytes, "byte"),
                        report.canonical_form_checked ? "" : "; canonical form not checked: newer revision"));
    }
    for (const Damage& damage : report.damage)
        print(error_text(result.file, damage.error, palette) + '\n');
}

// JSON

Json error_json(const std::string& file, const Error& error) {
    return {{"code", name(error.code())},
            {"condition", name(error.condition())},
            {"message", message_about(file, error)}};
}

Json damage_json(const std::string& file, const Damage& damage) {
    Json json = error_json(file, damage.error);
    json["tensors"] = damage.tensors;
    json["storage"] = damage.storage ? Json(*damage.storage) : Json();
    json["chunk"] = damage.chunk ? number_json(*damage.chunk) : Json();
    json["begin"] = number_json(damage.begin);
    json["end"] = number_json(damage.end);
    return json;
}

Json result_json(const FileResult& result) {
    Json damage = Json::array();
    for (const Damage& each : result.report.damage)
        damage.push_back(damage_json(result.file, each));
    return {{"file", result.file},
            {"ok", exit_of(result) == Exit::ok},
            {"error", result.error ? error_json(result.file, *result.error) : Json()},
            {"chunks", number_json(result.report.chunks)},
            {"nbytes", number_json(result.report.nbytes)},
            {"canonical_form_checked", !result.error && result.report.canonical_form_checked},
            {"damage", std::move(damage)}};
}

}  // namespace

Exit run(const VerifyCommand& command) {
    Exit worst = Exit::ok;
    const auto check_each = [&](const auto& show) {
        for (const std::string& file : command.files) {
            const FileResult result = check(file);
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
