/// A small GAN: two models and two optimizers in one Milepost file. It needs no data, and trains in a second.
///
///     gan train --epochs 30 --save gan.milepost
///     gan train --epochs 30 --resume gan.milepost --save gan.milepost
///     gan sample gan.milepost
///
/// To learn how several models share a file read checkpoint.cpp.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <random>
#include <string>

#include <CLI/CLI.hpp>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "checkpoint.hpp"
#include "network.hpp"
#include "run.hpp"

namespace {

struct TrainOptions {
    std::int64_t epochs = 30;
    std::uint32_t seed = 0;
    std::string save;
    std::string resume;
};

int fail(const milepost::Error& error) {
    std::cerr << "gan: " << error.to_string() << '\n';
    return 2;
}

int train(const TrainOptions& options) {
    auto run = options.resume.empty() ? milepost::Result<gan::Run>(gan::new_run(options.seed))
                                      : gan::load_run(options.resume);
    if (!run) return fail(run.error());
    for (std::int64_t i = 0; i < options.epochs; ++i)
        gan::train_epoch(*run);
    if (!options.save.empty()) {
        if (auto saved = gan::save_run(options.save, *run); !saved) return fail(saved.error());
    }
    std::printf("epoch %lld", static_cast<long long>(run->epoch));
    if (run->epoch > 0) {
        std::printf(": generator loss %.6f, discriminator loss %.6f", run->generator_losses.back(),
                    run->discriminator_losses.back());
    }
    std::printf("\n");
    return 0;
}

int sample(const std::string& path) {
    auto generator = gan::load_generator(path);
    if (!generator) return fail(generator.error());
    std::mt19937 random;  // NOLINT(bugprone-random-generator-seed): the same draws each time
    const gan::Floats draws = gan::draw(*generator, random, 10'000);
    double sum = 0;
    double squares = 0;
    for (const float draw : draws) {
        sum += static_cast<double>(draw);
        squares += static_cast<double>(draw) * static_cast<double>(draw);
    }
    const auto count = static_cast<double>(draws.size());
    const double mean = sum / count;
    std::printf("mean %.4f, deviation %.4f; to be learnt: %.4f, %.4f\n", mean,
                std::sqrt(squares / count - mean * mean), gan::Run::kMean, gan::Run::kDeviation);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("A small GAN: two models and two optimizers in one Milepost file");
    app.require_subcommand(1);
    TrainOptions options;
    std::string file;
    CLI::App* train_command = app.add_subcommand("train", "train a GAN, or go on with a saved run");
    train_command->add_option("--epochs", options.epochs, "train for this many epochs (more); default 30")
        ->check(CLI::NonNegativeNumber);
    auto* seed = train_command->add_option("--seed", options.seed, "of weights and draws; default 0");
    train_command->add_option("--save", options.save, "save the run to this file at the end");
    train_command->add_option("--resume", options.resume, "go on with the run in this file")->excludes(seed);
    CLI::App* sample_command = app.add_subcommand("sample", "draw from the generator of a file");
    sample_command->add_option("file", file, "a checkpoint")->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const int status = train_command->parsed() ? train(options) : sample(file);
    if (std::fflush(stdout) == 0) return status;
    std::cerr << "gan: cannot write the result\n";
    return 2;
}
