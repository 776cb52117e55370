#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/load_into.hpp>
#include <milepost/result.hpp>

#include "live/load_report.hpp"
#include "live/name_mapping.hpp"

namespace milepost::live {

/// A live parameter while its state is loaded.
struct LiveParam {
    const ParamTarget* target;
    std::size_t group;           ///< number of its live group
    std::string name;            ///< for messages: its name in quotes, else its number
    bool is_selected = true;     ///< by LoadOptions::only
    bool in_file = false;        ///< a parameter of the file is this one
    std::set<std::string> seen;  ///< targets of its state that the file has
    Entries rest;                ///< what will be in ParamTarget::rest
};

/// Which live parameter each parameter of the file is, and which live group each group.
struct ParamMatch {
    std::vector<LiveParam> live;                    ///< over all groups, in order
    std::map<std::uint64_t, std::size_t> by_index;  ///< index in the file -> number in `live`
    std::set<std::uint64_t> left_out;  ///< indices in the file that are reported, or not selected
    /// For each group of the file the number of the live one; nothing if that was reported.
    std::vector<std::optional<std::size_t>> groups;
};

/// The name of a parameter of the file: param_names of its group, else its key in a dict that is keyed by
/// names; null if it has none. Requires: `i` is the number of a parameter of the group.
[[nodiscard]] const std::string* file_param_name(const OptimizerState& file, const ParamGroup& group,
                                                 std::size_t i) noexcept;

/// By name where all parameters on both sides have names, else by order. Findings go to the report.
/// Errors: those of load_into for groups that cannot be matched. Throws std::bad_alloc.
[[nodiscard]] Result<ParamMatch> match_params(const std::string& optimizer, const OptimizerState& file,
                                              const OptimizerTarget& target, const LoadOptions& options,
                                              NameMapping& names, ReportBuilder& report);

/// Finds the live group of each group of the file, by the names that both sides have; then of each group
/// without such names, in order, one without. Fills match.groups; what does not fit goes to the report.
/// Requires: parameters were matched by name. Throws std::bad_alloc.
void match_groups_by_name(const std::string& optimizer, const OptimizerState& file,
                          const OptimizerTarget& target, ParamMatch& match, ReportBuilder& report);

}  // namespace milepost::live
