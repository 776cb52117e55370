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
#include "live/load_report.hpp"
#include "live/name_mapping.hpp"

namespace milepost::live {
namespace {

using base::message;
using core::printable;

bool all_named(const OptimizerState& file, const OptimizerTarget& target) noexcept {
    return std::all_of(
               file.param_groups.begin(), file.param_groups.end(),
               [&](const ParamGroup& group) { return group.param_names || !file.param_keys.empty(); }) &&
           std::all_of(target.groups.begin(), target.groups.end(), [](const GroupTarget& group) {
               return std::none_of(group.params.begin(), group.params.end(),
                                   [](const ParamTarget& param) { return param.name.empty(); });
           });
}

Result<void> state_named_once(const OptimizerTarget& target) {
    for (const GroupTarget& group : target.groups) {
        for (const ParamTarget& param : group.params) {
            std::set<std::string_view> keys;
            for (const Target& state : param.tensors) {
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
    for (std::size_t g = 0; g < target.groups.size(); ++g) {
        for (const ParamTarget& param : target.groups[g].params) {
            std::string name = param.name.empty() ? std::to_string(params.size()) : "'" + param.name + "'";
            params.push_back({&param, g, std::move(name), true, false, {}, {}});
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
           std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(),
                      [](const Target& left, const Target& right) {
                          return left.tensor.view().storage() == right.tensor.view().storage();
                      });
}

Result<ParamMatch> match_by_order(const std::string& optimizer, const OptimizerState& file,
                                  const OptimizerTarget& target, ReportBuilder& report) {
    MILEPOST_TRY(sizes_equal(optimizer, file, target));
    ParamMatch match{live_params(target), {}, {}, {}};
    std::size_t number = 0;
    for (const ParamGroup& group : file.param_groups) {
        for (const std::uint64_t index : group.params) {
            const auto [at, is_new] = match.by_index.emplace(index, number);
            match.live[number].in_file = is_new;
            if (!is_new && !same_param(*match.live[at->second].target, *match.live[number].target))
                report.add(&LoadReport::missing,
                           [&] { return ReportItem{message(optimizer, "/params/", number)}; });
            ++number;
        }
        match.groups.emplace_back(match.groups.size());
    }
    return match;
}

/// Matches parameters by name.
class NameMatch {
public:
    NameMatch(const std::string& optimizer, const OptimizerState& file, const OptimizerTarget& target,
              NameMapping& names, ReportBuilder& report)
        : optimizer_(optimizer), file_(file), names_(names), report_(report) {
        match_.live = live_params(target);
    }

    Result<ParamMatch> run() {
        MILEPOST_TRY(number_live());
        for (std::size_t g = 0; g < file_.param_groups.size(); ++g) {
            for (std::size_t i = 0; i < file_.param_groups[g].params.size(); ++i) {
                MILEPOST_TRY(add(g, i));
            }
        }
        for (const LiveParam& param : match_.live) {
            if (param.in_file || !param.is_selected) continue;
            report_.add(&LoadReport::missing, [&] {
                return ReportItem{message(optimizer_, "/params/", param.target->name), param.name};
            });
        }
        return std::move(match_);
    }

private:
    Result<void> number_live() {
        for (std::size_t i = 0; i < match_.live.size(); ++i) {
            LiveParam& param = match_.live[i];
            if (!numbers_.emplace(param.target->name, i).second)
                return Error(Condition::option,
                             message("two parameters are called '", printable(param.target->name), "'"));
            param.is_selected = names_.is_selected(param.target->name);
        }
        return {};
    }

    /// Parameter i of group g of the file.
    Result<void> add(std::size_t g, std::size_t i) {
        const std::uint64_t index = file_.param_groups[g].params[i];
        const std::string* file_name = file_param_name(file_, file_.param_groups[g], i);
        const std::string name = file_name == nullptr ? std::string() : names_.live_name(*file_name);
        const bool is_selected = names_.is_selected(name);
        const auto at = numbers_.find(name);
        if (at == numbers_.end() || !is_selected) {
            match_.left_out.insert(index);
            if (!is_selected) return {};
            report_.add(&LoadReport::unexpected, [&] {
                return ReportItem{message(optimizer_, "/param_groups/", g, "/params/",
                                          file_name == nullptr ? "" : *file_name)};
            });
            return {};
        }
        LiveParam& live = match_.live[at->second];
        if (std::exchange(live.in_file, true) && !match_.by_index.contains(index))
            return Error(Condition::option,
                         message("two parameters of the file are both called '", printable(name), "'"));
        match_.by_index.emplace(index, at->second);
        return {};
    }

    const std::string& optimizer_;
    const OptimizerState& file_;
    NameMapping& names_;
    ReportBuilder& report_;
    std::map<std::string_view, std::size_t> numbers_;
    ParamMatch match_;
};

}  // namespace

const std::string* file_param_name(const OptimizerState& file, const ParamGroup& group,
                                   std::size_t i) noexcept {
    if (group.param_names) return i < group.param_names->size() ? &(*group.param_names)[i] : nullptr;
    return group.params[i] < file.param_keys.size() ? &file.param_keys[group.params[i]] : nullptr;
}

Result<ParamMatch> match_params(const std::string& optimizer, const OptimizerState& file,
                                const OptimizerTarget& target, const LoadOptions& options, NameMapping& names,
                                ReportBuilder& report) {
    MILEPOST_TRY(state_named_once(target));
    if (all_named(file, target)) {
        auto match = NameMatch(optimizer, file, target, names, report).run();
        if (match && options.only.empty()) match_groups_by_name(optimizer, file, target, *match, report);
        return match;
    }
    report.set_matched_by(MatchedBy::order);
    if (!options.only.empty() || !options.rename.empty()) {
        return Error(Condition::option,
                     message("optimizer '", printable(optimizer),
                             "': `only` and `rename` need names of all parameters, in the file and live"));
    }
    return match_by_order(optimizer, file, target, report);
}

}  // namespace milepost::live
