#include "step_lr.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/value.hpp>

#include "failure.hpp"
#include "hyperparameters.hpp"

namespace lenet {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 53;  // no training counts beyond that

milepost::Value& at(milepost::Dict& state, std::string_view key) {
    for (auto& [name, value] : state.items) {
        const auto text = name.as_string();
        if (text && *text == key) return value;
    }
    return state.items.emplace_back(key, nullptr).second;
}

std::int64_t count(const milepost::Dict& state, std::string_view key, std::int64_t least) {
    const milepost::Value* value = state.find(key);
    const std::string context = "scheduler: " + std::string(key);
    if (value == nullptr) throw Failure(context + ": expected an int, found none");
    const std::int64_t number = or_fail(value->as_int(), context);
    if (number < least || number > kMost) {
        throw Failure(context + ": expected " + std::to_string(least) + " to 2^53, found " +
                      std::to_string(number));
    }
    return number;
}

double gamma_of(const milepost::Dict& state) {
    const milepost::Value* value = state.find("gamma");
    if (value == nullptr) throw Failure("scheduler: gamma: expected a number, found none");
    return or_fail(value->as_number(), "scheduler: gamma");
}

void check_rates(const milepost::Dict& state, std::string_view key, std::size_t groups) {
    const milepost::Value* value = state.find(key);
    const auto* list = value == nullptr ? nullptr : value->get_if<milepost::List>();
    if (list == nullptr || list->items.size() != groups) {
        throw Failure("scheduler: " + std::string(key) + ": expected a list of " + std::to_string(groups) +
                      " learning rates, one for each param group");
    }
}

milepost::List values_of(const std::vector<milepost::ParamGroup>& groups, std::string_view name) {
    milepost::List values;
    for (const milepost::ParamGroup& group : groups)
        values.items.push_back(*group.hyperparameters.find(name));
    return values;
}

}  // namespace

StepLr::StepLr(const Settings& settings, std::vector<milepost::ParamGroup>& groups) {
    for (milepost::ParamGroup& group : groups) {
        hyperparameter(group, "lr");  // throws if there is none
        group.hyperparameters.add("initial_lr", *group.hyperparameters.find("lr"));
    }
    // PyTorch's order: the scheduler's own keys, then those that all schedulers have.
    at(state_, "step_size") = settings.step_size;
    at(state_, "gamma") = settings.gamma;
    at(state_, "base_lrs") = values_of(groups, "initial_lr");
    at(state_, "last_epoch") = 0;
    at(state_, "_step_count") = 1;
    at(state_, "_is_initial") = false;
    at(state_, "_get_lr_called_within_step") = false;
    at(state_, "_last_lr") = values_of(groups, "lr");
}

StepLr::StepLr(const milepost::Value& state_dict, std::size_t groups) {
    const auto* dict = state_dict.get_if<milepost::Dict>();
    if (dict == nullptr) throw Failure("scheduler: expected a dict");
    count(*dict, "step_size", 1);
    gamma_of(*dict);
    check_rates(*dict, "base_lrs", groups);
    count(*dict, "last_epoch", 0);
    count(*dict, "_step_count", 0);
    check_rates(*dict, "_last_lr", groups);
    state_ = *dict;
}

void StepLr::change_settings(const Settings& settings) {
    at(state_, "step_size") = settings.step_size;
    at(state_, "gamma") = settings.gamma;
}

void StepLr::step(std::vector<milepost::ParamGroup>& groups) {
    const std::int64_t epoch = count(state_, "last_epoch", 0) + 1;
    at(state_, "last_epoch") = epoch;
    at(state_, "_step_count") = count(state_, "_step_count", 0) + 1;
    if (epoch % count(state_, "step_size", 1) == 0) {
        // From the present rate, not from the first one: a rate that the user changed meanwhile stays
        // changed.
        for (milepost::ParamGroup& group : groups)
            group.hyperparameters["lr"] = hyperparameter(group, "lr") * gamma_of(state_);
    }
    at(state_, "_last_lr") = values_of(groups, "lr");
}

}  // namespace lenet
