#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>

#include "convert/tensor_plan.hpp"

namespace milepost::convert::safetensors {

/// What a file holds of a checkpoint: tensors in the order of the file, and metadata. Borrows from the
/// checkpoint.
struct Plan {
    TensorPlan tensors;
    std::optional<std::vector<std::pair<std::string, std::string>>> metadata;
};

/// Throws std::bad_alloc.
[[nodiscard]] Plan make_plan(const Checkpoint& checkpoint);

}  // namespace milepost::convert::safetensors
