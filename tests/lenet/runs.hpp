#pragma once

#include <functional>
#include <string>

#include "checkpoint.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "says.hpp"

inline lenet::Run new_run(const lenet::OptimizerSettings& settings = {}) {
    lenet::Generator generator(0);
    lenet::Buffer weights = lenet::initial_weights(generator);
    return {.weights = std::move(weights),
            .optimizer = lenet::new_optimizer(settings),
            .scheduler = {},
            .generator = generator,
            .order = {}};
}

/// A run in the middle of its second epoch.
inline lenet::Run busy_run(const lenet::OptimizerSettings& settings = {}) {
    lenet::Run run = new_run(settings);
    const lenet::Buffer gradient = run.weights * 0.5F;
    lenet::optimizer_step(run.optimizer, run.weights, gradient);
    run.order.begin_epoch(10, run.generator);
    run.order.next_batch(6);
    run.order.shuffle = false;
    run.batch = 6;
    run.epoch = 1;
    run.step = 3;
    run.loss = 0.1;
    return run;
}

/// Saves a busy run, changes the checkpoint, and returns the message of loading it.
inline std::string message(const std::function<void(milepost::Checkpoint&)>& change,
                           const lenet::OptimizerSettings& settings = {}) {
    const Folder folder;
    const std::string good = folder.file("good.milepost");
    const std::string changed = folder.file("changed.milepost");
    lenet::save_run(good, busy_run(settings));
    const milepost::Reader file = lenet::or_fail(milepost::Reader::open(good));
    milepost::Checkpoint checkpoint = *file.checkpoint();
    change(checkpoint);
    lenet::or_fail(milepost::save(changed, checkpoint));
    const std::string failure = failure_of([&] { lenet::load_run(changed); });
    return failure.empty() ? "loaded" : failure;
}
