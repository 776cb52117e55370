#include "step_lr.hpp"

#include <doctest/doctest.h>

#include <milepost/text.hpp>

#include "failure.hpp"
#include "says.hpp"

// State and learning rates as PyTorch 2.14.1 prints them for StepLR(optimizer, 2, 0.1) over two groups.

using lenet::StepLr;

namespace {

std::vector<milepost::ParamGroup> two_groups() {
    std::vector<milepost::ParamGroup> groups(2);
    groups[0].hyperparameters["lr"] = 0.001;
    groups[1].hyperparameters["lr"] = 0.002;
    return groups;
}

std::string text(const StepLr& scheduler) {
    return milepost::to_string(milepost::Value(scheduler.state_dict()));
}

/// What loading says after a change to one key of a good state.
std::string message(std::string_view key, const milepost::Value& value) {
    auto groups = two_groups();
    milepost::Dict state = StepLr({.step_size = 2}, groups).state_dict();
    for (auto& [name, old] : state.items) {
        if (*name.as_string() == key) old = value;
    }
    return failure_of([&] { StepLr(milepost::Value(state), 2); });
}

}  // namespace

TEST_CASE("step_lr: at its beginning, and after each epoch") {
    auto groups = two_groups();
    StepLr scheduler({.step_size = 2}, groups);
    CHECK(text(scheduler) ==
          "{'step_size': 2, 'gamma': 0.1, 'base_lrs': [0.001, 0.002], 'last_epoch': 0, '_step_count': 1, "
          "'_is_initial': False, '_get_lr_called_within_step': False, '_last_lr': [0.001, 0.002]}");
    scheduler.step(groups);
    CHECK(says(text(scheduler),
               "'last_epoch': 1, '_step_count': 2, '_is_initial': False, "
               "'_get_lr_called_within_step': False, '_last_lr': [0.001, 0.002]}"));
    scheduler.step(groups);
    CHECK(says(text(scheduler), "'base_lrs': [0.001, 0.002], 'last_epoch': 2, '_step_count': 3,"));
    CHECK(says(text(scheduler), "'_last_lr': [0.0001, 0.0002]}"));
    CHECK(milepost::to_string(*groups[1].hyperparameters.find("lr")) == "0.0002");
    CHECK(milepost::to_string(*groups[1].hyperparameters.find("initial_lr")) == "0.002");
    scheduler.step(groups);
    scheduler.step(groups);
    CHECK(says(text(scheduler), "'_last_lr': [1e-05, 2e-05]}"));
}

TEST_CASE("step_lr: goes on from its state, with types and keys as they were") {
    auto groups = two_groups();
    groups[0].hyperparameters["lr"] = 1;  // an int stays one until it is multiplied
    groups[0].hyperparameters["initial_lr"] = 4;
    StepLr first({.step_size = 2, .gamma = 0.5}, groups);
    milepost::Dict state = first.state_dict();
    state.items.emplace_back("verbose", false);
    StepLr second(milepost::Value(state), 2);
    second.step(groups);
    CHECK(
        text(second) ==
        "{'step_size': 2, 'gamma': 0.5, 'base_lrs': [4, 0.002], 'last_epoch': 1, '_step_count': 2, "
        "'_is_initial': False, '_get_lr_called_within_step': False, '_last_lr': [1, 0.002], 'verbose': False}");
    second.change_settings({.step_size = 1, .gamma = 0.25});
    second.step(groups);
    CHECK(says(text(second), "'_last_lr': [0.25, 0.0005], 'verbose': False}"));
}

TEST_CASE("step_lr: a state that no StepLR has") {
    CHECK(message("gamma", 1) == "");
    CHECK(says(message("gamma", "x"), "scheduler: gamma:"));
    CHECK(says(message("step_size", 0), "scheduler: step_size: expected 1 to 2^53, found 0"));
    CHECK(says(message("step_size", 2.0), "scheduler: step_size:"));
    CHECK(says(message("last_epoch", -1), "scheduler: last_epoch: expected 0"));
    CHECK(says(message("last_epoch", INT64_MAX), "scheduler: last_epoch: expected 0"));
    CHECK(says(message("_step_count", nullptr), "scheduler: _step_count:"));
    CHECK(says(message("base_lrs", milepost::List{{0.1}}), "base_lrs: expected a list of 2"));
    CHECK(says(message("_last_lr", 0.1), "_last_lr: expected a list of 2"));
    CHECK(says(failure_of([] { StepLr(milepost::Value(3), 1); }), "scheduler: expected a dict"));
    CHECK(says(failure_of([] { StepLr(milepost::Value(milepost::Dict()), 1); }),
               "scheduler: step_size: expected an int, found none"));
    std::vector<milepost::ParamGroup> empty(1);
    CHECK(says(failure_of([&] { StepLr({.step_size = 1}, empty); }), "hyperparameter lr"));
}
