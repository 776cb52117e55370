#pragma once

#include <milepost/milepost.hpp>

#include "optimizer.hpp"

namespace lenet {

/// What `optimizer.state_dict()` gives in PyTorch. Nothing is copied: it views the optimizer's own memory.
milepost::OptimizerState state_dict(const Optimizer& optimizer);

/// The optimizer in an open file. Hyperparameters that this program does not know come along; tensors among
/// them borrow from the file. Throws Failure if it is not one of LeNet's ten parameters, or damaged.
Optimizer load_optimizer(const milepost::Reader& file);

}  // namespace lenet
