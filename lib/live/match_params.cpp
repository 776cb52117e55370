#include "live/match_params.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/load_into.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "core/text.hpp"
#include "live/name_mapping.hpp"

namespace milepost::live {
namespace {

using base::message;
using core::printable;

bool all_named(const OptimizerState& file, const OptimizerTarget& target) noexcept {
    return std::all_of(file.param_groups.begin(), file.param_groups.end(),
                       [](const ParamGroup& group) { return group.param_names.has_value(); }) &&
           std::all_of(target.groups.begin(), target.groups.end(), [](const GroupTarget& group) {
               return std::none_of(group.params.begin(), group.params.end(),
                                   [](const ParamTarget& param) { return param.name.empty(); });
           });
}

Result<void> state_named_once(const OptimizerTarget& target) {
    for (const GroupTarget& group : target.groups) {
        for (const ParamTarget& param : group.params) {
            std::set<std::string_view> keys;
            for (const Target& state : param.state) {
                if (!keys.insert(state.name).second)
                    return Error(Condition::option,
                                 message("two targets of one parameter's state are called '",
                                         printable(state.name), "'"));
            }
        }
    }
    return {};
}

std::vector<LiveParam> live_params(const OptimizerTarget& target) {
    std::vector<LiveParam> params;
    for (const GroupTarget& group : target.groups) {
        for (const ParamTarget& param : group.params) {
            std::string name = param.name.empty() ? std::to_string(params.size()) : "'" + param.name + "'";
            params.push_back({&param, std::move(name), true, false, {}, {}});
        }
    }
    return params;
}

/// Groups of other sizes cannot be matched by order, strict or not: all parameters after the first difference
/// would get the state of another parameter.
Result<void> sizes_equal(const std::string& optimizer, const OptimizerState& file,
                         const OptimizerTarget& target) {
    auto fault = [&](std::size_t found, std::size_t live, const std::string& what) {
        return Error(found < live ? Condition::missing : Condition::unexpected,
                     message("optimizer '", printable(optimizer), "': ", what, found, " in the file, live ",
                             live, "; by order these cannot be matched"));
    };
    if (file.param_groups.size() != target.groups.size())
        return fault(file.param_groups.size(), target.groups.size(), "param groups: ");
    for (std::size_t g = 0; g < target.groups.size(); ++g) {
        const std::size_t found = file.param_groups[g].params.size();
        const std::size_t live = target.groups[g].params.size();
        if (found != live) return fault(found, live, message("param group ", g, ", params: "));
    }
    return {};
}

/// A live parameter may occur twice in its group, as a parameter of the file may.
bool same_param(const ParamTarget& a, const ParamTarget& b) noexcept {
    return a.rest == b.rest &&
           std::equal(a.state.begin(), a.state.end(), b.state.begin(), b.state.end(),
                      [](const Target& left, const Target& right) {
                          return left.tensor.view().storage() == right.tensor.view().storage();
                      });
}

Result<ParamMatch> match_by_order(const std::string& optimizer, const OptimizerState& file,
                                  const OptimizerTarget& target, LoadReport& report) {
    if (auto equal = sizes_equal(optimizer, file, target); !equal) return std::move(equal).error();
    ParamMatch match{live_params(target), {}, {}};
    std::size_t number = 0;
    for (const ParamGroup& group : file.param_groups) {
        for (const std::uint64_t index : group.params) {
            const auto [at, is_new] = match.by_index.emplace(index, number);
            match.live[number].in_file = is_new;
            if (!is_new && !same_param(*match.live[at->second].target, *match.live[number].target))
                report.missing.push_back(message(optimizer, "/params/", number));
            ++number;
        }
    }
    return match;
}

Result<ParamMatch> match_by_name(const std::string& optimizer, const OptimizerState& file,
                                 const OptimizerTarget& target, const LoadOptions& options,
                                 LoadReport& report) {
    ParamMatch match{live_params(target), {}, {}};
    std::map<std::string_view, std::size_t> numbers;
    for (std::size_t i = 0; i < match.live.size(); ++i) {
        LiveParam& param = match.live[i];
        const bool is_new = numbers.emplace(param.target->name, i).second;
        if (!is_new)
            return Error(Condition::option,
                         message("two parameters are called '", printable(param.target->name), "'"));
        param.is_selected = is_selected(param.target->name, options);
    }
    for (std::size_t g = 0; g < file.param_groups.size(); ++g) {
        const ParamGroup& group = file.param_groups[g];
        for (std::size_t i = 0; i < group.params.size(); ++i) {
            const std::string name = live_name((*group.param_names)[i], options);
            const auto at = numbers.find(name);
            if (at != numbers.end() && match.live[at->second].is_selected) {
                LiveParam& live = match.live[at->second];
                if (std::exchange(live.in_file, true) && !match.by_index.contains(group.params[i])) {
                    return Error(Condition::option, message("two parameters of the file are both called '",
                                                            printable(name), "'"));
                }
                match.by_index.emplace(group.params[i], at->second);
                continue;
            }
            match.left_out.insert(group.params[i]);
            if (at == numbers.end() && is_selected(name, options)) {
                report.unexpected.push_back(
                    message(optimizer, "/param_groups/", g, "/params/", (*group.param_names)[i]));
            }
        }
    }
    for (const LiveParam& param : match.live) {
        if (!param.in_file && param.is_selected)
            report.missing.push_back(message(optimizer, "/params/", param.target->name));
    }
    return match;
}

}  // namespace

Result<ParamMatch> match_params(const std::string& optimizer, const OptimizerState& file,
                                const OptimizerTarget& target, const LoadOptions& options,
                                LoadReport& report) {
    if (auto named = state_named_once(target); !named) return std::move(named).error();
    if (all_named(file, target)) return match_by_name(optimizer, file, target, options, report);
    report.matched_by = MatchedBy::order;
    if (!options.only.empty() || !options.rename.empty()) {
        return Error(Condition::option,
                     message("optimizer '", printable(optimizer),
                             "': `only` and `rename` need names of all parameters, in the file and live"));
    }
    return match_by_order(optimizer, file, target, report);
}

}  // namespace milepost::live
