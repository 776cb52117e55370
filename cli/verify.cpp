#include <milepost/verify.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "commands.hpp"
#include "contents.hpp"
#include "json_document.hpp"
#include "progress.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

/// What is known about one file: an error that kept it from being checked, or the report.
struct RuleResult {
    std::string file;
    std::optional<Error> error;
    VerifyReport report;
};

RuleResult check(const std::string& file) {
    const auto reader = open_file(file);
    if (!reader) return {file, reader.error(), {}};
    ProgressLine line(file);
    milepost::VerifyOptions options;
    options.progress = [&line](std::uint64_t done, std::uint64_t total) { line.show(done, total); };
    auto report = milepost::verify(*reader, options);
    if (!report) return {file, report.error(), {}};
    return {file, std::nullopt, *std::move(report)};
}

/// Whether the error says that the checkpoint is bad; others say that it could not be checked, or, of an
/// empty file, that there is none.
bool is_damage(const Error& error) {
    if (error.condition() == Condition::empty) return false;
    return error.code() == Code::corrupt || error.code() == Code::truncated;
}

Exit exit_of(const RuleResult& verdict) {
    if (verdict.error) return is_damage(*verdict.error) ? Exit::damaged : Exit::failed;
    return verdict.report.ok() ? Exit::ok : Exit::damaged;
}

// Text

void print_text(const RuleResult& verdict, bool no_color) {
    const Palette palette(Stream::out, no_color);
    const VerifyReport& report = verdict.report;
    if (verdict.error && !is_damage(*verdict.error)) {
        print_message(error_text(verdict.file, *verdict.error, Palette(Stream::err, no_color)));
    } else if (verdict.error) {
        print(error_text(verdict.file, *verdict.error, palette) + '\n');
    } else if (report.ok()) {
        print(fmt::format("{}: {} ({}, {})\n", escape(verdict.file), palette.paint(Colour::green, "ok"),
                          counted(report.chunks, "chunk"), counted(report.nbytes, "byte")));
    }
    for (const Damage& damage : report.damage)
        print(error_text(verdict.file, damage.error, palette) + '\n');
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

Json verdict_json(const RuleResult& verdict) {
    Json damage = Json::array();
    for (const Damage& each : verdict.report.damage)
        damage.push_back(damage_json(verdict.file, each));
    return {{"file", verdict.file},
            {"ok", exit_of(verdict) == Exit::ok},
            {"error", verdict.error ? error_json(verdict.file, *verdict.error) : Json()},
            {"chunks", number_json(verdict.report.chunks)},
            {"nbytes", number_json(verdict.report.nbytes)},
            {"damage", std::move(damage)}};
}

}  // namespace

Exit run(const VerifyCommand& command) {
    Exit worst = Exit::ok;
    const auto check_each = [&](const auto& show) {
        for (const std::string& file : command.files) {
            const RuleResult verdict = check(file);
            worst = std::max(worst, exit_of(verdict));
            show(verdict);
        }
    };
    if (command.json) {
        JsonDocument document("milepost.verify/1");
        document.begin_list("files");
        check_each([&](const RuleResult& verdict) { document.row(verdict_json(verdict)); });
        document.end_list();
        document.end();
    } else {
        check_each([&](const RuleResult& verdict) { print_text(verdict, command.no_color); });
    }
    return worst;
}

}  // namespace milepost::cli
