#include "run.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include "network.hpp"

namespace gan {
namespace {

// The standard library's distributions differ from one to the next; these do not.

float uniform(std::mt19937& random, float low, float high) {
    return low + (high - low) * (static_cast<float>(random() >> 8U) * 0x1p-24F);
}

/// Nearly normal: a sum of twelve has mean 6 and deviation 1.
float normal(std::mt19937& random) {
    float sum = -6;
    for (int i = 0; i < 12; ++i)
        sum += uniform(random, 0, 1);
    return sum;
}

void fill_weights(Network& network, std::mt19937& random) {
    for (Parameter& parameter : network.parameters()) {
        const float bound = parameter.name.starts_with("0") ? 1.0F : 0.25F;  // 1 / sqrt(inputs)
        for (float& element : parameter.elements)
            element = uniform(random, -bound, bound);
    }
}

Floats noise(std::mt19937& random, std::size_t count) {
    Floats numbers(count);
    for (float& number : numbers)
        number = uniform(random, -1, 1);
    return numbers;
}

Floats real(std::mt19937& random, std::size_t count) {
    Floats numbers(count);
    for (float& number : numbers)
        number = static_cast<float>(Run::kMean) + static_cast<float>(Run::kDeviation) * normal(random);
    return numbers;
}

/// The mean binary cross-entropy of logits that should all be `label`; its gradients replace the logits.
double loss_and_gradients(Floats& logits, double label) {
    double sum = 0;
    const auto count = static_cast<double>(logits.size());
    for (float& logit : logits) {
        const auto x = static_cast<double>(logit);
        sum += std::fmax(x, 0) - x * label + std::log1p(std::exp(-std::fabs(x)));
        logit = static_cast<float>((1 / (1 + std::exp(-x)) - label) / count);
    }
    return sum / count;
}

double discriminator_step(Run& run) {
    run.discriminator.zero_grad();
    Floats logits = run.discriminator.forward(real(run.random, Run::kBatch));
    double loss = loss_and_gradients(logits, 1);
    run.discriminator.backward(logits);
    logits = run.discriminator.forward(draw(run.generator, run.random, Run::kBatch));
    loss += loss_and_gradients(logits, 0);
    run.discriminator.backward(logits);
    run.discriminator_optimizer.step(run.discriminator);
    return loss;
}

double generator_step(Run& run) {
    run.generator.zero_grad();
    Floats logits = run.discriminator.forward(draw(run.generator, run.random, Run::kBatch));
    const double loss = loss_and_gradients(logits, 1);
    run.generator.backward(run.discriminator.backward(logits));
    run.generator_optimizer.step(run.generator);
    return loss;
}

}  // namespace

Run new_run(std::uint32_t seed) {
    Run run;
    run.random.seed(seed);
    fill_weights(run.generator, run.random);
    fill_weights(run.discriminator, run.random);
    return run;
}

void train_epoch(Run& run) {
    double of_discriminator = 0;
    double of_generator = 0;
    for (int step = 0; step < Run::kStepsPerEpoch; ++step) {
        of_discriminator += discriminator_step(run);
        of_generator += generator_step(run);
    }
    run.discriminator_losses.push_back(of_discriminator / Run::kStepsPerEpoch);
    run.generator_losses.push_back(of_generator / Run::kStepsPerEpoch);
    ++run.epoch;
}

Floats draw(Network& generator, std::mt19937& random, std::size_t count) {
    return generator.forward(noise(random, count));
}

}  // namespace gan
