#pragma once

#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/tensor.hpp>

namespace lenet {

// Texts in the form in which the tutorial of PyTorch prints a state_dict; of a single value it is
// milepost::to_string.

/// `torch.Size([6, 3, 5, 5])`
std::string python_repr(const milepost::Shape& shape);

/// What `optimizer.state_dict()["state"]` prints as; tensors as `f32[6, 3, 5, 5]`, without their elements.
std::string python_repr_state(const milepost::OptimizerState& optimizer);
/// What `optimizer.state_dict()["param_groups"]` prints as.
std::string python_repr_groups(const milepost::OptimizerState& optimizer);

}  // namespace lenet
