#include "optimizer.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>

#include <milepost/checkpoint.hpp>
#include <milepost/value.hpp>

#include "adam.hpp"
#include "failure.hpp"
#include "hyperparameters.hpp"
#include "layers.hpp"
#include "network.hpp"
#include "sgd.hpp"

namespace lenet {
namespace {

bool is_sgd(const Optimizer& optimizer) {
    return optimizer.algorithm == "SGD";
}

milepost::Entries default_hyperparameters(const std::string& algorithm) {
    if (algorithm == "SGD") return sgd_hyperparameters();
    if (algorithm == "Adam") return adam_hyperparameters();
    if (algorithm == "AdamW") return adamw_hyperparameters();
    throw Failure("optimizer: expected SGD, Adam or AdamW, found " + algorithm);
}

/// One group of all parameters: `torch.optim.SGD(net.parameters(), ...)`.
void make_one_group(Optimizer& optimizer) {
    milepost::ParamGroup& group = optimizer.groups.emplace_back();
    group.hyperparameters = default_hyperparameters(optimizer.algorithm);
    group.params.resize(kParameterCount);
    std::iota(group.params.begin(), group.params.end(), 0);
    std::iota(optimizer.parameters.begin(), optimizer.parameters.end(), 0);
}

/// The parameters that are weights, or those that are biases, as the optimizer's next group.
milepost::ParamGroup& add_group(Optimizer& optimizer, bool biases) {
    std::size_t index = 0;
    for (const milepost::ParamGroup& group : optimizer.groups)
        index += group.params.size();
    milepost::ParamGroup& group = optimizer.groups.emplace_back();
    group.param_names.emplace();
    for (std::size_t parameter = 0; parameter < kParameterCount; ++parameter) {
        if (kParameters[parameter].name.ends_with("bias") != biases) continue;
        group.params.push_back(index);
        group.param_names->emplace_back(kParameters[parameter].name);
        optimizer.parameters[index] = parameter;
        ++index;
    }
    return group;
}

/// Two groups from named parameters: `torch.optim.SGD([{"params": weights}, {"params": biases, "lr": ...}])`.
/// PyTorch puts the keys that the user wrote first, then param_names, then its defaults.
void make_two_groups(Optimizer& optimizer, const OptimizerSettings& settings) {
    const milepost::Entries defaults = default_hyperparameters(optimizer.algorithm);
    milepost::ParamGroup& weights = add_group(optimizer, false);
    weights.hyperparameters = defaults;
    weights.param_names_position = 0;
    milepost::ParamGroup& biases = add_group(optimizer, true);
    if (settings.bias_lr) biases.hyperparameters["lr"] = *settings.bias_lr;
    if (settings.no_bias_decay) biases.hyperparameters["weight_decay"] = 0;
    biases.param_names_position = static_cast<std::uint32_t>(biases.hyperparameters.size());
    for (const auto& [name, value] : defaults)
        biases.hyperparameters.add(name, value);  // what is there stays
}

void refuse(bool given, const Optimizer& optimizer, std::string_view option) {
    if (given) throw Failure(optimizer.algorithm + " has no " + std::string(option));
}

void refuse_foreign(const Optimizer& optimizer, const OptimizerSettings& settings) {
    if (is_sgd(optimizer)) {
        refuse(settings.betas.has_value(), optimizer, "betas");
        refuse(settings.eps.has_value(), optimizer, "eps");
        refuse(settings.amsgrad.has_value(), optimizer, "amsgrad");
    } else {
        refuse(settings.momentum.has_value(), optimizer, "momentum");
        refuse(settings.dampening.has_value(), optimizer, "dampening");
        refuse(settings.nesterov.has_value(), optimizer, "nesterov");
    }
}

void change_group(milepost::ParamGroup& group, const OptimizerSettings& settings) {
    milepost::Entries& values = group.hyperparameters;
    if (settings.lr) values["lr"] = *settings.lr;
    if (settings.weight_decay) values["weight_decay"] = number_value(*settings.weight_decay);
    if (settings.maximize) values["maximize"] = *settings.maximize;
    if (settings.momentum) values["momentum"] = number_value(*settings.momentum);
    if (settings.dampening) values["dampening"] = number_value(*settings.dampening);
    if (settings.nesterov) values["nesterov"] = *settings.nesterov;
    if (settings.betas) values["betas"] = milepost::Tuple{{settings.betas->first, settings.betas->second}};
    if (settings.eps) values["eps"] = *settings.eps;
    if (settings.amsgrad) values["amsgrad"] = *settings.amsgrad;
}

void sgd_group_step(const SgdOptions& options, ParameterState& state, std::span<float> weights,
                    std::span<const float> gradient) {
    const bool first_step = state.momentum_buffer.empty();
    if (options.momentum != 0) state.momentum_buffer.resize(weights.size());
    sgd_step(options, first_step, weights, gradient, state.momentum_buffer);
}

void adam_group_step(const AdamOptions& options, ParameterState& state, std::span<float> weights,
                     std::span<const float> gradient) {
    state.exp_avg.resize(weights.size());
    state.exp_avg_sq.resize(weights.size());
    if (options.amsgrad) state.max_exp_avg_sq.resize(weights.size());
    state.step += 1;
    adam_step(options, static_cast<double>(state.step), weights, gradient,
              {state.exp_avg, state.exp_avg_sq, state.max_exp_avg_sq});
}

}  // namespace

Optimizer new_optimizer(const OptimizerSettings& settings) {
    Optimizer optimizer;
    optimizer.algorithm = settings.algorithm.value_or("SGD");
    if (settings.bias_lr || settings.no_bias_decay) {
        make_two_groups(optimizer, settings);
    } else {
        make_one_group(optimizer);
    }
    change_settings(optimizer, settings);
    return optimizer;
}

void change_settings(Optimizer& optimizer, const OptimizerSettings& settings) {
    if (settings.algorithm && *settings.algorithm != optimizer.algorithm) {
        throw Failure("the optimizer is " + optimizer.algorithm + ", and cannot go on as " +
                      *settings.algorithm);
    }
    refuse_foreign(optimizer, settings);
    for (milepost::ParamGroup& group : optimizer.groups)
        change_group(group, settings);
    if (settings.bias_lr || settings.no_bias_decay) {
        if (optimizer.groups.size() != 2) {
            throw Failure("the biases are not a param group of their own; only a new run can make them one");
        }
        milepost::Entries& biases = optimizer.groups[1].hyperparameters;
        if (settings.bias_lr) biases["lr"] = *settings.bias_lr;
        if (settings.no_bias_decay) biases["weight_decay"] = 0;
    }
    check_hyperparameters(optimizer);
}

void check_hyperparameters(const Optimizer& optimizer) {
    for (std::size_t i = 0; i < optimizer.groups.size(); ++i) {
        try {
            if (is_sgd(optimizer)) {
                sgd_options(optimizer.groups[i]);
            } else {
                adam_options(optimizer.groups[i]);
            }
        } catch (const Failure& failure) {
            throw Failure("optimizer/param_groups/" + std::to_string(i) + ": " + failure.what());
        }
    }
}

void optimizer_step(Optimizer& optimizer, Buffer& weights, const Buffer& gradient) {
    for (const milepost::ParamGroup& group : optimizer.groups) {
        for (const std::uint64_t index : group.params) {
            const ParameterInfo& parameter = kParameters[optimizer.parameters[index]];
            ParameterState& state = optimizer.state[index];
            if (is_sgd(optimizer)) {
                sgd_group_step(sgd_options(group), state, part(weights, parameter),
                               part(gradient, parameter));
            } else {
                adam_group_step(adam_options(group), state, part(weights, parameter),
                                part(gradient, parameter));
            }
        }
    }
}

}  // namespace lenet
