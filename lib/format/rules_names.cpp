#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>

#include "base/message.hpp"
#include "core/text.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/rules.hpp"
#include "format/validate.hpp"

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
std::uint64_t sum(const Records& records, Count count) noexcept {
    std::uint64_t total = 0;
    for (const auto& record : records)
        total += count(record);
    return total;
}

/// Entries of all lists but that of the top-level values.
std::uint64_t listed_entries(const Index& index) noexcept {
    return sum(index.models, [](const ModelRecord& m) { return m.entry_count; }) +
           sum(index.optimizers,
               [](const OptimizerRecord& o) { return std::uint64_t{o.state_extra_count} + o.extra_count; }) +
           sum(index.groups, [](const GroupRecord& g) { return g.hyperparameter_count; }) +
           sum(index.states, [](const StateRecord& s) { return s.entry_count; });
}

/// Names, and for each list of them their numbers by ascending name.
struct NamePool {
    const StringTable& names;
    std::span<const std::uint32_t> order;
    std::string_view what, order_name;
};

/// A name in the order of its list.
struct OrderedName {
    const NamePool& pool;
    EntryList list = {};
    std::uint32_t position = 0;                          ///< in the order
    std::uint32_t number = 0;                            ///< in the list
    std::optional<std::uint32_t> before = std::nullopt;  ///< the number of the one before it, if any
};

/// Calls judge(name) for each name of a list, in their order; stops at the first error.
template <class Judge>
RuleResult for_each_of_list(const NamePool& pool, EntryList list, Judge judge) {
    OrderedName name{pool, list};
    for (std::uint32_t at = 0; at < list.count; ++at) {
        name.position = list.first + at;
        name.number = pool.order[name.position];
        if (RuleResult broken = judge(name)) return broken;
        name.before = name.number;
    }
    return std::nullopt;
}

/// The same for the names of each list: those of entries, then the param keys.
template <class Judge>
RuleResult for_each_ordered(const RuleInput& input, Judge judge) {
    const Index& index = input.index;
    const NamePool entries{index.entry_names, index.entry_order, "entries", "entry_order"};
    for (std::size_t i = 0; i + 1 < input.offsets.entry_list_first.size(); ++i) {
        if (RuleResult broken = for_each_of_list(entries, input.offsets.entry_list(i), judge)) return broken;
    }
    const NamePool keys{index.param_keys, index.param_key_order, "param keys", "param_key_order"};
    for (std::size_t o = 0; o < index.optimizers.size(); ++o) {
        if (RuleResult broken = for_each_of_list(keys, input.offsets.param_keys(o), judge)) return broken;
    }
    return std::nullopt;
}

RuleResult taken(std::string_view name, std::string_view where, Subject subject = {}) {
    return BrokenRule(
        Error(Condition::name_duplicate, message("index: the name '", printable(name), "' is taken ", where)),
        subject);
}

RuleResult top_names_differ(const RuleInput& input) {
    const Index& index = input.index;
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
        if (find_entry(index, input.offsets.values_entry_list(), name)) return taken(name, "by a value too");
    }
    return std::nullopt;
}

/// From the param keys: in PyTorch's dict both are keys of `state`.
RuleResult state_extra_differs(const RuleInput& input, std::size_t optimizer) {
    const EntryList keys = input.offsets.param_keys(optimizer);
    const EntryList extra = input.offsets.entry_list(input.offsets.optimizer_entry_list[optimizer + 1] - 2);
    for (std::uint32_t i = 0; keys.count != 0 && i < extra.count; ++i) {
        const std::string_view name = input.index.entry_names[extra.first + i];
        if (find_param_key(input.index, keys, name)) return taken(name, "by a param key of the optimizer");
    }
    return std::nullopt;
}

}  // namespace

RuleResult tables_within_limit(const RuleInput& input) {
    return limit(Condition::tables, "models and optimizers",
                 std::uint64_t{input.index.models.size()} + input.index.optimizers.size(),
                 input.limits.max_tables);
}

RuleResult records_within_limit(const RuleInput& input) {
    const Index& index = input.index;
    const std::pair<std::string_view, std::size_t> counts[] = {
        {"groups", index.groups.size()},       {"states", index.states.size()},
        {"entries", index.entry_names.size()}, {"values", index.values.size()},
        {"layouts", index.layouts.size()},     {"tensors", index.tensor_layouts.size()},
        {"storages", index.storage_count()}};
    for (const auto& [what, count] : counts) {
        if (auto broken = limit(Condition::records, what, count, input.limits.max_records)) return broken;
    }
    return std::nullopt;
}

