#include "format/paths.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <milepost/value.hpp>

#include "base/message.hpp"
#include "core/canonical_key.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/value_columns.hpp"

namespace milepost::format {
namespace {

using base::message;

/// "OPTIMIZER/state/INDEX/", or with the param key in place of the index. `state` counts all optimizers.
std::string state_prefix(const Index& index, const IndexOffsets& offsets, std::size_t optimizer,
                         std::size_t state) {
    const std::string_view owner = index.optimizer_names[optimizer];
    const std::uint64_t parameter = index.states[state].index;
    const EntryList keys = offsets.param_keys(optimizer);
    if (keys.count == 0) return message(owner, "/state/", parameter, "/");
    return message(owner, "/state/", index.param_keys[keys.first + static_cast<std::size_t>(parameter)], "/");
}

/// "OPTIMIZER/param_groups/G/", "OPTIMIZER/state/INDEX/", ...: what leads the names of an entry list.
std::string optimizer_prefix(const Index& index, const IndexOffsets& offsets, std::size_t optimizer,
                             std::uint32_t entry_list) {
    const std::string_view owner = index.optimizer_names[optimizer];
    const OptimizerRecord& record = index.optimizers[optimizer];
    std::uint32_t within = entry_list - offsets.optimizer_entry_list[optimizer];
    if (within < record.group_count) return message(owner, "/param_groups/", within, "/");
    within -= record.group_count;
    if (within < record.state_count)
        return state_prefix(index, offsets, optimizer, offsets.optimizer_state[optimizer] + within);
    return within == record.state_count ? message(owner, "/state/") : message(owner, "/");
}

std::string entry_list_prefix(const Index& index, const IndexOffsets& offsets, std::uint32_t entry_list) {
    if (entry_list < index.models.size()) return message(index.model_names[entry_list], "/");
    if (entry_list >= offsets.optimizer_entry_list.back()) return {};
    const auto above = std::upper_bound(offsets.optimizer_entry_list.begin(),
                                        offsets.optimizer_entry_list.end(), entry_list);
    return optimizer_prefix(index, offsets,
                            static_cast<std::size_t>(above - offsets.optimizer_entry_list.begin()) - 1,
                            entry_list);
}

/// The value whose children hold `child`. A search: nested tensors are few, and paths are for messages.
std::uint32_t parent_of(const Index& index, const IndexOffsets& offsets, std::uint32_t child) {
    for (std::uint32_t i = 0; i < child; ++i) {
        const ValueRecord& value = index.values[i];
        if (has_children(static_cast<Kind>(value.kind)) && child >= offsets.data_begin[i] &&
            child - offsets.data_begin[i] < offsets.value_size[i])
            return i;
    }
    return child;
}

/// What a child is called below its parent: its index, or the text of its key.
std::string step(const Index& index, const IndexOffsets& offsets, std::uint32_t parent, std::uint32_t child) {
    const ValueRecord& record = index.values[parent];
    const std::uint32_t position = child - offsets.data_begin[parent];
    if (static_cast<Kind>(record.kind) != Kind::dict) return message(position);
    const bool has_attributes = (record.subtype & kAttributesSubtype) != 0;
    if (has_attributes && position == 0) return "attributes";
    const bool is_key = (position - (has_attributes ? 1 : 0)) % 2 == 0;
    const MakeTensor no_tensor = [](std::uint32_t) { return TensorView(); };  // keys hold none
    return core::key_text(decode_value(index, offsets, is_key ? child : child - 1, no_tensor));
}

}  // namespace

std::string entry_path(const Index& index, const IndexOffsets& offsets, std::uint32_t entry) {
    const auto above =
        std::upper_bound(offsets.entry_list_first.begin(), offsets.entry_list_first.end() - 1, entry);
    const auto entry_list = static_cast<std::uint32_t>(above - offsets.entry_list_first.begin()) - 1;
    return entry_list_prefix(index, offsets, entry_list) + std::string(index.entry_names[entry]);
}

std::string value_path(const Index& index, const IndexOffsets& offsets, std::uint32_t value) {
    std::string below;
    const auto entries = static_cast<std::uint32_t>(index.entry_names.size());
    const auto roots = entries + static_cast<std::uint32_t>(index.models.size());
    while (value >= roots) {
        const std::uint32_t parent = parent_of(index, offsets, value);
        below = message("/", step(index, offsets, parent, value), below);
        value = parent;
    }
    if (value >= entries) return message(index.model_names[value - entries], "/_metadata", below);
    return entry_path(index, offsets, value) + below;
}

std::string tensor_path(const Index& index, const IndexOffsets& offsets, std::uint32_t tensor) {
    return value_path(index, offsets, offsets.tensor_value[tensor]);
}

}  // namespace milepost::format
