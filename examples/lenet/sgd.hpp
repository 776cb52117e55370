#pragma once

#include <span>

namespace lenet {

/// The settings of `torch.optim.SGD`.
struct SgdOptions {
    double lr = 0.001;
    double momentum = 0;
    double dampening = 0;
    double weight_decay = 0;
    bool nesterov = false;
    bool maximize = false;
};

/// One step of SGD: the same bits as PyTorch on CPUs that fuse. `momentum_buffer` is as long as the
/// parameters, or empty if momentum is 0; on the first step it is filled, whatever it holds.
void sgd_step(const SgdOptions& options, bool first_step, std::span<float> parameters,
              std::span<const float> gradient, std::span<float> momentum_buffer);

}  // namespace lenet
