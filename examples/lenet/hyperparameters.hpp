#pragma once

#include <string_view>

#include <milepost/milepost.hpp>

#include "adam.hpp"
#include "sgd.hpp"

namespace lenet {

// Hyperparameters are saved as PyTorch writes them: in its order and with its types. A hyperparameter
// that was not set is the int 0, not the float 0.0; betas are a tuple.

/// Those of `torch.optim.SGD(parameters, lr=0.001, momentum=0.9)`, the recipe's optimizer.
milepost::Entries sgd_hyperparameters();
/// Those of `torch.optim.Adam(parameters)`, or of `torch.optim.AdamW(parameters)`.
milepost::Entries adam_hyperparameters();
milepost::Entries adamw_hyperparameters();

/// A number as a user of PyTorch would write it: 0 for zero, else a float.
milepost::Value number_value(double number);

/// A number that may be an int or a float. Throws Failure if the group has none, or something else, there.
double hyperparameter(const milepost::ParamGroup& group, std::string_view name);

/// What an optimizer needs of a param group. Throws Failure if that is missing, of a type that cannot be
/// used, or a number that PyTorch would refuse.
SgdOptions sgd_options(const milepost::ParamGroup& group);
AdamOptions adam_options(const milepost::ParamGroup& group);

}  // namespace lenet
