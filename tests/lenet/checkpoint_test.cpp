#include "checkpoint.hpp"

#include <memory>

#include <doctest/doctest.h>

#include <milepost/text.hpp>

#include "dataset.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "hyperparameters.hpp"
#include "optimizer_state.hpp"
#include "python_repr.hpp"
#include "runs.hpp"
#include "says.hpp"

namespace {

using lenet::Run;

std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("checkpoint: a new run comes back") {
    const Folder folder;
    const Run saved = new_run();
    lenet::save_run(folder.file("run"), saved);
    const Run loaded = lenet::load_run(folder.file("run"));
    CHECK(loaded.weights == saved.weights);
    CHECK(lenet::state_dict(loaded.optimizer).state.empty());
    CHECK_FALSE(loaded.scheduler);
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
    CHECK(loaded.optimizer.state[9].momentum_buffer == saved.optimizer.state[9].momentum_buffer);
    CHECK(loaded.generator == saved.generator);
    CHECK(loaded.order.images == saved.order.images);
    CHECK(loaded.order.position == 6);
    CHECK_FALSE(loaded.order.shuffle);
    CHECK(loaded.batch == 6);
    CHECK(loaded.epoch == 1);
    CHECK(loaded.step == 3);
    CHECK(loaded.loss == 0.1);
    lenet::save_run(folder.file("again"), loaded);
    CHECK(bytes_of(folder.file("run")) == bytes_of(folder.file("again")));
}

TEST_CASE("checkpoint: other optimizers, groups and a scheduler come back, and give the same file again") {
    const Folder folder;
    for (const char* algorithm : {"SGD", "Adam", "AdamW"}) {
        CAPTURE(algorithm);
        Run saved = busy_run({.algorithm = algorithm, .bias_lr = 0.25});
        saved.scheduler.emplace(lenet::StepLr::Settings{.step_size = 3}, saved.optimizer.groups);
        lenet::save_run(folder.file("run"), saved);
        Run loaded = lenet::load_run(folder.file("run"));
        CHECK(loaded.optimizer.algorithm == algorithm);
        CHECK(loaded.optimizer.parameters == saved.optimizer.parameters);
        CHECK(loaded.optimizer.state[9].exp_avg_sq == saved.optimizer.state[9].exp_avg_sq);
        REQUIRE(loaded.scheduler);
        lenet::save_run(folder.file("again"), loaded);
        CHECK(bytes_of(folder.file("run")) == bytes_of(folder.file("again")));
    }
}

TEST_CASE("checkpoint: what PyTorch would hold") {
    const Folder folder;
    lenet::save_run(folder.file("run"), busy_run());
    const milepost::Reader file = lenet::or_fail(milepost::Reader::open(folder.file("run")));
    const auto net = lenet::or_fail(file.model("model"));
    CHECK(
        milepost::to_string(net.metadata) ==
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
    const auto kind = [](double momentum) {
        const lenet::Optimizer sgd = lenet::new_optimizer({.momentum = momentum});
        return sgd.groups[0].hyperparameters.find("momentum")->kind();
    };
    CHECK(kind(0) == milepost::Kind::integer);
    CHECK(kind(0.9) == milepost::Kind::floating);
}

TEST_CASE("checkpoint: hyperparameters come back as they were, known or not") {
    const Folder folder;
    const std::vector<float> floats = {1, 2};
    Run run = busy_run();
    milepost::ParamGroup& group = run.optimizer.groups[0];
    group.hyperparameters["dampening"] = 0.0;
    group.hyperparameters["lr"] = 1;
    group.hyperparameters["initial_lr"] = milepost::Tuple{{0.1, nullptr}};
    group.hyperparameters["scales"] = milepost::TensorView::of(std::span(floats), {2});
    lenet::save_run(folder.file("run"), run);
    Run loaded = lenet::load_run(folder.file("run"));
    lenet::save_run(folder.file("run"), loaded);  // the tensor is still there, though its file is replaced
    loaded = lenet::load_run(folder.file("run"));
    const std::string text = lenet::python_repr_groups(lenet::state_dict(loaded.optimizer));
    CHECK(says(text, "'lr': 1, 'momentum': 0.9, 'dampening': 0.0,"));
    CHECK(says(text, "'initial_lr': (0.1, None), 'scales': f32[2], 'params': [0, 1,"));
    CHECK(lenet::sgd_options(loaded.optimizer.groups[0]).lr == 1.0);
    const auto* scales =
        loaded.optimizer.groups[0].hyperparameters.find("scales")->get_if<milepost::TensorView>();
    CHECK(scales->as<float>()->back() == 2.0F);
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

TEST_CASE("checkpoint: a model that is not a LeNet") {
    const std::vector<float> floats(450);
    const std::vector<std::int32_t> ints(450);
    CHECK(says(message([&](auto& file) {
                   file.model("model")["conv1.weight"] = milepost::TensorView::of(std::span(floats), {450});
               }),
               "mismatch/other_shape: model 'model': model/conv1.weight: shape [450] in the file"));
    CHECK(says(
        message([&](auto& file) {
            file.model("model")["conv1.weight"] = milepost::TensorView::of(std::span(ints), {6, 3, 5, 5});
        }),
        "mismatch/other_dtype: model 'model': model/conv1.weight: i32 in the file"));
    CHECK(says(message([&](auto& file) { file.model("model")["fc3.bias"] = 1; }), "model/fc3.bias"));
    CHECK(says(message([&](auto& file) { file.model("model")["fc4.bias"] = 1; }),
               "mismatch/unexpected: model 'model': unexpected: model/fc4.bias"));
    CHECK(says(message([&](auto& file) {
                   milepost::Checkpoint other;
                   other.optimizer("optimizer") = file.optimizer("optimizer");
                   for (const auto& [name, value] : file.values())
                       other.values()[name] = value;
                   file = other;
               }),
               "not_found/model"));
}

TEST_CASE("checkpoint: weights that cannot be mapped as LeNet's") {
    const Folder folder;
    const std::vector<float> floats(450);
    const std::vector<std::int32_t> ints(450);
    const auto map = [&](const milepost::TensorView& weight) {
        milepost::Checkpoint checkpoint;
        checkpoint.model("model")["conv1.weight"] = weight;
        lenet::or_fail(milepost::save(folder.file("file"), checkpoint));
        const milepost::Reader file = lenet::or_fail(milepost::Reader::open(folder.file("file")));
        return failure_of([&] { lenet::map_weights(file); });
    };
    CHECK(says(map(milepost::TensorView::of(std::span(floats), {450})), "model/conv1.weight: not the shape"));
    CHECK(says(map(milepost::TensorView::of(std::span(ints), {6, 3, 5, 5})),
               "model/conv1.weight: invalid_argument/wrong_type"));
    CHECK(says(map(milepost::TensorView::of(std::span(floats), {6, 3, 5, 5})), "not_found/tensor"));
}

TEST_CASE("checkpoint: values that no run can have") {
    const std::vector<std::int64_t> twice = {0, 0, 1};
    CHECK(
        says(message([](auto& file) { file.values()["batch"] = 0; }), "batch: expected at least 1, found 0"));
    CHECK(says(message([](auto& file) { file.values()["batch"] = 6.0; }),
               "invalid_argument/wrong_type: batch: "));
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
               "invalid_argument/wrong_type: rng_state: "));
    CHECK(says(message([](auto& file) { file.values()["shuffle"] = 1; }),
               "invalid_argument/wrong_type: shuffle: "));
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
