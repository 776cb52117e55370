#pragma once

#include "checkpoint.hpp"
#include "commands.hpp"

namespace lenet {

/// A run that has not begun: what `torch.manual_seed(seed)` and the recipe's first lines make.
Run new_run(const TrainOptions& options);

/// The options with the defaults that suit the images. The slice is a hundred times smaller than
/// Fashion-MNIST: it needs smaller batches, a larger learning rate and more epochs before anything is
/// learned.
TrainOptions with_defaults(TrainOptions options);

/// Trains a run according to the options, and saves it.
void train_run(Run run, const TrainOptions& options);

}  // namespace lenet
