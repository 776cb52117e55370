#include "format/paths.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "core/canonical_key.hpp"
#include "format/decode_budget.hpp"
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
    if (within < record.group_count) return message(owner, "/", kGroupsStep, within, "/");
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

Kind kind_of(const Index& index, std::uint32_t value) noexcept {
    return static_cast<Kind>(index.values[value].kind);
}

std::span<const std::byte> bytes_of(const Index& index, const IndexOffsets& offsets,
                                    std::uint32_t value) noexcept {
    return index.value_bytes.subspan(offsets.data_begin[value], offsets.value_size[value]);
}

constexpr std::size_t kWhole = SIZE_MAX;

}  // namespace

std::string_view string_of(const Index& index, const IndexOffsets& offsets, std::uint32_t value) noexcept {
    const auto bytes = bytes_of(index, offsets, value);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string key_path_step(const Index& index, const IndexOffsets& offsets, std::uint32_t key) {
    const MakeTensor no_tensor = [](std::uint32_t) { return TensorView(); };  // keys hold none
    DecodeBudget no_limit(UINT64_MAX);  // the text of a key is asked for, not the limits of a reader
    return core::key_text(*decode_value(index, offsets, key, no_tensor, no_limit));
}

Paths::Paths(const Index& index, const IndexOffsets& offsets) : index_(&index), offsets_(&offsets) {
    const auto values = static_cast<std::uint32_t>(index.values.size());
    for (std::uint32_t i = 0; i < values; ++i) {
        if (has_children(kind_of(index, i)) && offsets.value_size[i] != 0) parents_.push_back(i);
    }
}

std::string Paths::of_tensor(std::uint32_t tensor) const {
    return of_value(offsets_->tensor_value[tensor], kWhole);
}

std::string Paths::beginning_of_tensor(std::uint32_t tensor, std::size_t nbytes) const {
    return of_value(offsets_->tensor_value[tensor], nbytes);
}

std::string Paths::of_value(std::uint32_t value, std::size_t nbytes) const {
    const auto roots = static_cast<std::uint32_t>(index_->entry_names.size()) +
                       static_cast<std::uint32_t>(index_->models.size());
    std::vector<std::uint32_t> below;  // the root, the lowest one first
    for (; value >= roots; value = parent_of(value))
        below.push_back(value);
    std::string path = root_path(value);
    for (; !below.empty() && path.size() < nbytes; below.pop_back()) {
        path += '/';
        path += step(value, below.back(), nbytes - path.size());
        value = below.back();
    }
    return path;
}

std::uint32_t Paths::parent_of(std::uint32_t child) const noexcept {
    const auto after = std::upper_bound(
        parents_.begin(), parents_.end(), child,
        [&](std::uint32_t number, std::uint32_t parent) { return number < offsets_->data_begin[parent]; });
    return *(after - 1);
}

std::string Paths::root_path(std::uint32_t root) const {
    const auto entries = static_cast<std::uint32_t>(index_->entry_names.size());
    if (root >= entries) return message(index_->model_names[root - entries], "/", kMetadataStep);
    const auto& firsts = offsets_->entry_list_first;
    const auto after = std::upper_bound(firsts.begin(), firsts.end() - 1, root);
    const auto entry_list = static_cast<std::uint32_t>(after - firsts.begin()) - 1;
    return entry_list_prefix(*index_, *offsets_, entry_list) + std::string(index_->entry_names[root]);
}

/// What a child is called below its parent: its index, or the text of its key.
std::string Paths::step(std::uint32_t parent, std::uint32_t child, std::size_t nbytes) const {
    const std::uint32_t position = child - offsets_->data_begin[parent];
    if (kind_of(*index_, parent) != Kind::dict) return message(position);
    const bool has_attributes = (index_->values[parent].subtype & kAttributesSubtype) != 0;
    if (has_attributes && position == 0) return std::string(kAttributesStep);
    const bool is_key = (position - (has_attributes ? 1 : 0)) % 2 == 0;
    return key_step(is_key ? child : child - 1, nbytes);
}

std::string Paths::key_step(std::uint32_t key, std::size_t nbytes) const {
    const Kind kind = kind_of(*index_, key);
    if (kind == Kind::string) return std::string(string_of(*index_, *offsets_, key).substr(0, nbytes));
    if (kind == Kind::bytes) {
        const auto bytes = bytes_of(*index_, *offsets_, key);
        return core::bytes_text(bytes.first(std::min(bytes.size(), nbytes)));
    }
    if (nbytes != kWhole && has_more_values(key, nbytes)) return "(...)";
    return key_path_step(*index_, *offsets_, key);
}

/// Whether there are more than `most` values in a tree, without a walk over more than these.
bool Paths::has_more_values(std::uint32_t root, std::size_t most) const {
    std::vector<std::uint32_t> values = {root};
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!has_children(kind_of(*index_, values[i]))) continue;
        const std::uint32_t count = offsets_->value_size[values[i]];
        if (values.size() + count > most) return true;
        for (std::uint32_t child = 0; child < count; ++child)
            values.push_back(offsets_->data_begin[values[i]] + child);
    }
    return false;
}

}  // namespace milepost::format
