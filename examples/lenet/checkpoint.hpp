#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <milepost/milepost.hpp>

#include "data_order.hpp"
#include "network.hpp"
#include "random.hpp"
#include "sgd.hpp"

namespace lenet {

/// A training run: all that must be saved so that it can go on as if it had never stopped.
struct Run {
    Buffer weights;
    milepost::ParamGroup
        param_group;  ///< SGD's hyperparameters, as PyTorch writes them, and what they govern
    Buffer momentum;  ///< empty before the first step with momentum
    Generator generator;
    DataOrder order;
    std::size_t batch = 64;
    std::int64_t epoch = 0;  ///< epochs done
    std::int64_t step = 0;   ///< steps done
    double loss = 0;         ///< of the last step
};

/// The param group of `torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)`.
milepost::ParamGroup sgd_param_group(double lr, double momentum);
/// What SGD needs of a param group. Throws Failure if that is missing or of a type that cannot be used.
SgdOptions sgd_options(const milepost::ParamGroup& group);

/// Saves the run: the old file or the new one, complete, whatever happens meanwhile. Throws Failure.
void save_run(const std::string& path, const Run& run);

/// Loads a run. Throws Failure if the file is damaged, or holds something else.
Run load_run(const std::string& path);

/// The weights in an open file, without a copy: they live as long as the Reader. Throws Failure.
Weights map_weights(const milepost::Reader& file);

}  // namespace lenet
