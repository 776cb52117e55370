#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/value.hpp>

namespace milepost::convert::objects {

/// The parameters that the groups of an optimizer list.
struct ParamNumbers {
    std::map<std::string, std::uint64_t, std::less<>> by_name;  ///< empty if parameters have indices
    std::vector<std::string> names;                             ///< by number, likewise
};

/// Whether an object is the state_dict of an optimizer, as torch.optim or torch.distributed.checkpoint makes
/// it, that a file can hold exactly; and what its parameters are. Throws std::bad_alloc.
[[nodiscard]] std::optional<ParamNumbers> find_params(const Value& object, const Limits& limits);

/// The form of a file. Requires: find_params() has returned these numbers for the object.
[[nodiscard]] OptimizerState optimizer_of(Value object, ParamNumbers params);

/// The state_dict: the way back.
[[nodiscard]] Value object_of_optimizer(const OptimizerState& optimizer);

}  // namespace milepost::convert::objects
