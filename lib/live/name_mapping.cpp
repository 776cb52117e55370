#include "live/name_mapping.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/load_into.hpp>

#include "core/pattern.hpp"

namespace milepost::live {
namespace {

std::string_view without_prefixes(std::string_view name, const std::vector<std::string>& prefixes) {
    auto leads = [&](const std::string& prefix) { return !prefix.empty() && name.starts_with(prefix); };
    for (auto at = std::find_if(prefixes.begin(), prefixes.end(), leads); at != prefixes.end();
         at = std::find_if(prefixes.begin(), prefixes.end(), leads)) {
        name.remove_prefix(at->size());
    }
    return name;
}

}  // namespace

std::string live_name(std::string_view name, const LoadOptions& options) {
    const std::string_view bare = without_prefixes(name, options.strip_prefixes);
    for (const Rename& rename : options.rename) {
        if (const auto parts = core::match_pattern(rename.from, bare))
            return core::fill_pattern(rename.to, *parts);
    }
    return std::string(bare);
}

bool is_selected(std::string_view name, const LoadOptions& options) {
    return options.only.empty() ||
           std::any_of(options.only.begin(), options.only.end(), [&](const std::string& pattern) {
               return core::match_pattern(pattern, name).has_value();
           });
}

}  // namespace milepost::live
