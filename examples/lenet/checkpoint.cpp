#include "checkpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>
#include <milepost/run.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>
#include <milepost/writer.hpp>

#include "data_order.hpp"
#include "failure.hpp"
#include "layers.hpp"
#include "network.hpp"
#include "optimizer_state.hpp"
#include "random.hpp"
#include "step_lr.hpp"

namespace lenet {
namespace {

// To Milepost. Nothing is copied: the checkpoint views the run's own memory.

milepost::Value metadata() {
    milepost::Dict version;
    version.items.emplace_back("version", 1);
    milepost::Dict modules;
    modules.subtype = milepost::DictSubtype::ordered_dict;
    for (const std::string_view module : kModules)
        modules.items.emplace_back(module, version);
    return modules;
}

milepost::StateDict state_dict(const Buffer& weights) {
    milepost::StateDict net;
    for (const ParameterInfo& parameter : kParameters) {
        const auto tensor = milepost::TensorView::of(part(weights, parameter), parameter.shape());
        net[parameter.name] = tensor.with_role(milepost::Role::parameter);
    }
    net.metadata = metadata();
    return net;
}

/// The whole run. Both are borrowed.
milepost::Checkpoint checkpoint_of(const Run& run, const Generator::State& rng_state) {
    const auto* rng_bytes = reinterpret_cast<const std::uint8_t*>(rng_state.data());
    milepost::Checkpoint checkpoint;
    checkpoint.model("model") = state_dict(run.weights);
    checkpoint.optimizer("optimizer") = state_dict(run.optimizer);
    milepost::Entries& values = checkpoint.values();
    values["epoch"] = run.epoch;
    values["step"] = run.step;
    values["loss"] = run.loss;
    if (run.scheduler) values["scheduler"] = run.scheduler->state_dict();
    values["batch"] = run.batch;
    values["shuffle"] = run.order.shuffle;
    values["rng_state"] =
        milepost::TensorView::of(std::span(rng_bytes, rng_state.size()), {rng_state.size()});
    values["data_order"] =
        milepost::TensorView::of(std::span<const std::int64_t>(run.order.images), {run.order.images.size()});
    values["data_position"] = run.order.position;
    return checkpoint;
}

// From Milepost. Every type and shape is checked before it is used.

/// A top-level value that is an int of at least `least`.
std::int64_t load_int(const milepost::Reader& file, const std::string& name, std::int64_t least) {
    const auto number = or_fail(file.get<std::int64_t>(name));
    if (number < least) {
        throw Failure(name + ": expected at least " + std::to_string(least) + ", found " +
                      std::to_string(number));
    }
    return number;
}

Generator load_generator(const milepost::Reader& file) {
    return Generator::decode(std::as_bytes(or_fail(file.get<std::span<const std::uint8_t>>("rng_state"))));
}

DataOrder load_order(const milepost::Reader& file) {
    const auto images = or_fail(file.get<std::span<const std::int64_t>>("data_order"));
    DataOrder order;
    order.images.assign(images.begin(), images.end());
    order.position = static_cast<std::size_t>(load_int(file, "data_position", 0));
    order.shuffle = or_fail(file.get<bool>("shuffle"));
    if (!order.valid()) throw Failure("data_order: expected each image once, and data_position among them");
    return order;
}

std::optional<StepLr> load_scheduler(const milepost::Reader& file, std::size_t groups) {
    const auto state_dict = file.value("scheduler");
    if (!state_dict && state_dict.error().code() == milepost::Code::not_found) return {};
    return StepLr(or_fail(state_dict), groups);
}

}  // namespace

RunSaver::RunSaver(const std::string& folder, unsigned keep)
    : folder_(or_fail(milepost::Run::open(folder, {.keep = keep}))) {}

void RunSaver::begin(const Run& run) {
    finish();
    const Generator::State rng_state = run.generator.encode();
    const auto step = static_cast<std::uint64_t>(run.step);
    pending_ = or_fail(folder_.save_async(saver_, step, checkpoint_of(run, rng_state)));
}

void RunSaver::finish() {
    if (!pending_) return;
    or_fail(pending_->save.wait(), pending_->checkpoint.path);
    pending_.reset();
    for (const milepost::Error& warning : or_fail(folder_.prune()))
        std::cerr << "lenet: " << warning.to_string() << '\n';
}

void save_run(const std::string& path, const Run& run) {
    const Generator::State rng_state = run.generator.encode();
    or_fail(milepost::save(path, checkpoint_of(run, rng_state)), path);
}

OpenCheckpoint open_checkpoint(const std::string& path) {
    if (!std::filesystem::is_directory(path)) return {or_fail(milepost::Reader::open(path), path), path};
    const auto restored = or_fail(or_fail(milepost::Run::open(path)).restore());
    for (const milepost::SkippedCheckpoint& skipped : restored.skipped)
        std::cerr << "lenet: skipped: " << skipped.error.to_string() << '\n';
    return {restored.reader, restored.checkpoint.path};
}

Run load_run(const std::string& path) {
    const OpenCheckpoint opened = open_checkpoint(path);
    const auto source = std::make_shared<const milepost::Reader>(opened.reader);
    const milepost::Reader& file = *source;
    try {
        Run run{.weights = Buffer(static_cast<Eigen::Index>(kWeightCount)),
                .optimizer = load_optimizer(file),
                .scheduler = {},
                .generator = load_generator(file),
                .order = load_order(file)};
        or_fail(milepost::load_into(file, "model", targets_of(run.weights)));  // all that differs is an error
        run.scheduler = load_scheduler(file, run.optimizer.groups.size());
        run.batch = static_cast<std::size_t>(load_int(file, "batch", 1));
        run.epoch = load_int(file, "epoch", 0);
        run.step = load_int(file, "step", 0);
        run.loss = or_fail(file.get<double>("loss"));
        run.source = source;
        return run;
    } catch (const Failure& failure) {
        throw Failure(opened.path + ": " + failure.what());
    }
}

Weights map_weights(const milepost::Reader& file) {
    Weights weights;
    for (std::size_t i = 0; i < kParameterCount; ++i) {
        const ParameterInfo& parameter = kParameters[i];
        const milepost::TensorView tensor = or_fail(file.tensor("model", parameter.name));
        const std::string name = "model/" + std::string(parameter.name);
        if (tensor.shape() != parameter.shape()) throw Failure(name + ": not the shape that LeNet has");
        weights[i] = or_fail(tensor.as<float>(), name);  // a view: the bytes are checked, none is copied
    }
    return weights;
}

milepost::ModelTarget targets_of(Buffer& weights) {
    milepost::ModelTarget model;
    for (const ParameterInfo& parameter : kParameters)
        model.tensor(std::string(parameter.name), part(weights, parameter), parameter.shape());
    return model;
}

}  // namespace lenet
