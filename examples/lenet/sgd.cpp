#include "sgd.hpp"

#include <cmath>
#include <cstddef>
#include <span>

namespace lenet {

void sgd_step(const SgdOptions& options, bool first_step, std::span<float> parameters,
              std::span<const float> gradient, std::span<float> momentum_buffer) {
    const auto negative_lr = static_cast<float>(-options.lr);
    const auto momentum = static_cast<float>(options.momentum);
    const auto undamped = static_cast<float>(1 - options.dampening);
    const auto weight_decay = static_cast<float>(options.weight_decay);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        float g = options.maximize ? -gradient[i] : gradient[i];
        if (weight_decay != 0) g = std::fma(weight_decay, parameters[i], g);
        if (momentum != 0) {
            float& buffer = momentum_buffer[i];
            buffer = first_step ? g : std::fma(undamped, g, momentum * buffer);
            g = options.nesterov ? std::fma(momentum, buffer, g) : buffer;
        }
        parameters[i] = std::fma(negative_lr, g, parameters[i]);
    }
}

}  // namespace lenet
