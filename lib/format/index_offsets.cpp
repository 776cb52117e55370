#include "format/index_offsets.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/aligned_buffer.hpp"
#include "base/memory.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"

namespace milepost::format {

IndexOffsets::IndexOffsets(const Index& index) {
    const std::size_t optimizers = index.optimizers.size(), groups = index.groups.size();
    const std::size_t values = index.values.size(), layouts = index.layouts.size();
    const std::size_t storages = index.storage_count();
    const std::size_t entry_lists = index.models.size() + 2 * optimizers + groups + index.states.size() + 1;
    const std::pair<Numbers*, std::size_t> parts[] = {{&entry_list_first, entry_lists + 1},
                                                      {&optimizer_entry_list, optimizers + 1},
                                                      {&optimizer_group, optimizers + 1},
                                                      {&optimizer_state, optimizers + 1},
                                                      {&optimizer_key, optimizers + 1},
                                                      {&group_param, groups + 1},
                                                      {&group_name, groups + 1},
                                                      {&data_begin, values},
                                                      {&value_size, values},
                                                      {&tensor_value, index.tensor_layouts.size()},
                                                      {&layout_dims, layouts},
                                                      {&layout_element, layouts},
                                                      {&storage_chunk, storages + 1}};
    std::size_t numbers = 0;
    for (const auto& [part, count] : parts)
        numbers += count;
    block_ =
        base::AlignedBuffer((storages + layouts) * sizeof(std::uint64_t) + numbers * sizeof(std::uint32_t),
                            base::kLargeForMalloc);
    auto* const sizes = reinterpret_cast<std::uint64_t*>(block_.bytes().data());
    storage_begin = {sizes, storages};
    layout_extent = {sizes + storages, layouts};
    auto* next = reinterpret_cast<std::uint32_t*>(sizes + storages + layouts);
    for (const auto& [part, count] : parts) {
        *part = {next, count};
        next += count;
    }
}

namespace {

/// The number within the list of the string `name`, which the order of the list leads to.
std::optional<std::uint32_t> find_name(const StringTable& names, std::span<const std::uint32_t> orders,
                                       EntryList list, std::string_view name) noexcept {
    const auto order = orders.subspan(list.first, list.count);
    const auto at = std::lower_bound(
        order.begin(), order.end(), name,
        [&](std::uint32_t number, std::string_view wanted) { return names[list.first + number] < wanted; });
    if (at == order.end() || names[list.first + *at] != name) return std::nullopt;
    return *at;
}

}  // namespace

std::optional<std::uint32_t> find_entry(const Index& index, EntryList entry_list,
                                        std::string_view name) noexcept {
    const auto number = find_name(index.entry_names, index.entry_order, entry_list, name);
    if (!number) return std::nullopt;
    return entry_list.first + *number;
}

std::optional<std::uint32_t> find_param_key(const Index& index, EntryList param_keys,
                                            std::string_view key) noexcept {
    return find_name(index.param_keys, index.param_key_order, param_keys, key);
}

}  // namespace milepost::format
