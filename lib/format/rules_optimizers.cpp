#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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

using base::message;

namespace {

/// " ('fc1.weight')" where the group has names, for messages.
std::string name_of(const RuleInput& input, std::uint32_t group, std::uint64_t parameter) {
    const std::uint32_t first = input.offsets.group_param[group];
    if (param_name_count(input.index.groups[group]) == 0) return {};
    std::uint32_t i = 0;
    while (input.index.params[first + i] != parameter)
        ++i;
    return message(" ('", core::printable(input.index.param_names[input.offsets.group_name[group] + i]),
                   "')");
}

}  // namespace

RuleResult key_positions_fit(const RuleInput& input) {
    for (std::size_t i = 0; i < input.index.groups.size(); ++i) {
        const GroupRecord& group = input.index.groups[i];
        const bool named = group.param_names_position != kNoPosition;
        const std::uint64_t keys = std::uint64_t{group.hyperparameter_count} + (named ? 2 : 1);
        const bool fits =
            group.params_position < keys && (!named || (group.param_names_position < keys &&
                                                        group.param_names_position != group.params_position));
        if (fits) continue;
        return BrokenRule(
            Error(Condition::group,
                  message("index: group ", i, " of ", keys, " keys: params at ", group.params_position,
                          " and param_names at ", group.param_names_position, " do not fit")),
            {"groups", i});
    }
    return std::nullopt;
}

RuleResult params_in_one_group(const RuleInput& input) {
    const IndexOffsets& offsets = input.offsets;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> members;  // (parameter, group)
    for (std::size_t o = 0; o < input.index.optimizers.size(); ++o) {
        members.clear();
        for (auto g = offsets.optimizer_group[o]; g < offsets.optimizer_group[o + 1]; ++g) {
            for (auto p = offsets.group_param[g]; p < offsets.group_param[g + 1]; ++p) {
                members.emplace_back(input.index.params[p], g);
            }
        }
        if (!std::is_sorted(members.begin(), members.end())) std::sort(members.begin(), members.end());
        for (std::size_t i = 1; i < members.size(); ++i) {
            if (members[i - 1].first != members[i].first || members[i - 1].second == members[i].second)
                continue;
            return BrokenRule(
                Error(Condition::group, message("index: parameter ", members[i].first,
                                                name_of(input, members[i].second, members[i].first),
                                                " of optimizer ", o, " is in two groups")),
                {"groups", members[i].second});
        }
    }
    return std::nullopt;
}

RuleResult states_ascend(const RuleInput& input) {
    const IndexOffsets& offsets = input.offsets;
    for (std::size_t o = 0; o < input.index.optimizers.size(); ++o) {
        for (auto s = offsets.optimizer_state[o] + 1; s < offsets.optimizer_state[o + 1]; ++s) {
            if (input.index.states[s - 1].index < input.index.states[s].index) continue;
            return Error(Condition::group,
                         message("index: state ", s, " of optimizer ", o, " expected an index above ",
                                 input.index.states[s - 1].index, ", found ", input.index.states[s].index));
        }
    }
    return std::nullopt;
}

namespace {

RuleResult without_key(std::string_view optimizer, std::string_view what, std::uint32_t keys,
                       std::uint64_t found) {
    return Error(Condition::group,
                 message("index: optimizer '", core::printable(optimizer), "', ", what,
                         ": expected an index below ", keys, ", the number of param keys, found ", found));
}

RuleResult keys_fault(const RuleInput& input, std::size_t o) {
    const Index& index = input.index;
    const IndexOffsets& offsets = input.offsets;
    const EntryList keys = offsets.param_keys(o);
    const std::string_view optimizer = index.optimizer_names[o];
    std::vector<bool> listed(keys.count);
    const std::uint32_t first_param = offsets.group_param[offsets.optimizer_group[o]];
    const std::uint32_t end_param = offsets.group_param[offsets.optimizer_group[o + 1]];
    for (const std::uint64_t param : index.params.subspan(first_param, end_param - first_param)) {
        if (param >= keys.count) return without_key(optimizer, "params of a group", keys.count, param);
        listed[static_cast<std::size_t>(param)] = true;
    }
    const auto unlisted = std::find(listed.begin(), listed.end(), false);
    if (unlisted != listed.end()) {
        const auto number = static_cast<std::uint32_t>(unlisted - listed.begin());
        return Error(Condition::group,
                     message("index: optimizer '", core::printable(optimizer), "', param key '",
                             core::printable(index.param_keys[keys.first + number]),
                             "': expected a group with parameter ", number, ", found none"));
    }
    for (auto s = offsets.optimizer_state[o]; s < offsets.optimizer_state[o + 1]; ++s) {
        if (index.states[s].index >= keys.count)
            return without_key(optimizer, "state of a parameter", keys.count, index.states[s].index);
    }
    return std::nullopt;
}

}  // namespace

RuleResult param_keys_are_of_params(const RuleInput& input) {
    const bool any = input.index.param_keys.size() != 0;
    for (std::size_t o = 0; any && o < input.index.optimizers.size(); ++o) {
        if (input.offsets.param_keys(o).count == 0) continue;
        if (auto broken = keys_fault(input, o)) return broken;
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
