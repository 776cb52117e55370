#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/load_into.hpp>

#include "base/message.hpp"
#include "live/load_report.hpp"
#include "live/match_params.hpp"

namespace milepost::live {
namespace {

using base::message;

/// Numbers in ParamMatch::live of the parameters of a group that both sides have.
using Members = std::set<std::size_t>;

std::vector<Members> members_in_file(const OptimizerState& file, const ParamMatch& match) {
    std::vector<Members> groups;
    for (const ParamGroup& group : file.param_groups) {
        Members& members = groups.emplace_back();
        for (const std::uint64_t index : group.params) {
            const auto found = match.by_index.find(index);
            if (found != match.by_index.end()) members.insert(found->second);
        }
    }
    return groups;
}

std::vector<Members> members_live(const OptimizerTarget& target, const ParamMatch& match) {
    std::vector<Members> groups(target.groups.size());
    for (std::size_t i = 0; i < match.live.size(); ++i) {
        if (match.live[i].in_file) groups[match.live[i].group].insert(i);
    }
    return groups;
}

std::vector<std::string> first_names(const Members& members, const ParamMatch& match) {
    constexpr std::size_t kMost = 8;
    std::vector<std::string> names;
    for (auto at = members.begin(); at != members.end() && names.size() < kMost; ++at)
        names.push_back(match.live[*at].target->name);
    return names;
}

}  // namespace

void match_groups_by_name(const std::string& optimizer, const OptimizerState& file,
                          const OptimizerTarget& target, ParamMatch& match, ReportBuilder& report) {
    const std::vector<Members> in_file = members_in_file(file, match), live = members_live(target, match);
    const auto path = [&](std::size_t group) { return message(optimizer, "/param_groups/", group); };
    match.groups.assign(in_file.size(), std::nullopt);
    std::vector<bool> is_taken(live.size());
    for (std::size_t g = 0; g < in_file.size(); ++g) {
        std::size_t other = 0;
        if (in_file[g].empty()) {
            while (other < live.size() && (is_taken[other] || !live[other].empty()))
                ++other;
        } else {
            other = match.live[*in_file[g].begin()].group;
        }
        if (other == live.size()) {
            report.add(&LoadReport::unexpected, [&] { return ReportItem{path(g)}; });
        } else if (in_file[g] != live[other]) {
            report.add(&LoadReport::group_mismatches, [&] {
                return GroupMismatch{path(g), first_names(in_file[g], match), first_names(live[other], match),
                                     in_file[g].size(), live[other].size()};
            });
            is_taken[other] = true;
        } else {
            match.groups[g] = other;
            is_taken[other] = true;
        }
    }
    for (std::size_t other = 0; other < live.size(); ++other) {
        if (is_taken[other] || !live[other].empty()) continue;
        report.add(&LoadReport::missing, [&] { return ReportItem{path(other)}; });
    }
}

}  // namespace milepost::live
