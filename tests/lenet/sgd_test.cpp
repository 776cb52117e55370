#include "sgd.hpp"

#include <array>
#include <cmath>
#include <random>
#include <span>

#include <doctest/doctest.h>

// Parameters and momentum buffers of PyTorch on a CPU that fuses: p = [1, 2], g = [1, -1], three steps.

namespace {

using Pair = std::array<float, 2>;

struct SgdOutcome {
    Pair parameters = {1, 2};
    Pair momentum_buffer = {7, 7};  // whatever it holds, the first step replaces it
};

SgdOutcome three_steps(const lenet::SgdOptions& options) {
    const Pair gradient = {1, -1};
    SgdOutcome outcome;
    for (int step = 0; step < 3; ++step) {
        lenet::sgd_step(options, step == 0, outcome.parameters, gradient, outcome.momentum_buffer);
    }
    return outcome;
}

}  // namespace

TEST_CASE("sgd: dampening and weight decay") {
    const SgdOutcome outcome =
        three_steps({.lr = 0.1, .momentum = 0.9, .dampening = 0.5, .weight_decay = 0.01});
    CHECK(outcome.parameters == Pair{0.5800571441650391F, 2.4074692726135254F});
    CHECK(outcome.momentum_buffer == Pair{1.7759337425231934F, -1.723183274269104F});
}

TEST_CASE("sgd: nesterov") {
    const SgdOutcome outcome = three_steps({.lr = 0.1, .momentum = 0.9, .nesterov = true});
    CHECK(outcome.parameters == Pair{0.19509997963905334F, 2.8048999309539795F});
    CHECK(outcome.momentum_buffer == Pair{2.7100000381469727F, -2.7100000381469727F});
}

TEST_CASE("sgd: momentum") {
    const SgdOutcome outcome = three_steps({.lr = 0.001, .momentum = 0.9});
    CHECK(outcome.parameters == Pair{0.9943900108337402F, 2.0056099891662598F});
    CHECK(outcome.momentum_buffer == Pair{2.7100000381469727F, -2.7100000381469727F});
}

TEST_CASE("sgd: maximize") {
    const SgdOutcome outcome = three_steps({.lr = 0.1, .momentum = 0.9, .maximize = true});
    CHECK(outcome.parameters == Pair{1.561000108718872F, 1.438999891281128F});
    CHECK(outcome.momentum_buffer == Pair{-2.7100000381469727F, 2.7100000381469727F});
}

TEST_CASE("sgd: without momentum needs no buffer") {
    Pair parameters = {1, 2};
    lenet::sgd_step({.lr = 0.5}, true, parameters, Pair{1, -1}, {});
    CHECK(parameters == Pair{0.5F, 2.5F});
}

TEST_CASE("sgd: each sum with a product is rounded once") {
    std::mt19937 draw(1);  // NOLINT(bugprone-random-generator-seed)
    const auto any = [&] { return static_cast<float>(draw()) * 0x1p-31F - 1.0F; };
    for (int i = 0; i < 1000; ++i) {
        const float p = any();
        const float g = any();
        const float old_buffer = any();
        const float decayed = std::fma(0.01F, p, g);
        const float buffer = std::fma(static_cast<float>(1 - 0.3), decayed, 0.9F * old_buffer);
        const float update = std::fma(0.9F, buffer, decayed);
        std::array<float, 1> parameter = {p};
        std::array<float, 1> momentum_buffer = {old_buffer};
        lenet::sgd_step(
            {.lr = 0.1, .momentum = 0.9, .dampening = 0.3, .weight_decay = 0.01, .nesterov = true}, false,
            parameter, std::array{g}, momentum_buffer);
        REQUIRE(momentum_buffer[0] == buffer);
        REQUIRE(parameter[0] == std::fma(-0.1F, update, p));
    }
}

namespace {

/// SGD where a product and a sum are rounded each: PyTorch's way on CPUs that do not fuse
/// (ATEN_CPU_CAPABILITY=default). LeNet always fuses; this shows in which bits the two differ.
SgdOutcome three_steps_rounded_twice(const lenet::SgdOptions& options) {
    const auto lr = static_cast<float>(-options.lr);
    const auto momentum = static_cast<float>(options.momentum);
    const auto undamped = static_cast<float>(1 - options.dampening);
    const auto weight_decay = static_cast<float>(options.weight_decay);
    const Pair gradient = {1, -1};
    SgdOutcome outcome;
    for (int step = 0; step < 3; ++step) {
        for (std::size_t i = 0; i < 2; ++i) {
            float g = options.maximize ? -gradient[i] : gradient[i];
            g = g + weight_decay * outcome.parameters[i];
            float& buffer = outcome.momentum_buffer[i];
            buffer = step == 0 ? g : momentum * buffer + undamped * g;
            g = options.nesterov ? g + momentum * buffer : buffer;
            outcome.parameters[i] = outcome.parameters[i] + lr * g;
        }
    }
    return outcome;
}

}  // namespace

TEST_CASE("sgd: what PyTorch gives on a CPU that does not fuse") {
    const SgdOutcome damped =
        three_steps_rounded_twice({.lr = 0.1, .momentum = 0.9, .dampening = 0.5, .weight_decay = 0.01});
    CHECK(damped.parameters == Pair{0.5800571441650391F, 2.4074692726135254F});
    const SgdOutcome nesterov = three_steps_rounded_twice({.lr = 0.1, .momentum = 0.9, .nesterov = true});
    CHECK(nesterov.parameters == Pair{0.19510003924369812F, 2.8048999309539795F});
    const SgdOutcome plain = three_steps_rounded_twice({.lr = 0.001, .momentum = 0.9});
    CHECK(plain.parameters == Pair{0.9943900108337402F, 2.0056099891662598F});
    const SgdOutcome maximized = three_steps_rounded_twice({.lr = 0.1, .momentum = 0.9, .maximize = true});
    CHECK(maximized.parameters == Pair{1.5609999895095825F, 1.4390000104904175F});
}
