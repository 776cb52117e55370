#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <milepost/compare.hpp>
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

std::string_view word(Difference::Kind kind) {
    switch (kind) {
        case Difference::Kind::removed:
            return "removed";
        case Difference::Kind::added:
            return "added";
        case Difference::Kind::changed:
            break;
    }
    return "changed";
}

Json difference_json(const Difference& difference) {
    const Gap& gap = difference.gap;
    Json json = {{"kind", word(difference.kind)}, {"path", difference.path}};
    json["a"] = difference.left.empty() ? Json() : Json(difference.left);
    json["b"] = difference.right.empty() ? Json() : Json(difference.right);
    if (gap.is_equal) return json;
    json["numbers"] = number_json(gap.numbers);
    json["max_absolute"] = number_json(gap.absolute);
    json["max_relative"] = number_json(gap.relative);
    json["max_ulp"] = number_json(gap.ulps);
    return json;
}

/// "- model/x: f32[3]", "~ lr: 0.1 -> 0.01", "~ model/w: f32[3]: 2 numbers differ, max |d| 0.5 ..."
std::string difference_text(const Difference& difference, const Palette& palette) {
    const std::string path = escape(difference.path);
    if (difference.kind == Difference::Kind::removed)
        return palette.paint(Colour::red, fmt::format("- {}: {}", path, difference.left));
    if (difference.kind == Difference::Kind::added)
        return palette.paint(Colour::green, fmt::format("+ {}: {}", path, difference.right));
    std::string text = fmt::format("~ {}: {}", path, difference.left);
    if (difference.right != difference.left) text += fmt::format(" -> {}", difference.right);
    const Gap& gap = difference.gap;
    if (!gap.is_equal) {
        text += fmt::format(": {} differ", counted(gap.numbers, "number"));
        if (gap.absolute != 0)
            text += fmt::format(", max |d| {:.3g}, relative {:.3g}", gap.absolute, gap.relative);
        if (gap.ulps != 0) text += fmt::format(", {} ULP", grouped(gap.ulps));
    }
    return palette.paint(Colour::yellow, text);
}

/// Prints differences as they are found, as many as are listed.
class Report {
public:
    explicit Report(const DiffCommand& command)
        : command_(command), palette_(Stream::out, command.no_color) {}

    bool add(const Difference& difference) {
        if (command_.quiet) return false;
        if (listed_ == command_.max_listed) return true;
        ++listed_;
        if (command_.json) {
            rows_.push_back(difference_json(difference));
        } else {
            print(difference_text(difference, palette_) + '\n');
        }
        return true;
    }

    void end(const Comparison& comparison) const {
        if (command_.json) return print_json(comparison);
        if (command_.quiet) return;
        for (const std::string& note : comparison.notes)
            print_message("note: " + note);
        if (comparison.differences == 0) {
            print(fmt::format("same content ({} compared)\n", counted(comparison.compared, "item")));
            return;
        }
        const std::uint64_t unlisted = comparison.differences - listed_;
        print(fmt::format("{}{}\n", counted(comparison.differences, "difference"),
                          unlisted == 0 ? "" : fmt::format(" ({} more than listed)", grouped(unlisted))));
    }

private:
    void print_json(const Comparison& comparison) const {
        JsonDocument document("milepost.diff/1");
        document.field("a", command_.left);
        document.field("b", command_.right);
        document.field("same", comparison.differences == 0);
        document.field("compared", number_json(comparison.compared));
        document.field("difference_count", number_json(comparison.differences));
        document.list("differences", rows_, [](const Json& row) { return row; });
        document.list("notes", comparison.notes, [](const std::string& note) { return Json(note); });
        document.end();
    }

    const DiffCommand& command_;
    Palette palette_;
    std::uint64_t listed_ = 0;
    std::vector<Json> rows_;
};

}  // namespace

Exit run(const DiffCommand& command) {
    if (!(command.rtol >= 0) || !(command.atol >= 0)) {
        print_message("diff: --rtol and --atol are not negative");
        return Exit::failed;
    }
    const auto left = AnyFile::open(command.left);
    if (!left) return fail(command.left, left.error(), command.no_color);
    const auto right = AnyFile::open(command.right);
    if (!right) return fail(command.right, right.error(), command.no_color);
    const auto a = left->checkpoint();
    if (!a) return fail(command.left, a.error(), command.no_color);
    const auto b = right->checkpoint();
    if (!b) return fail(command.right, b.error(), command.no_color);
    CompareOptions options = compare_options(left->format(), right->format());
    options.tolerance = {command.rtol, command.atol};
    options.only = command.only;
    Report report(command);
    const auto compared = compare(*a, *b, options, [&report](const Difference& d) { return report.add(d); });
    if (!compared) return fail(command.left, compared.error(), command.no_color);
    report.end(*compared);
    return compared->differences == 0 ? Exit::ok : Exit::differs;
}

}  // namespace milepost::cli
