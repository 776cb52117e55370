#include "adam.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace lenet {
namespace {

/// `start.lerp(end, weight)`: PyTorch comes from the nearer end, so that neither weight 0 nor 1 leaves a
/// trace.
float lerp(float start, float end, float weight) {
    if (std::abs(weight) < 0.5F) return std::fma(weight, end - start, start);
    return std::fma(weight - 1.0F, end - start, end);
}

}  // namespace

void adam_step(const AdamOptions& options, double step, std::span<float> parameters,
               std::span<const float> gradient, const AdamState& state) {
    const double bias_correction1 = 1 - std::pow(options.beta1, step);
    const double bias_correction2 = 1 - std::pow(options.beta2, step);
    const auto negative_step_size = static_cast<float>(-(options.lr / bias_correction1));
    const auto bias_correction2_sqrt = static_cast<float>(std::sqrt(bias_correction2));
    const auto weight_decay = static_cast<float>(options.weight_decay);
    const auto shrink = static_cast<float>(1 - options.lr * options.weight_decay);
    const auto weight1 = static_cast<float>(1 - options.beta1);
    const auto beta2 = static_cast<float>(options.beta2);
    const auto weight2 = static_cast<float>(1 - options.beta2);
    const auto eps = static_cast<float>(options.eps);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        float& parameter = parameters[i];
        float g = options.maximize ? -gradient[i] : gradient[i];
        if (options.weight_decay != 0 && options.decoupled_weight_decay) parameter *= shrink;
        if (options.weight_decay != 0 && !options.decoupled_weight_decay) {
            g = std::fma(weight_decay, parameter, g);
        }
        float& exp_avg = state.exp_avg[i];
        exp_avg = lerp(exp_avg, g, weight1);
        float& exp_avg_sq = state.exp_avg_sq[i];
        exp_avg_sq = std::fma(weight2 * g, g, beta2 * exp_avg_sq);
        float largest = exp_avg_sq;
        if (options.amsgrad) {
            largest = std::max(state.max_exp_avg_sq[i], exp_avg_sq);
            state.max_exp_avg_sq[i] = largest;
        }
        const float denominator = std::sqrt(largest) / bias_correction2_sqrt + eps;
        parameter += negative_step_size * exp_avg / denominator;
    }
}

}  // namespace lenet
