#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <milepost/milepost.hpp>

#include "data_order.hpp"
#include "layers.hpp"
#include "network.hpp"
#include "optimizer.hpp"
#include "random.hpp"
#include "step_lr.hpp"

namespace lenet {

/// A training run: all that must be saved so that it can go on as if it had never stopped.
struct Run {
    Buffer weights;
    Optimizer optimizer;
    std::optional<StepLr> scheduler;
    Generator generator;
    DataOrder order;
    std::size_t batch = 64;
    std::int64_t epoch = 0;  ///< epochs done
    std::int64_t step = 0;   ///< steps done
    double loss = 0;         ///< of the last step
    /// The file that the run was loaded from, if any: values that LeNet does not know but keeps may borrow
    /// from it.
    std::shared_ptr<const milepost::Reader> source = {};
};

/// Saves the run: the old file or the new one, complete, whatever happens meanwhile. Throws Failure.
void save_run(const std::string& path, const Run& run);

/// Loads a run. Throws Failure if the file is damaged, or holds something else.
Run load_run(const std::string& path);

/// The weights in an open file, without a copy: they live as long as the Reader. Throws Failure.
Weights map_weights(const milepost::Reader& file);

/// The network's weights as targets of milepost::load_into, under their names.
milepost::ModelTarget targets_of(Buffer& weights);

}  // namespace lenet
