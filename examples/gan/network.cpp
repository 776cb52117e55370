#include "network.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <milepost/tensor.hpp>

namespace gan {
namespace {

enum Which : std::size_t { kHiddenWeight, kHiddenBias, kOutWeight, kOutBias };

Parameter zeros(std::string_view name, milepost::Shape shape) {
    std::size_t count = 1;
    for (const std::uint64_t dim : shape)
        count *= dim;
    return {name, std::move(shape), Floats(count), Floats(count)};
}

}  // namespace

Network::Network()
    : parameters_({zeros("0.weight", {kHidden, 1}), zeros("0.bias", {kHidden}),
                   zeros("2.weight", {1, kHidden}), zeros("2.bias", {1})}) {}

Floats Network::forward(const Floats& inputs) {
    inputs_ = inputs;
    hidden_.resize(inputs.size() * kHidden);
    Floats outputs(inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        float sum = parameters_[kOutBias].elements[0];
        for (std::size_t j = 0; j < kHidden; ++j) {
            const float before = parameters_[kHiddenWeight].elements[j] * inputs[i];
            float& hidden = hidden_[i * kHidden + j];
            hidden = std::tanh(before + parameters_[kHiddenBias].elements[j]);
            sum += parameters_[kOutWeight].elements[j] * hidden;
        }
        outputs[i] = sum;
    }
    return outputs;
}

Floats Network::backward(const Floats& output_gradients) {
    Floats input_gradients(inputs_.size());
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        parameters_[kOutBias].gradient[0] += output_gradients[i];
        for (std::size_t j = 0; j < kHidden; ++j) {
            const float hidden = hidden_[i * kHidden + j];
            parameters_[kOutWeight].gradient[j] += output_gradients[i] * hidden;
            const float through_tanh =
                output_gradients[i] * parameters_[kOutWeight].elements[j] * (1.0F - hidden * hidden);
            parameters_[kHiddenBias].gradient[j] += through_tanh;
            parameters_[kHiddenWeight].gradient[j] += through_tanh * inputs_[i];
            input_gradients[i] += through_tanh * parameters_[kHiddenWeight].elements[j];
        }
    }
    return input_gradients;
}

void Network::zero_grad() {
    for (Parameter& parameter : parameters_)
        std::fill(parameter.gradient.begin(), parameter.gradient.end(), 0.0F);
}

}  // namespace gan
