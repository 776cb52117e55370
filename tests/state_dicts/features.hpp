#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "state_dicts/generate.hpp"

namespace milepost::state_dicts {

/// Feature -> number of samples that have it.
using FeatureCounts = std::map<std::string, std::uint64_t>;

/// Every feature that samples can have, at 0.
[[nodiscard]] FeatureCounts all_features();

/// Adds 1 for each feature that the sample has: read off the checkpoint, not off how it was made.
void count_features(const Sample& sample, FeatureCounts& counts);

}  // namespace milepost::state_dicts
