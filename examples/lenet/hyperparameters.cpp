#include "hyperparameters.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/value.hpp>

#include "adam.hpp"
#include "failure.hpp"
#include "sgd.hpp"

namespace lenet {
namespace {

std::string context_of(std::string_view name) {
    return "hyperparameter " + std::string(name);
}

/// Not there: off, as PyTorch takes groups that were saved before it knew the option.
bool flag(const milepost::ParamGroup& group, std::string_view name) {
    const milepost::Value* value = group.hyperparameters.find(name);
    return value != nullptr && or_fail(value->as_bool(), context_of(name));
}

double at_least_zero(const milepost::ParamGroup& group, std::string_view name) {
    const double value = hyperparameter(group, name);
    if (!(value >= 0))
        throw Failure(context_of(name) + ": expected at least 0, found " + std::to_string(value));
    return value;
}

/// The two betas, from a tuple or a list.
std::vector<double> betas(const milepost::ParamGroup& group) {
    const milepost::Value* value = group.hyperparameters.find("betas");
    const auto* tuple = value == nullptr ? nullptr : value->get_if<milepost::Tuple>();
    const auto* list = value == nullptr ? nullptr : value->get_if<milepost::List>();
    std::vector<double> numbers;
    if (tuple != nullptr || list != nullptr) {
        for (const milepost::Value& item : tuple != nullptr ? tuple->items : list->items)
            numbers.push_back(or_fail(item.as_number(), context_of("betas")));
    }
    const auto in_range = [](double beta) { return beta >= 0 && beta < 1; };
    if (numbers.size() != 2 || !in_range(numbers[0]) || !in_range(numbers[1])) {
        throw Failure("hyperparameter betas: expected a tuple of two numbers from 0 to below 1");
    }
    return numbers;
}

}  // namespace

milepost::Value number_value(double number) {
    return number == 0 ? milepost::Value(0) : milepost::Value(number);
}

milepost::Entries sgd_hyperparameters() {
    milepost::Entries values;
    values["lr"] = 0.001;
    values["momentum"] = 0.9;
    values["dampening"] = 0;
    values["weight_decay"] = 0;
    values["nesterov"] = false;
    values["maximize"] = false;
    values["foreach"] = nullptr;
    values["differentiable"] = false;
    values["fused"] = nullptr;
    return values;
}

milepost::Entries adam_hyperparameters() {
    milepost::Entries values;
    values["lr"] = 0.001;
    values["betas"] = milepost::Tuple{{0.9, 0.999}};
    values["eps"] = 1e-8;
    values["weight_decay"] = 0;
    values["amsgrad"] = false;
    values["maximize"] = false;
    values["foreach"] = nullptr;
    values["capturable"] = false;
    values["differentiable"] = false;
    values["fused"] = nullptr;
    values["decoupled_weight_decay"] = false;
    return values;
}

milepost::Entries adamw_hyperparameters() {
    milepost::Entries values = adam_hyperparameters();
    values["weight_decay"] = 0.01;
    values["decoupled_weight_decay"] = true;
    return values;
}

double hyperparameter(const milepost::ParamGroup& group, std::string_view name) {
    const milepost::Value* value = group.hyperparameters.find(name);
    if (value == nullptr) throw Failure(context_of(name) + ": the param group has none");
    return or_fail(value->as_number(), context_of(name));
}

SgdOptions sgd_options(const milepost::ParamGroup& group) {
    const SgdOptions options = {.lr = at_least_zero(group, "lr"),
                                .momentum = at_least_zero(group, "momentum"),
                                .dampening = hyperparameter(group, "dampening"),
                                .weight_decay = at_least_zero(group, "weight_decay"),
                                .nesterov = flag(group, "nesterov"),
                                .maximize = flag(group, "maximize")};
    if (options.nesterov && (options.momentum == 0 || options.dampening != 0)) {
        throw Failure("hyperparameter nesterov: needs a momentum and no dampening");
    }
    return options;
}

AdamOptions adam_options(const milepost::ParamGroup& group) {
    const std::vector<double> both = betas(group);
    return {.lr = at_least_zero(group, "lr"),
            .beta1 = both[0],
            .beta2 = both[1],
            .eps = at_least_zero(group, "eps"),
            .weight_decay = at_least_zero(group, "weight_decay"),
            .amsgrad = flag(group, "amsgrad"),
            .maximize = flag(group, "maximize"),
            .decoupled_weight_decay = flag(group, "decoupled_weight_decay")};
}

}  // namespace lenet
