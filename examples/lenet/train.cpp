#include <utility>

#include "checkpoint.hpp"
#include "commands.hpp"
#include "failure.hpp"
#include "optimizer.hpp"
#include "train_run.hpp"

namespace lenet {
namespace {

/// A run as it was saved, with the settings that the user changes.
Run resumed_run(const TrainOptions& options) {
    Run run = load_run(options.resume);
    try {
        change_settings(run.optimizer, options.optimizer);
        if (options.step_lr && run.scheduler) run.scheduler->change_settings(*options.step_lr);
        if (options.step_lr && !run.scheduler) run.scheduler.emplace(*options.step_lr, run.optimizer.groups);
    } catch (const Failure& failure) {
        throw Failure(options.resume + ": " + failure.what());
    }
    return run;
}

}  // namespace

void train(const TrainOptions& given) {
    const TrainOptions options = with_defaults(given);
    Run run = options.resume.empty() ? new_run(options) : resumed_run(options);
    train_run(std::move(run), options);
}

}  // namespace lenet
