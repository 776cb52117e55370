#include <string>

#include "checkpoint.hpp"
#include "failure.hpp"

namespace lenet {
namespace {

/// The hyperparameter of that name, or null where the group has none.
milepost::Value find(const milepost::ParamGroup& group, std::string_view name) {
    const milepost::Value* value = group.hyperparameters.find(name);
    return value == nullptr ? milepost::Value() : *value;
}

/// A number that the user of PyTorch may have written as an int or as a float.
double number(const milepost::ParamGroup& group, std::string_view name) {
    const milepost::Value value = find(group, name);
    if (value.kind() == milepost::Kind::integer) {
        return static_cast<double>(or_fail(value.as_int(), std::string(name)));
    }
    return or_fail(value.as_double(), "hyperparameter " + std::string(name));
}

bool flag(const milepost::ParamGroup& group, std::string_view name) {
    return or_fail(find(group, name).as_bool(), "hyperparameter " + std::string(name));
}

}  // namespace

milepost::ParamGroup sgd_param_group(double lr, double momentum) {
    milepost::ParamGroup group;
    // The order and the types are PyTorch's: what nobody set is the int 0, not the float 0.0.
    milepost::Entries& values = group.hyperparameters;
    values["lr"] = lr;
    values["momentum"] = momentum == 0 ? milepost::Value(0) : milepost::Value(momentum);
    values["dampening"] = 0;
    values["weight_decay"] = 0;
    values["nesterov"] = false;
    values["maximize"] = false;
    values["foreach"] = nullptr;
    values["differentiable"] = false;
    values["fused"] = nullptr;
    for (std::size_t i = 0; i < kParameterCount; ++i)
        group.params.push_back(i);
    return group;
}

SgdOptions sgd_options(const milepost::ParamGroup& group) {
    return {.lr = number(group, "lr"),
            .momentum = number(group, "momentum"),
            .dampening = number(group, "dampening"),
            .weight_decay = number(group, "weight_decay"),
            .nesterov = flag(group, "nesterov"),
            .maximize = flag(group, "maximize")};
}

}  // namespace lenet
