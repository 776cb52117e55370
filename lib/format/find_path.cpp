#include "format/find_path.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {
namespace {

/// The entry of that name in the state of a parameter.
std::optional<std::uint32_t> find_in_state(const Index& index, const IndexOffsets& offsets,
                                           std::uint32_t optimizer, std::uint64_t parameter,
                                           std::string_view name) {
    const auto states =
        index.states.subspan(offsets.optimizer_state[optimizer], index.optimizers[optimizer].state_count);
    const auto at =
        std::lower_bound(states.begin(), states.end(), parameter,
                         [](const StateRecord& state, std::uint64_t wanted) { return state.index < wanted; });
    if (at == states.end() || at->index != parameter) return std::nullopt;
    const std::size_t entry_list = offsets.optimizer_entry_list[optimizer] +
                                   std::size_t{index.optimizers[optimizer].group_count} +
                                   static_cast<std::size_t>(at - states.begin());
    return find_entry(index, offsets.entry_list(entry_list), name);
}

/// "KEY/NAME": both may contain '/', so the path may be cut at each one.
std::optional<std::uint32_t> find_in_keyed_state(const Index& index, const IndexOffsets& offsets,
                                                 std::uint32_t optimizer, std::string_view below) {
    for (std::size_t cut = below.find('/'); cut != std::string_view::npos; cut = below.find('/', cut + 1)) {
        const auto parameter = find_param_key(index, offsets.param_keys(optimizer), below.substr(0, cut));
        if (!parameter) continue;
        if (auto entry = find_in_state(index, offsets, optimizer, *parameter, below.substr(cut + 1)))
            return entry;
    }
    return std::nullopt;
}

/// "state/INDEX/NAME" or "state/KEY/NAME" below an optimizer, without a walk over all tensors.
std::optional<std::uint32_t> find_state_entry(const Index& index, const IndexOffsets& offsets,
                                              std::uint32_t optimizer, std::string_view below) {
    constexpr std::string_view kState = "state/";
    if (!below.starts_with(kState)) return std::nullopt;
    below.remove_prefix(kState.size());
    if (offsets.param_keys(optimizer).count != 0)
        return find_in_keyed_state(index, offsets, optimizer, below);
    std::uint64_t parameter = 0;
    const auto [end, error] = std::from_chars(below.data(), below.data() + below.size(), parameter);
    const auto digits = static_cast<std::size_t>(end - below.data());
    if (error != std::errc() || digits == below.size() || below[digits] != '/') return std::nullopt;
    return find_in_state(index, offsets, optimizer, parameter, below.substr(digits + 1));
}

}  // namespace

std::optional<std::uint32_t> find_path(const Index& index, const IndexOffsets& offsets,
                                       std::string_view path) {
    auto below = [&](std::string_view owner) -> std::optional<std::string_view> {
        if (!path.starts_with(owner) || path.size() <= owner.size() || path[owner.size()] != '/')
            return std::nullopt;
        return path.substr(owner.size() + 1);
    };
    for (std::uint32_t i = 0; i < index.models.size(); ++i) {
        const auto name = below(index.model_names[i]);
        const auto entry = name ? find_entry(index, offsets.entry_list(i), *name) : std::nullopt;
        if (entry) return entry;
    }
    for (std::uint32_t i = 0; i < index.optimizers.size(); ++i) {
        const auto name = below(index.optimizer_names[i]);
        const auto entry = name ? find_state_entry(index, offsets, i, *name) : std::nullopt;
        if (entry) return entry;
    }
    return find_entry(index, offsets.values_entry_list(), path);
}

}  // namespace milepost::format
