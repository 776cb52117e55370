#include <cstdio>
#include <span>
#include <utility>

#include "checkpoint.hpp"
#include "commands.hpp"
#include "dataset.hpp"
#include "failure.hpp"
#include "progress.hpp"
#include "trainer.hpp"

namespace lenet {
namespace {

/// A run that has not begun: what `torch.manual_seed(seed)` and the recipe's first lines make.
Run new_run(const TrainOptions& options) {
    Generator generator(options.seed);
    Buffer weights = initial_weights(generator);
    return {.weights = std::move(weights),
            .param_group = sgd_param_group(options.lr.value_or(0.001), options.momentum.value_or(0.9)),
            .momentum = {},
            .generator = generator,
            .order = {.images = {}, .position = 0, .shuffle = options.shuffle}};
}

/// A run as it was saved, with the settings that the user changes.
Run resumed_run(const TrainOptions& options) {
    Run run = load_run(options.resume);
    if (options.lr) run.param_group.hyperparameters["lr"] = *options.lr;
    if (options.momentum) run.param_group.hyperparameters["momentum"] = *options.momentum;
    return run;
}

std::span<float> elements(Buffer& buffer) {
    return {buffer.data(), static_cast<std::size_t>(buffer.size())};
}

/// One step: the gradient of the next batch, then SGD.
void train_step(Run& run, const SgdOptions& sgd, const Images& images, Trainer& trainer) {
    if (run.order.epoch_done()) run.order.begin_epoch(images.count(), run.generator);
    Buffer gradient;
    const Weights weights = weights_of(run.weights);
    run.loss = trainer.loss_and_gradient(weights, images, run.order.next_batch(run.batch), gradient);
    const bool first_step = run.momentum.size() == 0;
    if (first_step && sgd.momentum != 0) run.momentum.setZero(run.weights.size());
    sgd_step(sgd, first_step, elements(run.weights), elements(gradient), elements(run.momentum));
    ++run.step;
    if (run.order.epoch_done()) ++run.epoch;
}

}  // namespace

void train(const TrainOptions& options) {
    Run run = options.resume.empty() ? new_run(options) : resumed_run(options);
    run.batch = options.batch.value_or(run.batch);
    const Images images = load_dataset(options.data).train;
    if (!run.order.images.empty() && run.order.images.size() != images.count()) {
        throw Failure(options.resume + ": trained on " + std::to_string(run.order.images.size()) +
                      " images; this dataset has " + std::to_string(images.count()));
    }
    const std::size_t partial_batch = images.count() % run.batch == 0 ? 0 : 1;
    const auto steps_per_epoch = static_cast<std::int64_t>(images.count() / run.batch + partial_batch);
    const std::int64_t steps = options.steps.value_or(options.epochs * steps_per_epoch);
    const SgdOptions sgd = sgd_options(run.param_group);
    Trainer trainer(options.threads);
    Progress progress(steps);
    for (std::int64_t done = 1; done <= steps; ++done) {
        train_step(run, sgd, images, trainer);
        progress.show(done, run.loss);
        const bool save_now = options.save_every > 0 && done % options.save_every == 0 && done < steps;
        if (save_now) save_run(options.save, run);
    }
    progress.clear();
    if (!options.save.empty()) save_run(options.save, run);
    std::printf("step %lld, epoch %lld: loss %.9f\n", static_cast<long long>(run.step),
                static_cast<long long>(run.epoch), run.loss);
}

}  // namespace lenet
