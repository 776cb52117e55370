#pragma once

#include <cstdint>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>

#include "state_dicts/tensors.hpp"

namespace milepost::state_dicts {

/// A checkpoint, the memory that its tensors view, and how it is to be saved. Moves; a copy would view the
/// memory of the original.
struct Sample {
    Sample() = default;
    Sample(Sample&&) = default;
    Sample& operator=(Sample&&) = default;

    Memory memory;
    Checkpoint checkpoint;
    SaveOptions options;
};

/// The sample of that seed: the same on every platform. It can be saved, whatever the seed.
[[nodiscard]] Sample make_checkpoint(std::uint64_t seed);

}  // namespace milepost::state_dicts
