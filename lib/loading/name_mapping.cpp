#include "loading/name_mapping.hpp"

#include <algorithm>

namespace milepost::loading {
namespace {

std::string_view without_prefixes(std::string_view name, const std::vector<std::string>& prefixes) {
    auto leads = [&](const std::string& prefix) { return !prefix.empty() && name.starts_with(prefix); };
    for (auto at = std::find_if(prefixes.begin(), prefixes.end(), leads); at != prefixes.end();
         at = std::find_if(prefixes.begin(), prefixes.end(), leads)) {
        name.remove_prefix(at->size());
    }
    return name;
}

/// The pattern with each '*' replaced by what it stands for; one too many stays.
std::string fill(std::string_view pattern, const std::vector<std::string_view>& parts) {
    std::string filled;
    std::size_t next = 0;
    for (const char character : pattern) {
        if (character == '*' && next < parts.size()) {
            filled += parts[next++];
        } else {
            filled += character;
        }
    }
    return filled;
}

}  // namespace

std::optional<std::vector<std::string_view>> match_pattern(std::string_view pattern, std::string_view name) {
    std::vector<std::string_view> parts;
    const std::size_t first = pattern.find('*');
    if (!name.starts_with(pattern.substr(0, first))) return std::nullopt;
    if (first == std::string_view::npos) return name == pattern ? std::optional(parts) : std::nullopt;
    name.remove_prefix(first);
    pattern.remove_prefix(first + 1);
    // Between two '*' the leftmost place is as good as any later one; behind the last there is only one.
    for (std::size_t star = pattern.find('*'); star != std::string_view::npos; star = pattern.find('*')) {
        const std::size_t at = name.find(pattern.substr(0, star));
        if (at == std::string_view::npos) return std::nullopt;
        parts.push_back(name.substr(0, at));
        name.remove_prefix(at + star);
        pattern.remove_prefix(star + 1);
    }
    if (!name.ends_with(pattern)) return std::nullopt;
    parts.push_back(name.substr(0, name.size() - pattern.size()));
    return parts;
}

std::string live_name(std::string_view name, const LoadOptions& options) {
    const std::string_view bare = without_prefixes(name, options.strip_prefixes);
    for (const Rename& rename : options.rename) {
        if (const auto parts = match_pattern(rename.from, bare)) return fill(rename.to, *parts);
    }
    return std::string(bare);
}

bool is_selected(std::string_view name, const LoadOptions& options) {
    return options.only.empty() ||
           std::any_of(options.only.begin(), options.only.end(),
                       [&](const std::string& pattern) { return match_pattern(pattern, name).has_value(); });
}

}  // namespace milepost::loading
