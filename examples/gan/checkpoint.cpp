/// How several models and optimizers live in one file. Each part has a name of its own, and each can be
/// loaded without the others.

#include "checkpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <sstream>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "adam.hpp"
#include "network.hpp"
#include "run.hpp"

namespace gan {
namespace {

using milepost::Result;

// To Milepost: views of the run's own memory. Nothing is copied before it is written.

milepost::StateDict state_dict(const Network& network) {
    milepost::StateDict entries;
    for (const Parameter& parameter : network.parameters()) {
        const auto tensor = milepost::TensorView::of(std::span(parameter.elements), parameter.shape);
        entries[parameter.name] = tensor.with_role(milepost::Role::parameter);
    }
    return entries;
}

milepost::OptimizerState state_dict(const Adam& adam, const Network& network) {
    milepost::OptimizerState saved;
    saved.algorithm = "Adam";
    milepost::ParamGroup& group = saved.param_groups.emplace_back();
    group.hyperparameters = adam.hyperparameters;
    group.param_names.emplace();
    for (std::size_t i = 0; i < adam.state.size(); ++i) {
        const Parameter& parameter = network.parameters()[i];
        const Adam::State& state = adam.state[i];
        group.params.push_back(i);
        group.param_names->emplace_back(parameter.name);
        milepost::Entries& entries = saved.state[i];
        entries["step"] = milepost::TensorView::of(std::span(&state.step, 1), {});
        entries["exp_avg"] = milepost::TensorView::of(std::span(state.exp_avg), parameter.shape);
        entries["exp_avg_sq"] = milepost::TensorView::of(std::span(state.exp_avg_sq), parameter.shape);
    }
    return saved;
}

milepost::List list_of(const std::vector<double>& numbers) {
    return {{numbers.begin(), numbers.end()}};
}

// From Milepost: the live tensors under their names. load_into() fills them if all names, shapes, dtypes and
// checksums fit, else it changes none of them and names what did not fit.

milepost::ModelTarget target_of(Network& network) {
    milepost::ModelTarget target;
    for (Parameter& parameter : network.parameters())
        target.tensor(std::string(parameter.name), parameter.elements, parameter.shape);
    return target;
}

milepost::OptimizerTarget target_of(Adam& adam, const Network& network) {
    milepost::OptimizerTarget target;
    milepost::GroupTarget& group = target.group(adam.hyperparameters);
    for (std::size_t i = 0; i < adam.state.size(); ++i) {
        const Parameter& parameter = network.parameters()[i];
        Adam::State& state = adam.state[i];
        group.param(std::string(parameter.name), parameter.shape)
            .state("step", state.step)
            .state("exp_avg", state.exp_avg)
            .state("exp_avg_sq", state.exp_avg_sq);
    }
    return target;
}

/// A model and its optimizer.
Result<void> load_part(const milepost::Reader& file, const std::string& name, Network& network, Adam& adam) {
    const auto model = milepost::load_into(file, name, target_of(network));
    if (!model) return model.error();
    const auto optimizer = milepost::load_into(file, name + "_optimizer", target_of(adam, network));
    if (!optimizer) return optimizer.error();
    return {};
}

/// The first error of several parts, or none.
template <class Part, class... Parts>
Result<void> first_error(const Part& part, const Parts&... parts) {
    if (!part) return part.error();
    if constexpr (sizeof...(parts) == 0) {
        return {};
    } else {
        return first_error(parts...);
    }
}

Result<std::vector<double>> load_losses(const milepost::Reader& file, const std::string& path,
                                        std::int64_t epochs) {
    auto losses = file.get<std::vector<double>>(path);
    if (!losses || static_cast<std::int64_t>(losses->size()) == epochs) return losses;
    return milepost::Error(milepost::Condition::wrong_type, path + ": expected a number for each epoch");
}

Result<void> load_values(const milepost::Reader& file, Run& run) {
    const auto epoch = file.get<std::int64_t>("epoch");
    const auto rng_state = file.get<std::string>("rng_state");
    MILEPOST_TRY(first_error(epoch, rng_state));
    auto generator_losses = load_losses(file, "losses/generator", *epoch);
    auto discriminator_losses = load_losses(file, "losses/discriminator", *epoch);
    MILEPOST_TRY(first_error(generator_losses, discriminator_losses));
    std::istringstream text{*rng_state};
    text >> run.random;
    if (text.fail())
        return milepost::Error(milepost::Condition::wrong_type, "rng_state: not of std::mt19937");
    run.epoch = *epoch;
    run.generator_losses = *std::move(generator_losses);
    run.discriminator_losses = *std::move(discriminator_losses);
    return {};
}

}  // namespace

Result<void> save_run(const std::string& path, const Run& run) {
    milepost::Checkpoint checkpoint;
    checkpoint.model("generator") = state_dict(run.generator);
    checkpoint.model("discriminator") = state_dict(run.discriminator);
    checkpoint.optimizer("generator_optimizer") = state_dict(run.generator_optimizer, run.generator);
    checkpoint.optimizer("discriminator_optimizer") =
        state_dict(run.discriminator_optimizer, run.discriminator);

    milepost::Entries& values = checkpoint.values();
    values["epoch"] = run.epoch;
    milepost::Dict losses;
    losses.items.emplace_back("generator", list_of(run.generator_losses));
    losses.items.emplace_back("discriminator", list_of(run.discriminator_losses));
    values["losses"] = std::move(losses);
    std::ostringstream rng_state;
    rng_state << run.random;
    values["rng_state"] = rng_state.str();
    return milepost::save(path, checkpoint);
}

Result<Run> load_run(const std::string& path) {
    MILEPOST_TRY_ASSIGN(auto opened, milepost::Reader::open(path));
    Run run;
    run.source = std::make_shared<const milepost::Reader>(std::move(opened));
    const milepost::Reader& file = *run.source;
    if (auto loaded = load_part(file, "generator", run.generator, run.generator_optimizer); !loaded)
        return loaded.error().within(path);
    if (auto loaded = load_part(file, "discriminator", run.discriminator, run.discriminator_optimizer);
        !loaded)
        return loaded.error().within(path);
    if (auto loaded = load_values(file, run); !loaded) return loaded.error().within(path);
    if (!run.generator_optimizer.is_sound() || !run.discriminator_optimizer.is_sound()) {
        return milepost::Error(milepost::Condition::wrong_type,
                               path + ": lr, betas, eps or step of an optimizer cannot be used");
    }
    return run;
}

Result<Network> load_generator(const std::string& path) {
    const auto file = milepost::Reader::open(path);
    if (!file) return file.error();
    Network generator;
    const auto loaded = milepost::load_into(*file, "generator", target_of(generator));
    if (!loaded) return loaded.error().within(path);
    return generator;
}

}  // namespace gan
