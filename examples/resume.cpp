/// A training run that can be killed at any time and then goes on as if nothing had happened: a linear model,
/// SGD with momentum, a checkpoint every ten steps. Whatever the interruptions, the last file has the same
/// bytes.
///
///     resume FILE STEPS     begins a run, or goes on with the one in FILE, until STEPS steps are done

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <milepost/milepost.hpp>

namespace {

constexpr std::size_t kInputs = 4;
constexpr std::int64_t kStepsPerEpoch = 25, kSaveEvery = 10;

/// All that decides how the run goes on. `lr` and `momentum` are in `hyperparameters`, with their types.
struct Run {
    std::vector<float> weight = std::vector<float>(kInputs);
    std::vector<float> momentum_buffer = std::vector<float>(kInputs);
    milepost::Entries hyperparameters;
    std::uint64_t rng_state = 42;
    std::int64_t step = 0;
    std::int64_t epoch = 0;
    double loss = 0;
};

milepost::Result<void> save_run(const std::string& path, const Run& run) {
    milepost::Checkpoint checkpoint;
    checkpoint.model("model")["weight"] = milepost::TensorView::of(std::span(run.weight), {1, kInputs});
    milepost::OptimizerState& sgd = checkpoint.optimizer("optimizer");
    milepost::ParamGroup& group = sgd.param_groups.emplace_back();
    group.hyperparameters = run.hyperparameters;
    group.params = {0};
    group.param_names = {"weight"};
    sgd.state[0]["momentum_buffer"] = milepost::TensorView::of(std::span(run.momentum_buffer), {1, kInputs});
    const auto rng_bytes = std::as_bytes(std::span(&run.rng_state, 1));
    checkpoint.values()["rng_state"] = milepost::Bytes{{rng_bytes.begin(), rng_bytes.end()}};
    checkpoint.values()["step"] = run.step;
    checkpoint.values()["epoch"] = run.epoch;
    checkpoint.values()["loss"] = run.loss;
    return milepost::save(path, checkpoint);
}

milepost::Error wrong(const std::string& what) {
    return {milepost::Condition::wrong_type, what};
}

milepost::Result<std::uint64_t> load_rng_state(const milepost::Reader& file) {
    auto saved = file.get<milepost::Bytes>("rng_state");
    if (!saved) return saved.error();
    std::uint64_t state = 0;
    if (saved->bytes.size() != sizeof(state)) return wrong("rng_state: expected 8 bytes");
    std::memcpy(&state, saved->bytes.data(), sizeof(state));
    return state;
}

milepost::Result<void> load_tensors(const milepost::Reader& file, Run& run) {
    milepost::ModelTarget model;
    model.tensor("weight", run.weight, {1, kInputs});
    MILEPOST_TRY(milepost::load_into(file, "model", model));
    milepost::OptimizerTarget sgd;
    milepost::GroupTarget& group = sgd.group(run.hyperparameters);
    group.param("weight", {1, kInputs}).state("momentum_buffer", run.momentum_buffer);
    MILEPOST_TRY(milepost::load_into(file, "optimizer", sgd));
    return {};
}

/// What a file holds is checked before it is used: its types, its sizes and its range.
milepost::Result<Run> load_run(const std::string& path) {
    auto file = milepost::Reader::open(path);
    if (!file) return file.error();
    Run run;
    MILEPOST_TRY(load_tensors(*file, run));
    auto rng_state = load_rng_state(*file);
    if (!rng_state) return rng_state.error();
    auto step = file->get<std::int64_t>("step");
    if (!step) return step.error();
    auto epoch = file->get<std::int64_t>("epoch");
    if (!epoch) return epoch.error();
    auto loss = file->get<double>("loss");
    if (!loss) return loss.error();
    if (*step < 0 || *epoch != *step / kStepsPerEpoch) return wrong("step and epoch: not those of a run");
    run.rng_state = *rng_state, run.step = *step, run.epoch = *epoch, run.loss = *loss;
    return run;
}

milepost::Result<double> hyperparameter(const Run& run, std::string_view name) {
    const milepost::Value* value = run.hyperparameters.find(name);
    if (value == nullptr) return wrong("param group 0 has no " + std::string(name));
    auto number = value->as_number();
    if (!number) return number.error().within(name);
    return number;
}

/// A number in [-1, 1), from an xorshift generator whose whole state is one integer.
float next_random(std::uint64_t& state) {
    state ^= state << 13U, state ^= state >> 7U, state ^= state << 17U;
    return static_cast<float>(state >> 40U) / 8388608.0F - 1.0F;
}

/// One step of SGD on one random sample of y = 1 x0 + 2 x1 + 3 x2 + 4 x3.
void train_step(Run& run, float lr, float momentum) {
    float input[kInputs], error = 0;
    for (std::size_t i = 0; i < kInputs; ++i) {
        input[i] = next_random(run.rng_state);
        error += (run.weight[i] - static_cast<float>(i + 1)) * input[i];
    }
    for (std::size_t i = 0; i < kInputs; ++i) {
        run.momentum_buffer[i] = momentum * run.momentum_buffer[i] + 2 * error * input[i];
        run.weight[i] -= lr * run.momentum_buffer[i];
    }
    run.loss = static_cast<double>(error * error);
    run.epoch = ++run.step / kStepsPerEpoch;
}

milepost::Result<Run> begin_or_resume(const std::string& path) {
    auto run = load_run(path);
    // Only where there is no file. A file that is damaged, or that has something else in it, is never
    // overwritten.
    if (run || run.error().condition() != milepost::Condition::file) return run;
    Run fresh;
    fresh.hyperparameters["lr"] = 0.05;
    fresh.hyperparameters["momentum"] = 0.5;
    fresh.hyperparameters["nesterov"] = false;
    return fresh;
}

int fail(const std::string& path, const milepost::Error& error) {
    std::fprintf(stderr, "resume: %s\n", error.within(path).to_string().c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view steps = argc == 3 ? argv[2] : "";
    std::int64_t last = -1;
    const auto parsed = std::from_chars(steps.data(), steps.data() + steps.size(), last);
    if (parsed.ec != std::errc() || parsed.ptr != steps.data() + steps.size() || last < 0)
        return std::fputs("usage: resume FILE STEPS\n", stderr), 2;
    const std::string path = argv[1];
    auto run = begin_or_resume(path);
    if (!run) return fail(path, run.error());
    auto lr = hyperparameter(*run, "lr"), momentum = hyperparameter(*run, "momentum");
    if (!lr || !momentum) return fail(path, lr ? momentum.error() : lr.error());
    std::printf("begins after step %lld\n", static_cast<long long>(run->step));
    while (run->step < last) {
        train_step(*run, static_cast<float>(*lr), static_cast<float>(*momentum));
        if (run->step % kSaveEvery != 0 && run->step != last) continue;
        if (auto saved = save_run(path, *run); !saved) return fail(path, saved.error());
    }
    std::printf("step %lld, epoch %lld: loss %.9f\n", static_cast<long long>(run->step),
                static_cast<long long>(run->epoch), run->loss);
    return 0;
}
