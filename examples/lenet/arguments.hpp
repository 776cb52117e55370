#pragma once

#include <CLI/CLI.hpp>

#include "commands.hpp"

namespace lenet {

/// Gives a command the options that train and warmstart have in common.
void add_training_options(CLI::App& command, TrainOptions& options);

}  // namespace lenet
