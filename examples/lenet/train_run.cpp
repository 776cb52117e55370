#include "train_run.hpp"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "checkpoint.hpp"
#include "commands.hpp"
#include "dataset.hpp"
#include "failure.hpp"
#include "layers.hpp"
#include "network.hpp"
#include "optimizer.hpp"
#include "progress.hpp"
#include "random.hpp"
#include "trainer.hpp"

namespace lenet {
namespace {

/// One step: the gradient of the next batch, then the optimizer; at the end of an epoch the scheduler.
void train_step(Run& run, const Images& images, Trainer& trainer) {
    if (run.order.epoch_done()) run.order.begin_epoch(images.count(), run.generator);
    Buffer gradient;
    const Weights weights = weights_of(run.weights);
    run.loss = trainer.loss_and_gradient(weights, images, run.order.next_batch(run.batch), gradient);
    optimizer_step(run.optimizer, run.weights, gradient);
    ++run.step;
    if (!run.order.epoch_done()) return;
    ++run.epoch;
    if (run.scheduler) run.scheduler->step(run.optimizer.groups);
}

std::int64_t steps_of(const TrainOptions& options, std::size_t images, std::size_t batch) {
    const std::size_t partial_batch = images % batch == 0 ? 0 : 1;
    const auto steps_per_epoch = static_cast<std::int64_t>(images / batch + partial_batch);
    return options.steps.value_or(options.epochs.value_or(1) * steps_per_epoch);
}

}  // namespace

TrainOptions with_defaults(TrainOptions options) {
    if (!uses_slice(options.data, options.slice)) return options;
    if (!options.epochs) options.epochs = 30;
    if (!options.resume.empty()) return options;  // the rest is as it was saved
    if (!options.batch) options.batch = 16;
    const bool sgd = options.optimizer.algorithm.value_or("SGD") == "SGD";
    if (sgd && !options.optimizer.lr) options.optimizer.lr = 0.01;
    return options;
}

Run new_run(const TrainOptions& options) {
    Generator generator(options.seed);
    Buffer weights = initial_weights(generator);
    Run run{.weights = std::move(weights),
            .optimizer = new_optimizer(options.optimizer),
            .scheduler = {},
            .generator = generator,
            .order = {.images = {}, .position = 0, .shuffle = options.shuffle}};
    if (options.step_lr) run.scheduler.emplace(*options.step_lr, run.optimizer.groups);
    return run;
}

void train_run(Run run, const TrainOptions& options) {
    run.batch = options.batch.value_or(run.batch);
    const Images images = (options.slice ? load_own_slice() : load_dataset(options.data)).train;
    if (!run.order.images.empty() && run.order.images.size() != images.count()) {
        throw Failure(options.resume + ": trained on " + std::to_string(run.order.images.size()) +
                      " images; this dataset has " + std::to_string(images.count()));
    }
    const std::int64_t steps = steps_of(options, images.count(), run.batch);
    if (uses_slice(options.data, options.slice)) {
        std::printf("training on a slice of Fashion-MNIST: %zu images, %zu a batch, %lld steps\n",
                    images.count(), run.batch, static_cast<long long>(steps));
        std::fflush(stdout);  // training may take a while
    }
    Trainer trainer(options.threads);
    std::optional<RunSaver> saver;
    if (!options.save.empty()) saver.emplace(options.save, options.keep);
    Progress progress(steps);
    for (std::int64_t done = 1; done <= steps; ++done) {
        train_step(run, images, trainer);
        progress.show(done, run.loss);
        const bool save_now = options.save_every > 0 && done % options.save_every == 0 && done < steps;
        if (save_now) saver->begin(run);
    }
    progress.clear();
    if (saver) {
        saver->begin(run);
        saver->finish();
    }
    std::printf("step %lld, epoch %lld: loss %.9f\n", static_cast<long long>(run.step),
                static_cast<long long>(run.epoch), run.loss);
}

}  // namespace lenet
