#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/load_into.hpp>
#include <milepost/result.hpp>

namespace milepost::live {

/// A live parameter while its state is loaded.
struct LiveParam {
    const ParamTarget* target;
    std::string name;            ///< for messages: its name, else its number
    bool is_selected = true;     ///< by LoadOptions::only
    bool in_file = false;        ///< a parameter of the file is this one
    std::set<std::string> seen;  ///< targets of its state that the file has
    Entries rest;                ///< what will be in ParamTarget::rest
};

/// Which live parameter each parameter of the file is.
struct ParamMatch {
    std::vector<LiveParam> live;                    ///< over all groups, in order
    std::map<std::uint64_t, std::size_t> by_index;  ///< index in the file -> number in `live`
    std::set<std::uint64_t> left_out;  ///< indices in the file that are reported, or not selected
};

/// By name where all parameters on both sides have names, else by order. Findings go to the report.
/// Errors: those of load_into for groups that cannot be matched. Throws std::bad_alloc.
[[nodiscard]] Result<ParamMatch> match_params(const std::string& optimizer, const OptimizerState& file,
                                              const OptimizerTarget& target, const LoadOptions& options,
                                              LoadReport& report);

}  // namespace milepost::live
