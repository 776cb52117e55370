#pragma once

#include "checkpoint.hpp"
#include "commands.hpp"

namespace lenet {

/// A run that has not begun: what `torch.manual_seed(seed)` and the recipe's first lines make.
Run new_run(const TrainOptions& options);

/// Trains a run as the options say, and saves it.
void train_run(Run run, const TrainOptions& options);

}  // namespace lenet
