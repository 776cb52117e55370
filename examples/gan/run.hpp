#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include <milepost/reader.hpp>

#include "adam.hpp"
#include "network.hpp"

namespace gan {

/// A GAN in training: two models, two optimizers, one random generator. The generator learns to draw from a
/// normal distribution with mean kMean and deviation kDeviation; the discriminator to tell its draws from
/// real ones.
struct Run {
    static constexpr double kMean = 4;
    static constexpr double kDeviation = 1.25;
    static constexpr int kStepsPerEpoch = 100;
    static constexpr std::size_t kBatch = 64;

    Network generator;
    Network discriminator;
    Adam generator_optimizer{generator};
    Adam discriminator_optimizer{discriminator};
    std::mt19937 random;
    std::int64_t epoch = 0;
    /// Of each epoch, the mean.
    std::vector<double> generator_losses;
    std::vector<double> discriminator_losses;
    /// The file that the run was loaded from, if any: hyperparameters may hold tensors that borrow from it.
    std::shared_ptr<const milepost::Reader> source;
};

/// A run with fresh weights.
Run new_run(std::uint32_t seed);

/// Trains for one epoch.
void train_epoch(Run& run);

/// Numbers that the generator draws.
Floats draw(Network& generator, std::mt19937& random, std::size_t count);

}  // namespace gan
