#pragma once

#include <string>
#include <vector>

#include <milepost/milepost.hpp>

#include "layers.hpp"

namespace lenet {

/// Replaces those weights that a model of the file has under the same name and in the same shape; all others
/// stay. `only`: patterns of names to take; empty: all. Throws Failure if the file is damaged, or has nothing
/// that fits.
milepost::LoadReport partial_load(const milepost::Reader& file, const std::string& model,
                                  const std::vector<std::string>& only, Buffer& weights);

}  // namespace lenet
