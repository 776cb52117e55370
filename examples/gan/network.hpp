#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include <milepost/milepost.hpp>

namespace gan {

using Floats = std::vector<float>;

struct Parameter {
    std::string_view name;  ///< as in the state_dict
    milepost::Shape shape;
    Floats elements;
    Floats gradient;
};

/// `nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))`: generator and discriminator alike. One
/// number in, one number out.
class Network {
public:
    static constexpr std::size_t kHidden = 16;

    /// All weights zero: something will be loaded.
    Network();

    /// The outputs for a batch of inputs.
    [[nodiscard]] Floats forward(const Floats& inputs);
    /// Adds the gradients of the last forward() to those of the parameters, and returns those of the inputs.
    Floats backward(const Floats& output_gradients);
    void zero_grad();

    [[nodiscard]] std::array<Parameter, 4>& parameters() { return parameters_; }
    [[nodiscard]] const std::array<Parameter, 4>& parameters() const { return parameters_; }

private:
    std::array<Parameter, 4> parameters_;
    Floats inputs_;
    Floats hidden_;  // kHidden for each input
};

}  // namespace gan
