#include "live/load_report.hpp"

#include <cstddef>
#include <cstdint>
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

/// A message is cut where it would be too long to read; the report has more.
constexpr std::size_t kMostNbytes = std::size_t{1} << 16U;

/// "net/fc.weight", "sgd/state/0/exp_avg of 'fc.weight'".
std::string text_of(const ReportItem& item) {
    if (item.parameter.empty()) return printable(item.path);
    return message(printable(item.path), " of ", printable(item.parameter));
}

std::string text_of(const std::string& option) {
    return printable(option);
}

std::string text_of(const ShapeMismatch& item) {
    return message(printable(item.path), ": shape ", core::dims_text(item.file), " in the file, ",
                   item.parameter.empty() ? "live " : message("parameter ", printable(item.parameter), " "),
                   core::dims_text(item.live));
}

std::string text_of(const DtypeMismatch& item) {
    return message(text_of(ReportItem{item.path, item.parameter}), ": ", printable(item.file),
                   " in the file, live ", printable(item.live));
}

/// "['a', 'b', ... 3 more]"
std::string names_text(const std::vector<std::string>& names, std::uint64_t count) {
    std::string text = "[";
    for (std::size_t i = 0; i < names.size(); ++i)
        text += message(i == 0 ? "'" : ", '", printable(names[i]), "'");
    if (count > names.size())
        text += message(names.empty() ? "" : ", ", "... ", count - names.size(), " more");
    return text + "]";
}

std::string text_of(const GroupMismatch& item) {
    return message(printable(item.path), ": parameters ", names_text(item.file, item.file_count),
                   " in the file, live ", names_text(item.live, item.live_count));
}

/// "missing: a, b and 3 more".
template <class Item>
void add_list(std::string& text, std::string_view what, const ReportList<Item>& list) {
    if (list.empty()) return;
    if (!text.empty()) text += "; ";
    text += what;
    std::size_t i = 0;
    for (; i < list.items.size() && text.size() <= kMostNbytes; ++i)
        text += message(i == 0 ? "" : ", ", text_of(list.items[i]));
    if (i < list.count) text += message(i == 0 ? "" : " and ", list.count - i, i == 0 ? "" : " more");
}

Condition first_condition(const LoadReport& report) noexcept {
    if (!report.missing.empty()) return Condition::missing;
    if (!report.unexpected.empty()) return Condition::unexpected;
    if (!report.shape_mismatches.empty()) return Condition::other_shape;
    if (!report.dtype_mismatches.empty()) return Condition::other_dtype;
    return report.group_mismatches.empty() ? Condition::missing : Condition::unexpected;
}

}  // namespace

bool LoadReport::complete() const noexcept {
    return missing.empty() && unexpected.empty() && shape_mismatches.empty() && dtype_mismatches.empty() &&
           group_mismatches.empty() && unused_options.empty();
}

std::string LoadReport::to_string() const {
    std::string text;
    add_list(text, "missing: ", missing);
    add_list(text, "unexpected: ", unexpected);
    add_list(text, "", shape_mismatches);
    add_list(text, "", dtype_mismatches);
    add_list(text, "other groups: ", group_mismatches);
    add_list(text, "options that never applied: ", unused_options);
    return text.empty() ? "all matched" : text;
}

namespace live {

std::size_t nbytes_of(const std::string& text) noexcept {
    return sizeof(text) + text.capacity();
}

std::size_t nbytes_of(const ReportItem& item) noexcept {
    return nbytes_of(item.path) + nbytes_of(item.parameter);
}

std::size_t nbytes_of(const ShapeMismatch& item) noexcept {
    return sizeof(item) + item.path.capacity() + item.parameter.capacity() +
           (item.file.capacity() + item.live.capacity()) * sizeof(std::uint64_t);
}

std::size_t nbytes_of(const DtypeMismatch& item) noexcept {
    return nbytes_of(item.path) + nbytes_of(item.file) + nbytes_of(item.live) + nbytes_of(item.parameter);
}

std::size_t nbytes_of(const GroupMismatch& item) noexcept {
    std::size_t nbytes = sizeof(item) + item.path.capacity();
    for (const std::string& name : item.file)
        nbytes += nbytes_of(name);
    for (const std::string& name : item.live)
        nbytes += nbytes_of(name);
    return nbytes;
}

Result<void> ReportBuilder::check_strict(const LoadOptions& options, const std::string& whose) const {
    if (!options.strict || report_.complete()) return {};
    return Error(first_condition(report_), message(whose, ": ", report_.to_string()));
}

}  // namespace live
}  // namespace milepost
