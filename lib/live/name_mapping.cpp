#include "live/name_mapping.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include <milepost/load_into.hpp>

#include "base/message.hpp"
#include "core/pattern.hpp"
#include "core/text.hpp"
#include "live/load_report.hpp"

namespace milepost::live {

using base::message;
using core::printable;

NameMapping::NameMapping(const LoadOptions& options)
    : options_(options),
      prefix_applied_(options.strip_prefixes.size()),
      rename_applied_(options.rename.size()),
      only_applied_(options.only.size()) {}

std::string_view NameMapping::without_prefixes(std::string_view name) {
    for (std::size_t i = 0; i < options_.strip_prefixes.size();) {
        const std::string& prefix = options_.strip_prefixes[i];
        if (prefix.empty() || !name.starts_with(prefix)) {
            ++i;
            continue;
        }
        name.remove_prefix(prefix.size());
        prefix_applied_[i] = true;
        i = 0;
    }
    return name;
}

std::string NameMapping::live_name(std::string_view name) {
    const std::string_view bare = without_prefixes(name);
    for (std::size_t i = 0; i < options_.rename.size(); ++i) {
        const auto parts = core::match_pattern(options_.rename[i].from, bare);
        if (!parts) continue;
        rename_applied_[i] = true;
        return core::fill_pattern(options_.rename[i].to, *parts);
    }
    return std::string(bare);
}

bool NameMapping::is_selected(std::string_view name) {
    bool selected = options_.only.empty();
    for (std::size_t i = 0; i < options_.only.size(); ++i) {
        if (selected && only_applied_[i]) continue;
        if (!core::match_pattern(options_.only[i], name)) continue;
        selected = true;
        only_applied_[i] = true;
    }
    return selected;
}

void NameMapping::report_unused(ReportBuilder& report) const {
    auto add = [&](std::string_view option, const std::string& text) {
        report.add(&LoadReport::unused_options, [&] { return message(option, " '", printable(text), "'"); });
    };
    for (std::size_t i = 0; i < options_.only.size(); ++i)
        if (!only_applied_[i]) add("only", options_.only[i]);
    for (std::size_t i = 0; i < options_.rename.size(); ++i)
        if (!rename_applied_[i]) add("rename", options_.rename[i].from);
    for (std::size_t i = 0; i < options_.strip_prefixes.size(); ++i)
        if (!prefix_applied_[i]) add("strip_prefixes", options_.strip_prefixes[i]);
}

}  // namespace milepost::live
