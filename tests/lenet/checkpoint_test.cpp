#include "checkpoint.hpp"

#include <functional>
#include <memory>

#include <doctest/doctest.h>

#include "dataset.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "python_repr.hpp"

namespace {

using lenet::Run;

Run new_run() {
    lenet::Generator generator(0);
    lenet::Buffer weights = lenet::initial_weights(generator);
    return {.weights = std::move(weights),
            .param_group = lenet::sgd_param_group(0.001, 0.9),
            .momentum = {},
            .generator = generator,
            .order = {}};
}

/// A run in the middle of its second epoch.
Run busy_run() {
    Run run = new_run();
    run.momentum = run.weights * 0.5F;
    run.order.begin_epoch(10, run.generator);
    run.order.next_batch(6);
    run.order.shuffle = false;
    run.batch = 6;
    run.epoch = 1;
    run.step = 3;
    run.loss = 0.1;
    return run;
}

/// Saves a busy run, changes the checkpoint, and tells what loading it says.
std::string message(const std::function<void(milepost::Checkpoint&)>& change) {
    const Folder folder;
    const std::string good = folder.file("good.milepost");
    const std::string changed = folder.file("changed.milepost");
    lenet::save_run(good, busy_run());
    const milepost::Reader file = lenet::or_fail(milepost::Reader::open(good));
    milepost::Checkpoint checkpoint = file.checkpoint();
    change(checkpoint);
    lenet::or_fail(milepost::save(changed, checkpoint));
    try {
        lenet::load_run(changed);
    } catch (const lenet::Failure& failure) {
        return failure.what();
    }
    return "loaded";
}

bool says(const std::string& text, const std::string& part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) MESSAGE(text);
    return found;
}

milepost::ParamGroup& group(milepost::Checkpoint& checkpoint) {
    return checkpoint.optimizer("optimizer").param_groups.front();
}

}  // namespace

TEST_CASE("checkpoint: a new run comes back") {
    const Folder folder;
    const Run saved = new_run();
    lenet::save_run(folder.file("run"), saved);
    const Run loaded = lenet::load_run(folder.file("run"));
    CHECK(loaded.weights == saved.weights);
    CHECK(loaded.momentum.size() == 0);
    CHECK(loaded.generator == saved.generator);
    CHECK(loaded.order.images.empty());
    CHECK(loaded.order.shuffle);
    CHECK(loaded.batch == 64);
}

TEST_CASE("checkpoint: a busy run comes back, and gives the same file again") {
    const Folder folder;
    const Run saved = busy_run();
    lenet::save_run(folder.file("run"), saved);
    const Run loaded = lenet::load_run(folder.file("run"));
    CHECK(loaded.weights == saved.weights);
    CHECK(loaded.momentum == saved.momentum);
    CHECK(loaded.generator == saved.generator);
    CHECK(loaded.order.images == saved.order.images);
    CHECK(loaded.order.position == 6);
    CHECK_FALSE(loaded.order.shuffle);
    CHECK(loaded.batch == 6);
    CHECK(loaded.epoch == 1);
    CHECK(loaded.step == 3);
    CHECK(loaded.loss == 0.1);
    lenet::save_run(folder.file("again"), loaded);
    std::ifstream first(folder.file("run"), std::ios::binary);
    std::ifstream second(folder.file("again"), std::ios::binary);
    CHECK(std::string(std::istreambuf_iterator<char>(first), {}) ==
          std::string(std::istreambuf_iterator<char>(second), {}));
}

TEST_CASE("checkpoint: what PyTorch would hold") {
    const Folder folder;
    lenet::save_run(folder.file("run"), busy_run());
    const milepost::Reader file = lenet::or_fail(milepost::Reader::open(folder.file("run")));
    const auto net = lenet::or_fail(file.model("model"));
    CHECK(
        lenet::python_repr(net.metadata) ==
        "OrderedDict({'': {'version': 1}, 'conv1': {'version': 1}, 'pool': {'version': 1}, 'conv2': {'version': 1}, "
        "'fc1': {'version': 1}, 'fc2': {'version': 1}, 'fc3': {'version': 1}})");
    for (const milepost::Entries::Item& item : net) {
        CAPTURE(item.first);
        const auto* tensor = item.second.get_if<milepost::TensorView>();
        REQUIRE(tensor != nullptr);
        CHECK(tensor->role() == milepost::Role::parameter);
        CHECK_FALSE(tensor->requires_grad());
    }
    const auto sgd = lenet::or_fail(file.optimizer("optimizer"));
    CHECK(sgd.algorithm == "SGD");
    CHECK(sgd.state.size() == 10);
    CHECK(sgd.state.at(9).size() == 1);
    const auto state = lenet::or_fail(file.tensor("rng_state"));
    CHECK(state.dtype().code == milepost::Dtype::u8);
    CHECK(state.shape() == milepost::Shape{5056});
}

TEST_CASE("checkpoint: momentum 0 is PyTorch's int 0") {
    CHECK(lenet::sgd_param_group(0.1, 0).hyperparameters.find("momentum")->kind() == milepost::Kind::integer);
    CHECK(lenet::sgd_param_group(0.1, 0.9).hyperparameters.find("momentum")->kind() ==
          milepost::Kind::floating);
}

