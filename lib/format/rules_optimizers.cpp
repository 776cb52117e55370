#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <milepost/error.hpp>

#include "base/message.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {

using base::message;

RuleResult key_positions_fit(const RuleInput& input) {
    for (std::size_t i = 0; i < input.index.groups.size(); ++i) {
        const GroupRecord& group = input.index.groups[i];
        const bool named = group.param_names_position != kNoPosition;
        const std::uint64_t keys = std::uint64_t{group.hyperparameter_count} + (named ? 2 : 1);
        const bool fits =
            group.params_position < keys && (!named || (group.param_names_position < keys &&
                                                        group.param_names_position != group.params_position));
        if (fits) continue;
        return Error(Condition::group,
                     message("index: group ", i, " of ", keys, " keys: params at ", group.params_position,
                             " and param_names at ", group.param_names_position, " do not fit"));
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
            return Error(Condition::group, message("index: parameter ", members[i].first, " of optimizer ", o,
                                                   " is in two groups"));
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

}  // namespace milepost::format::rules
