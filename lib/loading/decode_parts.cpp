#include "loading/decode_parts.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/reader.hpp>
#include <milepost/value.hpp>

#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/value_columns.hpp"

namespace milepost::loading {

using format::EntryList;
using format::Index;
using format::IndexOffsets;

Value decode_value(const Reader::Impl& impl, std::uint32_t value) {
    return format::decode_value(impl.opened.index, impl.opened.offsets, value,
                                [&](std::uint32_t tensor) { return impl.view(tensor); });
}

namespace {

void add_entries(const Reader::Impl& impl, EntryList entry_list, Entries& entries) {
    for (std::uint32_t i = entry_list.first; i < entry_list.first + entry_list.count; ++i) {
        entries.add(std::string(impl.opened.index.entry_names[i]), decode_value(impl, i));
    }
}

ParamGroup decode_group(const Reader::Impl& impl, std::uint32_t group, EntryList hyperparameters) {
    const Index& index = impl.opened.index;
    const IndexOffsets& offsets = impl.opened.offsets;
    const format::GroupRecord& record = index.groups[group];
    ParamGroup decoded;
    add_entries(impl, hyperparameters, decoded.hyperparameters);
    const auto params = index.params.subspan(offsets.group_param[group], record.param_count);
    decoded.params.assign(params.begin(), params.end());
    // Where that is their usual position it is left open, so that a key that is added later comes before
    // them.
    const std::uint32_t named = record.param_names_position != format::kNoPosition ? 1 : 0;
    if (record.params_position != record.hyperparameter_count + named)
        decoded.params_position = record.params_position;
    if (named != 0) {
        if (record.param_names_position != record.hyperparameter_count)
            decoded.param_names_position = record.param_names_position;
        auto& names = decoded.param_names.emplace();
        for (std::uint32_t i = 0; i < record.param_count; ++i) {
            names.emplace_back(index.param_names[offsets.group_name[group] + i]);
        }
    }
    return decoded;
}

}  // namespace

StateDict decode_model(const Reader::Impl& impl, std::uint32_t model) {
    StateDict state_dict;
    add_entries(impl, impl.opened.offsets.entry_list(model), state_dict);
    state_dict.metadata =
        decode_value(impl, static_cast<std::uint32_t>(impl.opened.index.entry_names.size()) + model);
    return state_dict;
}

OptimizerState decode_optimizer(const Reader::Impl& impl, std::uint32_t optimizer) {
    const Index& index = impl.opened.index;
    const IndexOffsets& offsets = impl.opened.offsets;
    const format::OptimizerRecord& record = index.optimizers[optimizer];
    std::uint32_t entry_list = offsets.optimizer_entry_list[optimizer];
    OptimizerState state;
    state.algorithm = index.algorithms[optimizer];
    for (std::uint32_t g = 0; g < record.group_count; ++g) {
        state.param_groups.push_back(
            decode_group(impl, offsets.optimizer_group[optimizer] + g, offsets.entry_list(entry_list++)));
    }
    const EntryList keys = offsets.param_keys(optimizer);
    for (std::uint32_t i = keys.first; i < keys.first + keys.count; ++i)
        state.param_keys.emplace_back(index.param_keys[i]);
    for (std::uint32_t s = 0; s < record.state_count; ++s) {
        const std::uint64_t parameter = index.states[offsets.optimizer_state[optimizer] + s].index;
        add_entries(impl, offsets.entry_list(entry_list++), state.state[parameter]);
    }
    add_entries(impl, offsets.entry_list(entry_list++), state.state_extra);
    add_entries(impl, offsets.entry_list(entry_list), state.extra);
    return state;
}

Checkpoint decode_checkpoint(const Reader::Impl& impl) {
    const Index& index = impl.opened.index;
    const EntryList values = impl.opened.offsets.values_entry_list();
    Checkpoint checkpoint;
    std::vector<std::string> parts;
    for (std::uint32_t i = 0; i < index.models.size(); ++i) {
        parts.emplace_back(index.model_names[i]);
        checkpoint.model(parts.back()) = decode_model(impl, i);
    }
    for (std::uint32_t i = 0; i < index.optimizers.size(); ++i) {
        parts.emplace_back(index.optimizer_names[i]);
        checkpoint.optimizer(parts.back()) = decode_optimizer(impl, i);
    }
    add_entries(impl, values, checkpoint.values());
    for (std::uint32_t i = 0; i < values.count; ++i)
        parts.emplace_back(index.entry_names[values.first + i]);
    std::vector<std::string> order;
    for (const std::uint32_t part : index.top_order)
        order.push_back(parts[part]);
    checkpoint.set_order(std::move(order));
    return checkpoint;
}

}  // namespace milepost::loading
