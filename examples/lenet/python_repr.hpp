#pragma once

#include <string>
#include <vector>

#include <milepost/milepost.hpp>

namespace lenet {

/// A value as Python's repr() writes it. A tensor is written without its elements, as PyTorch writes one that
/// has none: `tensor(..., size=(6, 3, 5, 5))`, with its dtype unless that is float32.
std::string python_repr(const milepost::Value& value);

/// `torch.Size([6, 3, 5, 5])`
std::string python_repr(const milepost::Shape& shape);

/// What `optimizer.state_dict()["state"]` prints as.
std::string python_repr_state(const milepost::OptimizerState& optimizer);
/// What `optimizer.state_dict()["param_groups"]` prints as.
std::string python_repr_groups(const milepost::OptimizerState& optimizer);

}  // namespace lenet
