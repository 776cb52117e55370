#include "optimizer.hpp"

#include <doctest/doctest.h>

#include "failure.hpp"
#include "optimizer_state.hpp"
#include "python_repr.hpp"
#include "says.hpp"
#include "sgd.hpp"

// Param groups as PyTorch 2.14.1 prints them for the same optimizer.

using lenet::Optimizer;
using lenet::OptimizerSettings;

namespace {

std::string groups(const Optimizer& optimizer) {
    return lenet::python_repr_groups(lenet::state_dict(optimizer));
}

std::string message(Optimizer optimizer, const OptimizerSettings& settings) {
    return failure_of([&] { lenet::change_settings(optimizer, settings); });
}

}  // namespace

TEST_CASE("optimizer: groups of SGD") {
    CHECK(
        groups(lenet::new_optimizer({})) ==
        "[{'lr': 0.001, 'momentum': 0.9, 'dampening': 0, 'weight_decay': 0, 'nesterov': False, 'maximize': "
        "False, 'foreach': None, 'differentiable': False, 'fused': None, 'params': [0, 1, 2, 3, 4, 5, 6, 7, "
        "8, 9]}]");
    CHECK(
        groups(lenet::new_optimizer(
            {.weight_decay = 0.01, .maximize = true, .momentum = 0.9, .dampening = 0.0, .nesterov = true})) ==
        "[{'lr': 0.001, 'momentum': 0.9, 'dampening': 0, 'weight_decay': 0.01, 'nesterov': True, 'maximize': "
        "True, 'foreach': None, 'differentiable': False, 'fused': None, 'params': [0, 1, 2, 3, 4, 5, 6, 7, "
        "8, 9]}]");
}

TEST_CASE("optimizer: groups of Adam and AdamW") {
    CHECK(groups(lenet::new_optimizer({.algorithm = "Adam"})) ==
          "[{'lr': 0.001, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0, 'amsgrad': False, "
          "'maximize': False, 'foreach': None, 'capturable': False, 'differentiable': False, 'fused': None, "
          "'decoupled_weight_decay': False, 'params': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}]");
    CHECK(groups(lenet::new_optimizer({.algorithm = "AdamW", .amsgrad = true})) ==
          "[{'lr': 0.001, 'betas': (0.9, 0.999), 'eps': 1e-08, 'weight_decay': 0.01, 'amsgrad': True, "
          "'maximize': False, 'foreach': None, 'capturable': False, 'differentiable': False, 'fused': None, "
          "'decoupled_weight_decay': True, 'params': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}]");
}

TEST_CASE("optimizer: the biases are a second group, with names, and the user's keys first") {
    CHECK(
        groups(lenet::new_optimizer({.bias_lr = 0.002})) ==
        "[{'param_names': ['conv1.weight', 'conv2.weight', 'fc1.weight', 'fc2.weight', 'fc3.weight'], 'lr': "
        "0.001, 'momentum': 0.9, 'dampening': 0, 'weight_decay': 0, 'nesterov': False, 'maximize': False, "
        "'foreach': None, 'differentiable': False, 'fused': None, 'params': [0, 1, 2, 3, 4]}, {'lr': 0.002, "
        "'param_names': ['conv1.bias', 'conv2.bias', 'fc1.bias', 'fc2.bias', 'fc3.bias'], 'momentum': 0.9, "
        "'dampening': 0, 'weight_decay': 0, 'nesterov': False, 'maximize': False, 'foreach': None, "
        "'differentiable': False, 'fused': None, 'params': [5, 6, 7, 8, 9]}]");
    CHECK(says(groups(lenet::new_optimizer({.no_bias_decay = true, .weight_decay = 0.01})),
               "{'weight_decay': 0, 'param_names': ['conv1.bias', 'conv2.bias', 'fc1.bias', 'fc2.bias', "
               "'fc3.bias'], 'lr': 0.001, 'momentum': 0.9, 'dampening': 0, 'nesterov': False,"));
    const std::string adam =
        groups(lenet::new_optimizer({.algorithm = "Adam", .bias_lr = 0.002, .no_bias_decay = true}));
    CHECK(says(adam,
               "{'lr': 0.002, 'weight_decay': 0, 'param_names': ['conv1.bias', 'conv2.bias', 'fc1.bias', "
               "'fc2.bias', 'fc3.bias'], 'betas': (0.9, 0.999), 'eps': 1e-08, 'amsgrad': False,"));
}