RuleResult sums_match(const RuleInput& input) {
    const Index& index = input.index;
    const auto groups = sum(index.optimizers, [](const OptimizerRecord& o) { return o.group_count; });
    const auto states = sum(index.optimizers, [](const OptimizerRecord& o) { return o.state_count; });
    const auto params = sum(index.groups, [](const GroupRecord& g) { return g.param_count; });
    const auto names = sum(index.groups, param_name_count);
    const auto keys = sum(index.param_key_counts, [](std::uint32_t count) { return count; });
    if (auto broken = mismatch("model_names", index.models.size(), index.model_names.size())) return broken;
    if (auto broken = mismatch("optimizer_names", index.optimizers.size(), index.optimizer_names.size()))
        return broken;
    if (auto broken = mismatch("algorithms", index.optimizers.size(), index.algorithms.size())) return broken;
    if (auto broken = mismatch("groups", groups, index.groups.size())) return broken;
    if (auto broken = mismatch("states", states, index.states.size())) return broken;
    if (auto broken = mismatch("params", params, index.params.size())) return broken;
    if (auto broken = mismatch("param_names", names, index.param_names.size())) return broken;
    if (auto broken = mismatch("param_keys", keys, index.param_keys.size())) return broken;
    if (!index.param_key_counts.empty()) {
        if (auto broken =
                mismatch("param_key_counts", index.optimizers.size(), index.param_key_counts.size()))
            return broken;
    }
    if (auto broken = mismatch("dtype_names", index.dtypes.size(), index.dtype_names.size())) return broken;
    const std::uint64_t entries = listed_entries(index);
    if (entries > index.entry_names.size()) {
        return Error(Condition::reference, message("index: entry_names expected at least ", entries,
                                                   ", found ", index.entry_names.size()));
    }
    const std::uint64_t roots = root_count(index);
    if (index.values.size() < roots) {
        return Error(Condition::reference,
                     message("index: values expected at least ", roots, ", found ", index.values.size()));
    }
    return std::nullopt;
}

RuleResult orders_complete(const RuleInput& input) {
    const Index& index = input.index;
    const std::uint64_t parts = std::uint64_t{index.models.size()} + index.optimizers.size() +
                                input.offsets.values_entry_list().count;
    if (index.entry_order.size() != index.entry_names.size()) {
        return Error(Condition::order, message("index: entry_order expected ", index.entry_names.size(),
                                               " numbers, found ", index.entry_order.size()));
    }
    if (index.param_key_order.size() != index.param_keys.size()) {
        return Error(Condition::order, message("index: param_key_order expected ", index.param_keys.size(),
                                               " numbers, found ", index.param_key_order.size()));
    }
    if (index.top_order.size() != parts) {
        return Error(Condition::order, message("index: top_order expected ", parts, " numbers, found ",
                                               index.top_order.size()));
    }
    return std::nullopt;
}

RuleResult entry_order_in_range(const RuleInput& input) {
    return for_each_ordered(input, [](const OrderedName& name) -> RuleResult {
        if (name.number < name.list.count && name.number != name.before) return std::nullopt;
        return Error(Condition::order,
                     message("index: ", name.pool.order_name, " ", name.position, " expected a number below ",
                             name.list.count, " that is not repeated, found ", name.number));
    });
}

RuleResult names_not_repeated(const RuleInput& input) {
    return for_each_ordered(input, [](const OrderedName& name) -> RuleResult {
        if (!name.before) return std::nullopt;
        const StringTable& names = name.pool.names;
        const std::uint32_t here = name.list.first + name.number;
        const std::uint32_t before = name.list.first + *name.before;
        if (names[here] != names[before]) return std::nullopt;
        return Error(Condition::name_duplicate, message("index: ", name.pool.what, " ", before, " and ", here,
                                                        " have one name, '", printable(names[here]), "'"));
    });
}

RuleResult names_in_order(const RuleInput& input) {
    return for_each_ordered(input, [](const OrderedName& name) -> RuleResult {
        if (!name.before) return std::nullopt;
        const std::string_view here = name.pool.names[name.list.first + name.number];
        const std::string_view before = name.pool.names[name.list.first + *name.before];
        if (here >= before) return std::nullopt;
        return Error(Condition::name_order,
                     message("index: ", name.pool.order_name, " ", name.position, " puts '", printable(here),
                             "' after '", printable(before), "'"));
    });
}

RuleResult top_order_is_permutation(const RuleInput& input) {
    const auto order = input.index.top_order;
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

RuleResult names_share_no_space(const RuleInput& input) {
    if (auto broken = top_names_differ(input)) return broken;
    const IndexOffsets& offsets = input.offsets;
    for (std::size_t o = 0; o < input.index.optimizers.size(); ++o) {
        const OptimizerRecord& optimizer = input.index.optimizers[o];
        for (std::uint32_t g = 0; g < optimizer.group_count; ++g) {
            const EntryList entry_list = offsets.entry_list(offsets.optimizer_entry_list[o] + g);
            for (const std::string_view name : {"params", "param_names"}) {
                if (const auto entry = find_entry(input.index, entry_list, name))
                    return taken(name, "by the group itself", {"entry_names", *entry});
            }
        }
        if (auto broken = state_extra_differs(input, o)) return broken;
        const EntryList extra = offsets.entry_list(offsets.optimizer_entry_list[o + 1] - 1);
        for (const std::string_view name : {"state", "param_groups"}) {
            if (const auto entry = find_entry(input.index, extra, name))
                return taken(name, "by the optimizer itself", {"entry_names", *entry});
        }
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
