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

/// Saves a run in the background to a folder: each save is a file of its own, and the newest are kept.
class RunSaver {
public:
    /// Makes the folder where there is none. Throws Failure.
    RunSaver(const std::string& folder, unsigned keep);
    /// Waits for the save before, copies the run and begins to save it. Throws Failure, also for the save
    /// before.
    void begin(const Run& run);
    /// Waits until the last save is on the disk, and removes old files. Throws Failure.
    void finish();

private:
    milepost::Run folder_;
    milepost::AsyncSaver saver_;
    std::optional<milepost::PendingCheckpoint> pending_;
};

/// Saves the run to one file. Throws Failure.
void save_run(const std::string& path, const Run& run);

/// An open checkpoint, and the file that it is.
struct OpenCheckpoint {
    milepost::Reader reader;
    std::string path;
};
/// Opens a file, or the newest file of a run's folder that is whole; prints which newer ones are not. Throws
/// Failure.
OpenCheckpoint open_checkpoint(const std::string& path);

/// Loads a run from a file, or from its folder. Throws Failure if there is none that is whole, or it holds
/// something else.
Run load_run(const std::string& path);

/// The weights in an open file, without a copy: they live as long as the Reader. Throws Failure.
Weights map_weights(const milepost::Reader& file);

/// The network's weights as targets of milepost::load_into, under their names.
milepost::ModelTarget targets_of(Buffer& weights);

}  // namespace lenet
