#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "optimizer.hpp"
#include "step_lr.hpp"

namespace lenet {

// The subcommands. Each prints its result to stdout and throws Failure if it cannot do what it should.

struct TrainOptions {
    std::optional<std::int64_t> steps;
    std::optional<std::int64_t> epochs;  ///< counts unless steps is set
    OptimizerSettings optimizer;
    std::optional<StepLr::Settings> step_lr;
    std::optional<std::size_t> batch;
    std::uint64_t seed = 0;
    bool shuffle = true;
    std::string save;             ///< the run's folder; empty: it is not saved
    std::int64_t save_every = 0;  ///< 0: only at the end
    unsigned keep = 3;            ///< how many of the newest checkpoints stay in the folder
    std::string resume;           ///< a file or a folder; empty: a new run
    unsigned threads = 2;
    std::string data;    ///< empty: see load_dataset
    bool slice = false;  ///< use the slice that comes with the program, whatever is installed
};
void train(const TrainOptions& options);

struct WarmstartOptions {
    std::string from;               ///< a file or a run's folder
    std::string model = "model";    ///< the model of that file to take weights from
    std::vector<std::string> only;  ///< patterns of names; empty: all that fits
    TrainOptions train;
};
/// Trains a new run that begins with some of another checkpoint's weights.
void warmstart(const WarmstartOptions& options);

struct EvalOptions {
    std::string file;  ///< or a run's folder
    std::string data;
    bool slice = false;
    unsigned threads = 2;
    bool json = false;
};
void eval(const EvalOptions& options);

/// Prints what PyTorch's recipe "What is a state_dict" prints.
void show(const std::string& file_or_folder);

struct MakeSliceOptions {
    std::string file;
    std::string data;
    std::size_t train_count = 512;
    std::size_t test_count = 256;
};
void make_slice(const MakeSliceOptions& options);

}  // namespace lenet
