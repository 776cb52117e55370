#include "checkpoint.hpp"

#include <algorithm>

#include "failure.hpp"

namespace lenet {
namespace {

milepost::Shape shape_of(const ParameterInfo& parameter) {
    return {parameter.shape().begin(), parameter.shape().end()};
}

// To Milepost. Nothing is copied: the checkpoint views the run's own memory.

milepost::Value metadata() {
    milepost::Dict version;
    version.items.emplace_back("version", 1);
    milepost::Dict modules;
    modules.flavour = milepost::DictFlavour::ordered_dict;
    for (const std::string_view module : kModules)
        modules.items.emplace_back(module, version);
    return modules;
}

milepost::StateDict state_dict(const Buffer& weights) {
    milepost::StateDict net;
    for (const ParameterInfo& parameter : kParameters) {
        const auto tensor = milepost::TensorView::of(part(weights, parameter), shape_of(parameter));
        net[parameter.name] = tensor.with_role(milepost::Role::parameter);
    }
    net.metadata = metadata();
    return net;
}

milepost::OptimizerState state_dict(const milepost::ParamGroup& group, const Buffer& momentum) {
    milepost::OptimizerState sgd;
    sgd.algorithm = "SGD";
    sgd.param_groups.push_back(group);
    if (momentum.size() == 0) return sgd;
    for (std::size_t i = 0; i < kParameterCount; ++i) {
        const ParameterInfo& parameter = kParameters[i];
        sgd.state[i]["momentum_buffer"] =
            milepost::TensorView::of(part(momentum, parameter), shape_of(parameter));
    }
    return sgd;
}

// From Milepost. Every type and shape is checked before it is used.

/// The elements of a tensor, borrowed from its file.
std::span<const float> elements(const milepost::TensorView& tensor, const ParameterInfo& parameter,
                                const std::string& path) {
    if (tensor.shape() != shape_of(parameter)) throw Failure(path + ": not the shape that LeNet has");
    return or_fail(tensor.as<float>(), path);
}

Buffer load_weights(const milepost::Reader& file) {
    Buffer weights(static_cast<Eigen::Index>(kWeightCount));
    const Weights mapped = map_weights(file);
    for (std::size_t i = 0; i < kParameterCount; ++i) {
        std::copy(mapped[i].begin(), mapped[i].end(), part(weights, kParameters[i]).begin());
    }
    return weights;
}

/// The momentum buffers, of all parameters or of none.
Buffer load_momentum(const milepost::OptimizerState& sgd) {
    if (sgd.state.empty()) return {};
    Buffer momentum(static_cast<Eigen::Index>(kWeightCount));
    for (std::size_t i = 0; i < kParameterCount; ++i) {
        const std::string path = "optimizer/state/" + std::to_string(i) + "/momentum_buffer";
        const auto state = sgd.state.find(i);
        const milepost::Value* value =
            state == sgd.state.end() ? nullptr : state->second.find("momentum_buffer");
        const auto* tensor = value == nullptr ? nullptr : value->get_if<milepost::TensorView>();
        if (tensor == nullptr) throw Failure(path + ": expected a tensor, found none");
        const std::span<const float> from = elements(*tensor, kParameters[i], path);
        std::copy(from.begin(), from.end(), part(momentum, kParameters[i]).begin());
    }
    return momentum;
}

milepost::ParamGroup load_param_group(const milepost::OptimizerState& sgd) {
    if (sgd.param_groups.size() != 1) {
        throw Failure("optimizer: expected 1 param group, found " + std::to_string(sgd.param_groups.size()));
    }
    milepost::ParamGroup group = sgd.param_groups.front();
    if (group.params != sgd_param_group(0, 0).params)
        throw Failure("optimizer: expected params 0 to 9 in order");
    sgd_options(group);  // fails if SGD could not use it
    return group;
}

/// A top-level value that is an int of at least `least`.
std::int64_t load_int(const milepost::Reader& file, const std::string& name, std::int64_t least) {
    const std::int64_t number = or_fail(or_fail(file.value(name)).as_int(), name);
    if (number < least) {
        throw Failure(name + ": expected at least " + std::to_string(least) + ", found " +
                      std::to_string(number));
    }
    return number;
}

Generator load_generator(const milepost::Reader& file) {
    const milepost::TensorView state = or_fail(file.tensor("rng_state"));
    return Generator::decode(std::as_bytes(or_fail(state.as<std::uint8_t>(), "rng_state")));
}

DataOrder load_order(const milepost::Reader& file) {
    const milepost::TensorView tensor = or_fail(file.tensor("data_order"));
    const std::span<const std::int64_t> images = or_fail(tensor.as<std::int64_t>(), "data_order");
    DataOrder order;
    order.images.assign(images.begin(), images.end());
    order.position = static_cast<std::size_t>(load_int(file, "data_position", 0));
    order.shuffle = or_fail(or_fail(file.value("shuffle")).as_bool(), "shuffle");
    if (!order.valid()) throw Failure("data_order: expected each image once, and data_position among them");
    return order;
}

}  // namespace

void save_run(const std::string& path, const Run& run) {
    const Generator::State rng_state = run.generator.encode();
    const auto* rng_bytes = reinterpret_cast<const std::uint8_t*>(rng_state.data());
    milepost::Checkpoint checkpoint;
    checkpoint.model("model") = state_dict(run.weights);
    checkpoint.optimizer("optimizer") = state_dict(run.param_group, run.momentum);
    milepost::Entries& values = checkpoint.values();
    values["epoch"] = run.epoch;
    values["step"] = run.step;
    values["loss"] = run.loss;
    values["batch"] = run.batch;
    values["shuffle"] = run.order.shuffle;
    values["rng_state"] =
        milepost::TensorView::of(std::span(rng_bytes, rng_state.size()), {rng_state.size()});
    values["data_order"] =
        milepost::TensorView::of(std::span<const std::int64_t>(run.order.images), {run.order.images.size()});
    values["data_position"] = run.order.position;
    or_fail(milepost::save(path, checkpoint), path);
}

Run load_run(const std::string& path) {
    const milepost::Reader file = or_fail(milepost::Reader::open(path), path);
    try {
        const milepost::OptimizerState sgd = or_fail(file.optimizer("optimizer"));
        Run run{.weights = load_weights(file),
                .param_group = load_param_group(sgd),
                .momentum = load_momentum(sgd),
                .generator = load_generator(file),
                .order = load_order(file)};
        run.batch = static_cast<std::size_t>(load_int(file, "batch", 1));
        run.epoch = load_int(file, "epoch", 0);
        run.step = load_int(file, "step", 0);
        run.loss = or_fail(or_fail(file.value("loss")).as_double(), "loss");
        return run;
    } catch (const Failure& failure) {
        throw Failure(path + ": " + failure.what());
    }
}

Weights map_weights(const milepost::Reader& file) {
    Weights weights;
    for (std::size_t i = 0; i < kParameterCount; ++i) {
        const ParameterInfo& parameter = kParameters[i];
        const milepost::TensorView tensor = or_fail(file.tensor("model", parameter.name));
        weights[i] = elements(tensor, parameter, "model/" + std::string(parameter.name));
    }
    return weights;
}

}  // namespace lenet
