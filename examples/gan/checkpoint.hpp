#pragma once

#include <string>

#include <milepost/result.hpp>

#include "network.hpp"
#include "run.hpp"

namespace gan {

/// Saves both models, both optimizers, and all else that the run needs to go on, in one file: the old file or
/// the new one, complete, whatever happens meanwhile.
milepost::Result<void> save_run(const std::string& path, const Run& run);

/// Loads what save_run saved.
milepost::Result<Run> load_run(const std::string& path);

/// Loads the generator alone: the bytes of the other parts of the file are not even read.
milepost::Result<Network> load_generator(const std::string& path);

}  // namespace gan
