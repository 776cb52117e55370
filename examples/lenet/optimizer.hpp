#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "layers.hpp"
#include "network.hpp"

namespace lenet {

/// What an optimizer keeps for one parameter of the network between steps. Each vector is as long as the
/// parameter, or empty where the optimizer keeps no such thing (yet).
struct ParameterState {
    std::vector<float> momentum_buffer;  ///< SGD with momentum
    float step = 0;                      ///< Adam: steps done; with exp_avg
    std::vector<float> exp_avg;
    std::vector<float> exp_avg_sq;
    std::vector<float> max_exp_avg_sq;  ///< with amsgrad
};

/// SGD, Adam or AdamW over the ten parameters of the network, as PyTorch's state_dict of it holds them.
struct Optimizer {
    std::string algorithm;                     ///< "SGD", "Adam" or "AdamW"
    std::vector<milepost::ParamGroup> groups;  ///< `params` are indices that count over all groups
    /// The parameter of the network that an index belongs to. With several groups the order is not that of
    /// the state_dict: that is why such groups have param_names.
    std::array<std::size_t, kParameterCount> parameters = {};
    std::array<ParameterState, kParameterCount> state = {};  ///< by index
};

/// What the user wants of an optimizer; where nothing is set, the default holds, or what was saved.
struct OptimizerSettings {
    std::optional<std::string> algorithm = {};
    std::optional<double> lr = {};
    std::optional<double> bias_lr = {};  ///< of the biases, which are a group of their own then
    bool no_bias_decay = false;          ///< weight decay 0 for the biases, likewise
    std::optional<double> weight_decay = {};
    std::optional<bool> maximize = {};
    // SGD
    std::optional<double> momentum = {};
    std::optional<double> dampening = {};
    std::optional<bool> nesterov = {};
    // Adam and AdamW
    std::optional<std::pair<double, double>> betas = {};
    std::optional<double> eps = {};
    std::optional<bool> amsgrad = {};
};

/// A fresh optimizer. Throws Failure if the settings do not fit together.
Optimizer new_optimizer(const OptimizerSettings& settings);

/// Changes the hyperparameters that are set. Throws Failure if the optimizer does not have them, or was made
/// by another algorithm.
void change_settings(Optimizer& optimizer, const OptimizerSettings& settings);

/// Throws Failure if the hyperparameters of a group cannot be used.
void check_hyperparameters(const Optimizer& optimizer);

/// One step: moves the weights along the gradient.
void optimizer_step(Optimizer& optimizer, Buffer& weights, const Buffer& gradient);

}  // namespace lenet
