#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

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

/// Saves a run in the background: the old file or the new one, complete, whatever happens meanwhile.
class RunSaver {
public:
    explicit RunSaver(std::string path) : path_(std::move(path)) {}
    /// Waits for the save before, copies the run and begins to save it. Throws Failure, also for the save
    /// before.
    void begin(const Run& run);
    /// Waits until the last save is on the disk. Throws Failure.
    void finish();

private:
    std::string path_;
    milepost::AsyncSaver saver_;
    milepost::PendingSave pending_;
};

/// Saves the run, and waits for it. Throws Failure.
void save_run(const std::string& path, const Run& run);

/// Loads a run. Throws Failure if the file is damaged, or holds something else.
Run load_run(const std::string& path);

/// The weights in an open file, without a copy: they live as long as the Reader. Throws Failure.
Weights map_weights(const milepost::Reader& file);

/// The network's weights as targets of milepost::load_into, under their names.
milepost::ModelTarget targets_of(Buffer& weights);

}  // namespace lenet
