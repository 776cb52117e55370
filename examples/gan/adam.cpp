#include "adam.hpp"

#include <cmath>
#include <cstddef>
#include <string_view>

#include <milepost/checkpoint.hpp>
#include <milepost/value.hpp>

#include "network.hpp"

namespace gan {
namespace {

double number(const milepost::Value& value) {
    const auto found = value.as_number();
    return found ? *found : std::nan("");
}

/// The number of that name, or the one at `place` of a tuple; NaN where there is none.
double number(const milepost::Entries& entries, std::string_view name, std::size_t place = 0) {
    const milepost::Value* value = entries.find(name);
    if (value == nullptr) return std::nan("");
    const auto* tuple = value->get_if<milepost::Tuple>();
    if (tuple == nullptr) return number(*value);
    return place < tuple->items.size() ? number(tuple->items[place]) : std::nan("");
}

}  // namespace

Adam::Adam(const Network& network) {
    hyperparameters["lr"] = 0.005;
    hyperparameters["betas"] = milepost::Tuple{{0.5, 0.999}};
    hyperparameters["eps"] = 1e-8;
    for (std::size_t i = 0; i < state.size(); ++i) {
        state[i].exp_avg.resize(network.parameters()[i].elements.size());
        state[i].exp_avg_sq.resize(network.parameters()[i].elements.size());
    }
}

bool Adam::is_sound() const {
    for (const State& parameter : state) {
        if (!(parameter.step >= 0) || std::isinf(parameter.step)) return false;
    }
    const double sum = number(hyperparameters, "lr") + number(hyperparameters, "betas", 0) +
                       number(hyperparameters, "betas", 1) + number(hyperparameters, "eps");
    return std::isfinite(sum);
}

void Adam::step(Network& network) {
    const double beta1 = number(hyperparameters, "betas", 0);
    const double beta2 = number(hyperparameters, "betas", 1);
    const auto eps = static_cast<float>(number(hyperparameters, "eps"));
    for (std::size_t i = 0; i < state.size(); ++i) {
        State& kept = state[i];
        Parameter& parameter = network.parameters()[i];
        kept.step += 1;
        const double correction1 = 1 - std::pow(beta1, static_cast<double>(kept.step));
        const double correction2 = 1 - std::pow(beta2, static_cast<double>(kept.step));
        const auto step_size = static_cast<float>(number(hyperparameters, "lr") / correction1);
        const auto root = static_cast<float>(std::sqrt(correction2));
        for (std::size_t j = 0; j < parameter.elements.size(); ++j) {
            const float gradient = parameter.gradient[j];
            kept.exp_avg[j] += static_cast<float>(1 - beta1) * (gradient - kept.exp_avg[j]);
            kept.exp_avg_sq[j] += static_cast<float>(1 - beta2) * (gradient * gradient - kept.exp_avg_sq[j]);
            parameter.elements[j] -=
                step_size * kept.exp_avg[j] / (std::sqrt(kept.exp_avg_sq[j]) / root + eps);
        }
    }
}

}  // namespace gan
