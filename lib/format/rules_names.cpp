#include <algorithm>

#include "base/message.hpp"
#include "core/text.hpp"
#include "format/name_order.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;
using core::printable;

RuleResult limit(Condition condition, std::string_view what, std::uint64_t found, std::uint64_t limit) {
    if (found <= limit) return std::nullopt;
    return Error(condition, message("index: ", found, " ", what, ", the limit is ", limit));
}

RuleResult mismatch(std::string_view what, std::uint64_t expected, std::uint64_t found) {
    if (expected == found) return std::nullopt;
    return Error(Condition::reference, message("index: ", what, " expected ", expected, ", found ", found));
}

template <class Records, class Count>
std::uint64_t prefix_sums(const Records& records, Count count, IndexOffsets::Numbers starts) {
    std::uint64_t total = 0;
    auto next = starts.begin();
    for (const auto& record : records) {
        *next++ = static_cast<std::uint32_t>(total);
        total += count(record);
    }
    *next = static_cast<std::uint32_t>(total);
    return total;
}

/// Fills the entry lists; returns the number of entries in all but the last, that of the values.
std::uint64_t fill_scopes(Context& context) {
    const Index& index = context.index;
    IndexOffsets& offsets = context.offsets;
    std::uint64_t total = 0;
    std::uint32_t entry_list = 0;
    auto add = [&](std::uint32_t count) {
        offsets.entry_list_first[entry_list++] = static_cast<std::uint32_t>(total);
        total += count;
    };
    for (const ModelRecord& model : index.models)
        add(model.entry_count);
    for (std::size_t o = 0; o < index.optimizers.size(); ++o) {
        offsets.optimizer_entry_list[o] = entry_list;
        for (auto g = offsets.optimizer_group[o]; g < offsets.optimizer_group[o + 1]; ++g) {
            add(index.groups[g].hyperparameter_count);
        }
        for (auto s = offsets.optimizer_state[o]; s < offsets.optimizer_state[o + 1]; ++s) {
            add(index.states[s].entry_count);
        }
        add(index.optimizers[o].state_extra_count);
        add(index.optimizers[o].extra_count);
    }
    offsets.optimizer_entry_list.back() = entry_list;
    add(0);
    offsets.entry_list_first.back() = static_cast<std::uint32_t>(index.entry_names.size());
    return total;
}

/// Rules 9, 10 and 11 for one entry list, for the one of them that is asked for.
RuleResult order_fault(const Index& index, EntryList entry_list, Condition rule) {
    for (std::uint32_t i = 0; i < entry_list.count; ++i) {
        const std::uint32_t number = index.entry_order[entry_list.first + i];
        const std::uint32_t before = i == 0 ? entry_list.count : index.entry_order[entry_list.first + i - 1];
        if (rule == Condition::order && (number >= entry_list.count || number == before)) {
            return Error(rule,
                         message("index: entry_order ", entry_list.first + i, " expected a number below ",
                                 entry_list.count, " that is not repeated, found ", number));
        }
        if (i == 0 || number >= entry_list.count || before >= entry_list.count || number == before) continue;
        const std::string_view name = index.entry_names[entry_list.first + number];
        const std::string_view last = index.entry_names[entry_list.first + before];
        if (rule == Condition::name_duplicate && name == last) {
            return Error(rule, message("index: entries ", entry_list.first + before, " and ",
                                       entry_list.first + number, " have one name, '", printable(name), "'"));
        }
        if (rule == Condition::name_order && name < last) {
            return Error(rule, message("index: entry_order ", entry_list.first + i, " puts '",
                                       printable(name), "' behind '", printable(last), "'"));
        }
    }
    return std::nullopt;
}

RuleResult taken(std::string_view name, std::string_view where) {
    return Error(Condition::name_duplicate,
                 message("index: the name '", printable(name), "' is taken ", where));
}

RuleResult top_names_differ(Context& context) {
    const Index& index = context.index;
    std::vector<std::string_view> names;
    names.reserve(index.models.size() + index.optimizers.size());
    for (std::size_t i = 0; i < index.models.size(); ++i)
        names.push_back(index.model_names[i]);
    for (std::size_t i = 0; i < index.optimizers.size(); ++i)
        names.push_back(index.optimizer_names[i]);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) return taken(*twice, "by two models or optimizers");
    for (const std::string_view name : names) {
        if (find_entry(index, context.offsets.values_entry_list(), name))
            return taken(name, "by a value too");
    }
    return std::nullopt;
}

}  // namespace

RuleResult tables_within_limit(Context& context) {
    return limit(Condition::tables, "models and optimizers",
                 std::uint64_t{context.index.models.size()} + context.index.optimizers.size(),
                 context.limits.max_tables);
}

RuleResult records_within_limit(Context& context) {
    const Index& index = context.index;
    const std::pair<std::string_view, std::size_t> counts[] = {
        {"groups", index.groups.size()},       {"states", index.states.size()},
        {"entries", index.entry_names.size()}, {"values", index.values.size()},
        {"layouts", index.layouts.size()},     {"tensors", index.tensor_layouts.size()},
        {"storages", index.storage_count()}};
    for (const auto& [what, count] : counts) {
        if (auto broken = limit(Condition::records, what, count, context.limits.max_records)) return broken;
    }
    return std::nullopt;
}