TEST_CASE("checkpoint: hyperparameters come back as they were, known or not") {
    const Folder folder;
    Run run = busy_run();
    run.param_group.hyperparameters["dampening"] = 0.0;
    run.param_group.hyperparameters["lr"] = 1;
    run.param_group.hyperparameters["initial_lr"] = milepost::Tuple{{0.1, nullptr}};
    run.param_group.param_names = std::vector<std::string>(10, "x");
    lenet::save_run(folder.file("run"), run);
    const Run loaded = lenet::load_run(folder.file("run"));
    milepost::OptimizerState sgd;
    sgd.param_groups = {loaded.param_group};
    CHECK(says(lenet::python_repr_groups(sgd), "'lr': 1, 'momentum': 0.9, 'dampening': 0.0,"));
    CHECK(says(lenet::python_repr_groups(sgd), "'initial_lr': (0.1, None), 'param_names': ['x', 'x',"));
    CHECK(lenet::sgd_options(loaded.param_group).lr == 1.0);
}

TEST_CASE("checkpoint: weights are used where the file is mapped") {
    const Folder folder;
    const Run run = busy_run();
    lenet::save_run(folder.file("run"), run);
    const milepost::Reader file = lenet::or_fail(milepost::Reader::open(folder.file("run")));
    const lenet::Weights weights = lenet::map_weights(file);
    const auto again = lenet::map_weights(file);
    CHECK(weights[0].data() == again[0].data());
    CHECK(std::equal(weights[9].begin(), weights[9].end(), run.weights.end() - 10));
}

TEST_CASE("checkpoint: a model that is no LeNet") {
    const std::vector<float> floats(450);
    const std::vector<std::int32_t> ints(450);
    CHECK(says(message([&](auto& file) {
                   file.model("model")["conv1.weight"] = milepost::TensorView::of(std::span(floats), {450});
               }),
               "model/conv1.weight: not the shape"));
    CHECK(says(
        message([&](auto& file) {
            file.model("model")["conv1.weight"] = milepost::TensorView::of(std::span(ints), {6, 3, 5, 5});
        }),
        "model/conv1.weight: invalid_argument/wrong_type"));
    CHECK(says(message([&](auto& file) { file.model("model")["fc3.bias"] = 1; }),
               "invalid_argument/wrong_type"));
    CHECK(says(message([&](auto& file) {
                   file = milepost::Checkpoint();
                   file.optimizer("optimizer") = milepost::OptimizerState();
               }),
               "not_found"));
}

TEST_CASE("checkpoint: an optimizer that does not fit") {
    CHECK(says(message([](auto& file) { file.optimizer("optimizer").state.erase(4); }),
               "optimizer/state/4/momentum_buffer: expected a tensor"));
    CHECK(says(message([](auto& file) { file.optimizer("optimizer").state[4]["momentum_buffer"] = 1; }),
               "optimizer/state/4/momentum_buffer: expected a tensor"));
    CHECK(says(message([](auto& file) {
                   auto& state = file.optimizer("optimizer").state;
                   state[4]["momentum_buffer"] = *state[5].find("momentum_buffer");
               }),
               "optimizer/state/4/momentum_buffer: not the shape"));
    CHECK(
        says(message([](auto& file) { file.optimizer("optimizer").param_groups.clear(); }), "1 param group"));
    CHECK(says(message([](auto& file) { std::swap(group(file).params[0], group(file).params[1]); }),
               "params 0 to 9"));
    CHECK(says(message([](auto& file) { group(file).hyperparameters["lr"] = "fast"; }), "hyperparameter lr"));
    CHECK(says(message([](auto& file) { group(file).hyperparameters["nesterov"] = 0; }),
               "hyperparameter nesterov"));
}

TEST_CASE("checkpoint: values that no run can have") {
    const std::vector<std::int64_t> twice = {0, 0, 1};
    CHECK(
        says(message([](auto& file) { file.values()["batch"] = 0; }), "batch: expected at least 1, found 0"));
    CHECK(says(message([](auto& file) { file.values()["batch"] = 6.0; }),
               "batch: invalid_argument/wrong_type"));
    CHECK(
        says(message([](auto& file) { file.values()["step"] = -1; }), "step: expected at least 0, found -1"));
    CHECK(says(message([](auto& file) { file.values()["data_position"] = 11; }), "data_order: expected"));
    CHECK(says(message([&](auto& file) {
                   file.values()["data_order"] = milepost::TensorView::of(std::span(twice), {3});
               }),
               "data_order: expected each image once"));
    CHECK(says(message([&](auto& file) {
                   file.values()["rng_state"] = milepost::TensorView::of(std::span(twice), {3});
               }),
               "rng_state: invalid_argument/wrong_type"));
    CHECK(says(message([](auto& file) { file.values()["shuffle"] = 1; }),
               "shuffle: invalid_argument/wrong_type"));
    CHECK(message([](auto& file) { file.values()["note"] = "more is fine"; }) == "loaded");
}

TEST_CASE("slice: comes back, and knows its size") {
    const Folder folder;
    lenet::Dataset dataset;
    for (lenet::Images* images : {&dataset.train, &dataset.test}) {
        images->labels = {3, 9, 1};
        for (std::size_t i = 0; i < 3 * 784; ++i)
            images->pixels.push_back(static_cast<std::uint8_t>(i * 7));
    }
    const std::string path = folder.file("slice.milepost");
    lenet::save_slice(path, dataset, 2, 3);
    const lenet::Dataset loaded = lenet::load_dataset(path);
    CHECK(loaded.train.labels == std::vector<std::uint8_t>{3, 9});
    CHECK(std::equal(loaded.train.pixels.begin(), loaded.train.pixels.end(), dataset.train.pixels.begin()));
    CHECK(loaded.test.pixels == dataset.test.pixels);
    CHECK_THROWS_AS(lenet::save_slice(path, dataset, 4, 1), lenet::Failure);
    lenet::save_run(path, busy_run());
    CHECK_THROWS_AS(lenet::load_slice(path), lenet::Failure);
    dataset.train.labels[0] = 10;
    lenet::save_slice(path, dataset, 2, 3);
    CHECK_THROWS_AS(lenet::load_slice(path), lenet::Failure);
}