TEST_CASE("optimizer: settings that are given replace those that are there, in all groups") {
    Optimizer optimizer = lenet::new_optimizer({.bias_lr = 0.002, .weight_decay = 0.5});
    lenet::change_settings(optimizer, {.lr = 0.25, .bias_lr = 0.125, .momentum = 0.0});
    const std::string text = groups(optimizer);
    CHECK(says(text, "'lr': 0.25, 'momentum': 0,"));
    CHECK(says(text,
               "{'lr': 0.125, 'param_names': ['conv1.bias', 'conv2.bias', 'fc1.bias', 'fc2.bias', "
               "'fc3.bias'], 'momentum': 0, 'dampening': 0, 'weight_decay': 0.5,"));
    lenet::change_settings(optimizer, {.no_bias_decay = true});
    CHECK(says(groups(optimizer), "'fc3.bias'], 'momentum': 0, 'dampening': 0, 'weight_decay': 0,"));
}

TEST_CASE("optimizer: settings that do not fit") {
    const Optimizer sgd = lenet::new_optimizer({});
    const Optimizer adam = lenet::new_optimizer({.algorithm = "Adam"});
    CHECK(says(message(sgd, {.algorithm = "Adam"}), "is SGD, and cannot go on as Adam"));
    CHECK(says(message(adam, {.algorithm = "AdamW"}), "is Adam, and cannot go on as AdamW"));
    CHECK(says(message(sgd, {.betas = std::pair(0.1, 0.2)}), "SGD has no betas"));
    CHECK(says(message(sgd, {.eps = 0.1}), "SGD has no eps"));
    CHECK(says(message(sgd, {.amsgrad = false}), "SGD has no amsgrad"));
    CHECK(says(message(adam, {.momentum = 0.1}), "Adam has no momentum"));
    CHECK(says(message(adam, {.dampening = 0.1}), "Adam has no dampening"));
    CHECK(says(message(adam, {.nesterov = true}), "Adam has no nesterov"));
    CHECK(says(message(adam, {.betas = std::pair(0.1, 1.0)}), "betas: expected a tuple of two numbers"));
    CHECK(says(message(sgd, {.dampening = 0.1, .nesterov = true}), "nesterov: needs a momentum"));
    CHECK(says(message(sgd, {.momentum = 0.0, .nesterov = true}), "nesterov: needs a momentum"));
    CHECK(says(message(sgd, {.lr = -1.0}), "param_groups/0: hyperparameter lr: expected at least 0"));
    CHECK(says(message(sgd, {.bias_lr = 0.1}), "not a param group of their own"));
}

TEST_CASE("optimizer: each group steps with its own settings, each index with its own parameter") {
    Optimizer optimizer = lenet::new_optimizer({.lr = 0.5, .bias_lr = 0.25, .momentum = 0.0});
    lenet::Buffer weights = lenet::Buffer::Zero(lenet::kWeightCount);
    lenet::Buffer gradient = lenet::Buffer::Ones(lenet::kWeightCount);
    lenet::optimizer_step(optimizer, weights, gradient);
    for (const lenet::ParameterInfo& parameter : lenet::kParameters) {
        CAPTURE(parameter.name);
        const float expected = parameter.rank == 1 ? -0.25F : -0.5F;
        const auto elements = lenet::part(weights, parameter);
        CHECK(std::count(elements.begin(), elements.end(), expected) ==
              static_cast<std::ptrdiff_t>(parameter.count));
    }
    CHECK(lenet::state_dict(optimizer).state.empty());
}

TEST_CASE("optimizer: state is that of PyTorch: sparse, and under the index") {
    Optimizer adam = lenet::new_optimizer({.algorithm = "AdamW", .bias_lr = 0.1, .amsgrad = true});
    CHECK(lenet::python_repr_state(lenet::state_dict(adam)) == "{}");
    lenet::Buffer weights = lenet::Buffer::Zero(lenet::kWeightCount);
    const lenet::Buffer gradient = lenet::Buffer::Ones(lenet::kWeightCount);
    lenet::optimizer_step(adam, weights, gradient);
    lenet::optimizer_step(adam, weights, gradient);
    const milepost::OptimizerState saved = lenet::state_dict(adam);
    CHECK(saved.algorithm == "AdamW");
    const std::string text = lenet::python_repr_state(saved);
    CHECK(says(text,
               "1: {'step': f32[], 'exp_avg': f32[16, 6, 5, 5], 'exp_avg_sq': f32[16, 6, 5, 5], "
               "'max_exp_avg_sq': f32[16, 6, 5, 5]}"));
    CHECK(says(text, "9: {'step': f32[], 'exp_avg': f32[10],"));
    const auto* step = saved.state.at(9).find("step")->get_if<milepost::TensorView>();
    CHECK(step->as<float>()->front() == 2.0F);
}
