#include "optimizer_state.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>

#include "failure.hpp"
#include "network.hpp"
#include "optimizer.hpp"

namespace lenet {
namespace {

using Elements = std::vector<float> ParameterState::*;

/// The tensors of a parameter's state that have the parameter's shape, under PyTorch's names.
struct StateTensor {
    std::string_view key;
    Elements elements;
};
constexpr std::array<StateTensor, 1> kSgdTensors = {{{"momentum_buffer", &ParameterState::momentum_buffer}}};
constexpr std::array<StateTensor, 3> kAdamTensors = {{{"exp_avg", &ParameterState::exp_avg},
                                                      {"exp_avg_sq", &ParameterState::exp_avg_sq},
                                                      {"max_exp_avg_sq", &ParameterState::max_exp_avg_sq}}};

std::span<const StateTensor> tensors_of(const Optimizer& optimizer) {
    if (optimizer.algorithm == "SGD") return kSgdTensors;
    return kAdamTensors;
}

bool is_adam(const Optimizer& optimizer) {
    return optimizer.algorithm != "SGD";
}

// To Milepost.

void add_state(const Optimizer& optimizer, std::size_t index, milepost::OptimizerState& saved) {
    const ParameterState& state = optimizer.state[index];
    const ParameterInfo& parameter = kParameters[optimizer.parameters[index]];
    if (!state.exp_avg.empty()) {
        saved.state[index]["step"] = milepost::TensorView::of(std::span(&state.step, 1), {});
    }
    for (const StateTensor& tensor : tensors_of(optimizer)) {
        const std::vector<float>& elements = state.*tensor.elements;
        if (elements.empty()) continue;  // PyTorch does not have a key for an empty one either
        saved.state[index][tensor.key] = milepost::TensorView::of(std::span(elements), parameter.shape());
    }
}

// From Milepost.

/// PyTorch does not save what algorithm it was; its hyperparameters tell.
std::string algorithm_of(const milepost::OptimizerState& saved) {
    if (!saved.algorithm.empty() || saved.param_groups.empty()) return saved.algorithm;
    const milepost::Entries& first = saved.param_groups.front().hyperparameters;
    if (first.find("betas") == nullptr) return "SGD";
    const milepost::Value* decoupled = first.find("decoupled_weight_decay");
    const bool is_adamw = decoupled != nullptr && decoupled->as_bool() && *decoupled->as_bool();
    return is_adamw ? "AdamW" : "Adam";
}

/// The parameter of that name.
std::size_t parameter_named(const std::string& name) {
    const auto* found = std::find_if(kParameters.begin(), kParameters.end(),
                                     [&](const ParameterInfo& parameter) { return parameter.name == name; });
    if (found == kParameters.end()) throw Failure("param_names: LeNet has no parameter " + name);
    return static_cast<std::size_t>(found - kParameters.begin());
}

/// Finds out which parameter each index belongs to: by name where parameters are keyed by names or the groups
/// have names, else by order.
void match_parameters(Optimizer& optimizer, const std::vector<std::string>& param_keys) {
    std::size_t index = 0;
    std::array<bool, kParameterCount> seen = {};
    for (const milepost::ParamGroup& group : optimizer.groups) {
        for (std::size_t i = 0; i < group.params.size(); ++i, ++index) {
            if (index == kParameterCount || group.params[i] != index) {
                throw Failure("params: expected 0 to 9 in order, over all groups");
            }
            const bool named = group.param_names && i < group.param_names->size();
            std::size_t parameter = index;
            if (!param_keys.empty())
                parameter = parameter_named(param_keys[index]);
            else if (named)
                parameter = parameter_named((*group.param_names)[i]);
            if (seen[parameter]) throw Failure("param_names: a parameter is in two places");
            seen[parameter] = true;
            optimizer.parameters[index] = parameter;
        }
    }
    if (index != kParameterCount) throw Failure("params: expected 0 to 9, found " + std::to_string(index));
}

bool holds(const milepost::Entries& saved, std::string_view key) {
    const milepost::Value* value = saved.find(key);
    return value != nullptr && !value->is_null();
}

/// Adds memory for what the file holds of a parameter's state: that is sparse, and empty before the first
/// step. Old versions of PyTorch write None for a momentum_buffer that is not there yet, which needs no
/// memory.
void add_target(milepost::GroupTarget& group, Optimizer& optimizer, std::size_t index,
                const milepost::Entries& saved) {
    const ParameterInfo& parameter = kParameters[optimizer.parameters[index]];
    milepost::ParamTarget& target = group.param(std::string(parameter.name), parameter.shape());
    ParameterState& state = optimizer.state[index];
    if (is_adam(optimizer) && holds(saved, "step")) target.state("step", state.step);
    for (const StateTensor& tensor : tensors_of(optimizer)) {
        if (!holds(saved, tensor.key)) continue;
        std::vector<float>& elements = state.*tensor.elements;
        elements.resize(parameter.count);
        target.state(std::string(tensor.key), elements);
    }
}

milepost::OptimizerTarget target_of(Optimizer& optimizer, const milepost::OptimizerState& saved) {
    const milepost::Entries nothing;
    milepost::OptimizerTarget target;
    for (const milepost::ParamGroup& group : optimizer.groups) {
        milepost::GroupTarget& live = target.group();
        for (const std::uint64_t index : group.params) {
            const auto found = saved.state.find(index);
            add_target(live, optimizer, index, found == saved.state.end() ? nothing : found->second);
        }
    }
    return target;
}

/// Whether the state of a parameter is there, and whole.
bool has_state(const Optimizer& optimizer, std::uint64_t index) {
    const ParameterState& state = optimizer.state[index];
    if (!is_adam(optimizer)) return !state.momentum_buffer.empty();
    if (!(state.step >= 0) || std::isinf(state.step)) {
        throw Failure("optimizer/state/" + std::to_string(index) + "/step: expected a number of steps");
    }
    const bool any = state.step > 0 || !state.exp_avg.empty() || !state.exp_avg_sq.empty();
    if (any && (state.step == 0 || state.exp_avg.empty() || state.exp_avg_sq.empty())) {
        throw Failure("optimizer/state/" + std::to_string(index) +
                      ": expected step, exp_avg and exp_avg_sq, or none of them");
    }
    return any;
}

void check_state(const Optimizer& optimizer) {
    for (const milepost::ParamGroup& group : optimizer.groups) {
        const auto* amsgrad = group.hyperparameters.find("amsgrad");
        const bool needs_largest = amsgrad != nullptr && amsgrad->as_bool() && *amsgrad->as_bool();
        const auto has = [&](std::uint64_t index) {
            const bool found = has_state(optimizer, index);
            if (found && needs_largest && optimizer.state[index].max_exp_avg_sq.empty()) {
                throw Failure("optimizer/state/" + std::to_string(index) +
                              ": amsgrad is on, but there is no max_exp_avg_sq");
            }
            return found;
        };
        const auto first_without = std::find_if_not(group.params.begin(), group.params.end(), has);
        if (first_without == group.params.end() ||
            std::none_of(group.params.begin(), group.params.end(), has))
            continue;
        throw Failure("optimizer/state/" + std::to_string(*first_without) +
                      ": expected a state for each parameter of the group, or for none");
    }
}

}  // namespace

milepost::OptimizerState state_dict(const Optimizer& optimizer) {
    milepost::OptimizerState saved;
    saved.algorithm = optimizer.algorithm;
    saved.param_groups = optimizer.groups;
    for (std::size_t index = 0; index < kParameterCount; ++index)
        add_state(optimizer, index, saved);
    return saved;
}

Optimizer load_optimizer(const milepost::Reader& file) {
    const milepost::OptimizerState saved = or_fail(file.optimizer("optimizer"));
    Optimizer optimizer;
    optimizer.algorithm = algorithm_of(saved);
    if (optimizer.algorithm != "SGD" && optimizer.algorithm != "Adam" && optimizer.algorithm != "AdamW") {
        throw Failure("optimizer: expected SGD, Adam or AdamW, found \"" + optimizer.algorithm + "\"");
    }
    optimizer.groups = saved.param_groups;
    match_parameters(optimizer, saved.param_keys);
    check_hyperparameters(optimizer);
    // Strict: all names, shapes, dtypes and checksums are checked, and named together if they do not fit.
    or_fail(milepost::load_into(file, "optimizer", target_of(optimizer, saved)));
    check_state(optimizer);
    return optimizer;
}

}  // namespace lenet
