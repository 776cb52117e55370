#include "live/load_report.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/load_into.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "core/layout.hpp"
#include "core/text.hpp"

namespace milepost {
namespace {

using base::message;
using core::printable;

/// A message is cut where it would be too long to read; the report has everything.
constexpr std::size_t kMostNbytes = std::size_t{1} << 16U;

/// "missing: a, b".
void add_list(std::string& text, std::string_view what, const std::vector<std::string>& paths) {
    if (paths.empty()) return;
    if (!text.empty()) text += "; ";
    text += message(what, ": ");
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (text.size() > kMostNbytes) {
            text += message(" and ", paths.size() - i, " more");
            return;
        }
        text += message(i == 0 ? "" : ", ", printable(paths[i]));
    }
}

void add_shape(std::string& text, const ShapeMismatch& mismatch) {
    if (!text.empty()) text += "; ";
    text += message(printable(mismatch.path), ": shape ", core::dims_text(mismatch.file), " in the file, ");
    text += mismatch.parameter.empty() ? "live " : message("parameter ", printable(mismatch.parameter), " ");
    text += core::dims_text(mismatch.live);
}

void add_dtype(std::string& text, const DtypeMismatch& mismatch) {
    if (!text.empty()) text += "; ";
    text += message(printable(mismatch.path), ": ", printable(mismatch.file), " in the file, live ",
                    printable(mismatch.live));
}

Condition first_condition(const LoadReport& report) noexcept {
    if (!report.missing.empty()) return Condition::missing;
    if (!report.unexpected.empty()) return Condition::unexpected;
    return report.shape_mismatches.empty() ? Condition::other_dtype : Condition::other_shape;
}

}  // namespace

bool LoadReport::complete() const noexcept {
    return missing.empty() && unexpected.empty() && shape_mismatches.empty() && dtype_mismatches.empty();
}

std::string LoadReport::to_string() const {
    std::string text;
    add_list(text, "missing", missing);
    add_list(text, "unexpected", unexpected);
    for (std::size_t i = 0; i < shape_mismatches.size() && text.size() <= kMostNbytes; ++i)
        add_shape(text, shape_mismatches[i]);
    for (std::size_t i = 0; i < dtype_mismatches.size() && text.size() <= kMostNbytes; ++i)
        add_dtype(text, dtype_mismatches[i]);
    if (text.size() > kMostNbytes) text += "; the rest is in the report";
    return text.empty() ? "all matched" : text;
}

namespace live {

Result<void> check_strict(const LoadReport& report, const LoadOptions& options, const std::string& whose) {
    if (!options.strict || report.complete()) return {};
    return Error(first_condition(report), message(whose, ": ", report.to_string()));
}

}  // namespace live
}  // namespace milepost