RuleResult sums_match(Context& context) {
    const Index& index = context.index;
    IndexOffsets& offsets = context.offsets;
    offsets = IndexOffsets(index);
    const auto groups = prefix_sums(
        index.optimizers, [](const OptimizerRecord& o) { return o.group_count; }, offsets.optimizer_group);
    const auto states = prefix_sums(
        index.optimizers, [](const OptimizerRecord& o) { return o.state_count; }, offsets.optimizer_state);
    const auto params = prefix_sums(
        index.groups, [](const GroupRecord& g) { return g.param_count; }, offsets.group_param);
    const auto names = prefix_sums(
        index.groups,
        [](const GroupRecord& g) { return g.param_names_position == kNoPosition ? 0 : g.param_count; },
        offsets.group_name);
    if (auto broken = mismatch("model_names", index.models.size(), index.model_names.size())) return broken;
    if (auto broken = mismatch("optimizer_names", index.optimizers.size(), index.optimizer_names.size()))
        return broken;
    if (auto broken = mismatch("algorithms", index.optimizers.size(), index.algorithms.size())) return broken;
    if (auto broken = mismatch("groups", groups, index.groups.size())) return broken;
    if (auto broken = mismatch("states", states, index.states.size())) return broken;
    if (auto broken = mismatch("params", params, index.params.size())) return broken;
    if (auto broken = mismatch("param_names", names, index.param_names.size())) return broken;
    if (auto broken = mismatch("dtype_names", index.dtypes.size(), index.dtype_names.size())) return broken;
    const std::uint64_t entries = fill_scopes(context);
    if (entries > index.entry_names.size()) {
        return Error(Condition::reference, message("index: entry_names expected at least ", entries,
                                                   ", found ", index.entry_names.size()));
    }
    const std::uint64_t roots = std::uint64_t{index.entry_names.size()} + index.models.size();
    if (index.values.size() < roots) {
        return Error(Condition::reference,
                     message("index: values expected at least ", roots, ", found ", index.values.size()));
    }
    return std::nullopt;
}

RuleResult orders_complete(Context& context) {
    const Index& index = context.index;
    const std::uint64_t parts = std::uint64_t{index.models.size()} + index.optimizers.size() +
                                context.offsets.values_entry_list().count;
    if (index.entry_order.size() != index.entry_names.size()) {
        return Error(Condition::order, message("index: entry_order expected ", index.entry_names.size(),
                                               " numbers, found ", index.entry_order.size()));
    }
    if (index.top_order.size() != parts) {
        return Error(Condition::order, message("index: top_order expected ", parts, " numbers, found ",
                                               index.top_order.size()));
    }
    return std::nullopt;
}

RuleResult names_ascend(Context& context) {
    const Index& index = context.index;
    const std::size_t entry_lists = context.offsets.entry_list_first.size() - 1;
    bool ascends = true;
    for (std::size_t i = 0; i < entry_lists && ascends; ++i) {
        const EntryList entry_list = context.offsets.entry_list(i);
        const auto order = index.entry_order.subspan(entry_list.first, entry_list.count);
        ascends = names_strictly_ascend(index.entry_names, order, entry_list.first);
    }
    if (ascends) return std::nullopt;
    for (const Condition rule : {Condition::order, Condition::name_duplicate, Condition::name_order}) {
        for (std::size_t i = 0; i < entry_lists; ++i) {
            if (auto broken = order_fault(index, context.offsets.entry_list(i), rule)) return broken;
        }
    }
    return std::nullopt;
}

RuleResult top_order_is_permutation(Context& context) {
    const auto order = context.index.top_order;
    std::vector<bool> seen(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (order[i] >= order.size() || seen[order[i]]) {
            return Error(Condition::order, message("index: top_order ", i, " expected a number below ",
                                                   order.size(), " that is not repeated, found ", order[i]));
        }
        seen[order[i]] = true;
    }
    return std::nullopt;
}

RuleResult names_share_no_space(Context& context) {
    if (auto broken = top_names_differ(context)) return broken;
    const IndexOffsets& offsets = context.offsets;
    for (std::size_t o = 0; o < context.index.optimizers.size(); ++o) {
        const OptimizerRecord& optimizer = context.index.optimizers[o];
        for (std::uint32_t g = 0; g < optimizer.group_count; ++g) {
            const EntryList entry_list = offsets.entry_list(offsets.optimizer_entry_list[o] + g);
            for (const std::string_view name : {"params", "param_names"}) {
                if (find_entry(context.index, entry_list, name)) return taken(name, "by the group itself");
            }
        }
        const EntryList extra = offsets.entry_list(offsets.optimizer_entry_list[o + 1] - 1);
        for (const std::string_view name : {"state", "param_groups"}) {
            if (find_entry(context.index, extra, name)) return taken(name, "by the optimizer itself");
        }
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
