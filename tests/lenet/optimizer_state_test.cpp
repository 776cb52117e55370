#include "optimizer_state.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "runs.hpp"

namespace {

using lenet::Run;

milepost::ParamGroup& group(milepost::Checkpoint& checkpoint) {
    return checkpoint.optimizer("optimizer").param_groups.front();
}

}  // namespace

TEST_CASE("optimizer state: an optimizer of PyTorch, which does not save its name") {
    const auto nameless = [](milepost::Checkpoint& file) { file.optimizer("optimizer").algorithm = ""; };
    CHECK(message(nameless) == "loaded");
    CHECK(message(nameless, {.algorithm = "Adam"}) == "loaded");
    const Folder folder;
    for (const char* algorithm : {"SGD", "Adam", "AdamW"}) {
        Run run = new_run({.algorithm = algorithm});
        run.optimizer.algorithm = "";
        lenet::save_run(folder.file("run"), run);
        CHECK(lenet::load_run(folder.file("run")).optimizer.algorithm == algorithm);
    }
}

TEST_CASE("optimizer state: parameters in groups are found by their names, without names by their order") {
    const auto group_of_each = [](milepost::Checkpoint& file) {
        auto& groups = file.optimizer("optimizer").param_groups;
        const milepost::ParamGroup first = groups[0];
        groups.assign(10, first);
        for (std::uint64_t i = 0; i < 10; ++i)
            groups[i].params = {i};
    };
    CHECK(message(group_of_each) == "loaded");
    CHECK(says(message(
                   [](auto& file) {
                       file.optimizer("optimizer").param_groups[1].param_names->front() = "conv1.weight";
                   },
                   {.bias_lr = 0.1}),
               "param_names: a parameter is in two places"));
    CHECK(says(message(
                   [](auto& file) {
                       file.optimizer("optimizer").param_groups[1].param_names->front() = "conv3.bias";
                   },
                   {.bias_lr = 0.1}),
               "param_names: LeNet has no parameter conv3.bias"));
}

TEST_CASE("optimizer state: keyed by names, parameters are found by them") {
    const auto by_name = [](milepost::Checkpoint& file) {
        milepost::OptimizerState& optimizer = file.optimizer("optimizer");
        const auto state = optimizer.state;
        for (std::size_t i = 0; i < lenet::kParameterCount; ++i) {
            const std::size_t other = lenet::kParameterCount - 1 - i;
            optimizer.param_keys.emplace_back(lenet::kParameters[other].name);
            optimizer.state[i] = state.at(other);
        }
        group(file).param_names.reset();
    };
    CHECK(message(by_name) == "loaded");
    CHECK(says(message([&](auto& file) {
                   by_name(file);
                   file.optimizer("optimizer").param_keys[3] = "conv3.bias";
               }),
               "LeNet has no parameter conv3.bias"));
}

TEST_CASE("optimizer state: an optimizer whose state does not fit") {
    const std::vector<float> floats(6);
    const auto tensor = [&](milepost::Shape shape) {
        return milepost::TensorView::of(std::span(floats).first(shape.empty() ? 1 : shape[0]), shape);
    };
    const auto state = [](milepost::Checkpoint& file, std::uint64_t index) -> milepost::Entries& {
        return file.optimizer("optimizer").state[index];
    };
    const lenet::OptimizerSettings adam = {.algorithm = "Adam"};
    CHECK(says(message([](auto& file) { file.optimizer("optimizer").state.erase(4); }),
               "optimizer/state/4: expected a state for each parameter"));
    CHECK(says(message([&](auto& file) { state(file, 4)["momentum_buffer"] = 1; }),
               "optimizer/state/4/momentum_buffer"));
    CHECK(
        says(message([&](auto& file) { state(file, 4)["momentum_buffer"] = tensor({5}); }),
             "optimizer/state/4/momentum_buffer: shape [5] in the file, parameter 'fc1.weight' [120, 400]"));
    CHECK(says(message([&](auto& file) { state(file, 1)["exp_avg"] = tensor({6}); }),
               "mismatch/unexpected: optimizer 'optimizer': unexpected: optimizer/state/1/exp_avg"));
    CHECK(says(message([&](auto& file) { state(file, 10)["momentum_buffer"] = tensor({6}); }),
               "optimizer/state/10"));
    CHECK(message([&](auto& file) {
              for (std::uint64_t i = 0; i < 10; ++i)
                  state(file, i)["momentum_buffer"] = nullptr;  // as old versions of PyTorch write it
          }) == "loaded");
    CHECK(says(message([&](auto& file) { state(file, 1)["step"] = tensor({2}); }, adam),
               "optimizer/state/1/step"));
    CHECK(says(message([&](auto& file) { state(file, 1)["step"] = tensor({}); }, adam),
               "optimizer/state/1: expected step, exp_avg and exp_avg_sq"));
    const std::vector<float> bad = {std::nanf(""), -1, std::numeric_limits<float>::infinity()};
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(says(message(
                       [&](auto& file) {
                           state(file, 1)["step"] =
                               milepost::TensorView::of(std::span(bad).subspan(i, 1), {});
                       },
                       adam),
                   "optimizer/state/1/step: expected a number of steps"));
    }
    CHECK(says(message(
                   [&](auto& file) {
                       milepost::Entries less;
                       less["step"] = *state(file, 1).find("step");
                       state(file, 1) = less;
                   },
                   adam),
               "optimizer/state/1: expected step, exp_avg and exp_avg_sq"));
}

TEST_CASE("optimizer state: an optimizer whose groups do not fit") {
    CHECK(says(message([](auto& file) {
                   file.optimizer("optimizer").state.clear();
                   file.optimizer("optimizer").param_groups.clear();
               }),
               "params: expected 0 to 9, found 0"));
    CHECK(says(message([](auto& file) { std::swap(group(file).params[0], group(file).params[1]); }),
               "params: expected 0 to 9 in order"));
    CHECK(says(message([](auto& file) { group(file).hyperparameters["lr"] = "fast"; }),
               "optimizer/param_groups/0: hyperparameter lr"));
    CHECK(says(message([](auto& file) { group(file).hyperparameters["nesterov"] = 0; }),
               "hyperparameter nesterov"));
    CHECK(says(message([](auto& file) {
                   milepost::ParamGroup bare;
                   bare.params = group(file).params;
                   group(file) = bare;
               }),
               "optimizer/param_groups/0: hyperparameter lr: the param group has none"));
    CHECK(says(message([](auto& file) { file.optimizer("optimizer").algorithm = "RMSprop"; }),
               "expected SGD, Adam or AdamW, found \"RMSprop\""));
    CHECK(says(message([](auto& file) { file.optimizer("optimizer").algorithm = "Adam"; }),
               "hyperparameter betas: expected a tuple"));
    CHECK(says(message([](auto& file) { file.values()["scheduler"] = 1; }), "scheduler: expected a dict"));
}
