#include "adam.hpp"

#include <array>
#include <cmath>
#include <vector>

#include <zlib.h>

#include <doctest/doctest.h>

#include "random.hpp"

// Numbers of PyTorch 2.14.1 on a CPU with AVX-512 (those with AVX2 are the same), made with
// torch.optim.Adam and AdamW, foreach=False, f32.

namespace {

using lenet::AdamOptions;
using Floats = std::vector<float>;

struct AdamOutcome {
    Floats parameters;
    Floats exp_avg;
    Floats exp_avg_sq;
    Floats max_exp_avg_sq;

    explicit AdamOutcome(Floats start)
        : parameters(std::move(start)),
          exp_avg(parameters.size()),
          exp_avg_sq(parameters.size()),
          max_exp_avg_sq(parameters.size()) {}

    void step(const AdamOptions& options, double number, const Floats& gradient) {
        lenet::adam_step(options, number, parameters, gradient, {exp_avg, exp_avg_sq, max_exp_avg_sq});
    }
};

/// p = [1, 2]; gradients [1, -1], [0.5, -2], [0.25, 3].
AdamOutcome three_steps(const AdamOptions& options) {
    AdamOutcome outcome({1, 2});
    outcome.step(options, 1, {1, -1});
    outcome.step(options, 2, {0.5F, -2});
    outcome.step(options, 3, {0.25F, 3});
    return outcome;
}

/// PyTorch's square root comes from a library that is off by one unit in the last place now and then, ours is
/// rounded correctly: all else is the same.
bool close(const Floats& found, const Floats& expected) {
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (!(std::abs(found[i] - expected[i]) <= 2.5e-7F)) {
            MESSAGE("found " << found[i] << ", expected " << expected[i]);
            return false;
        }
    }
    return true;
}

std::uint32_t crc(const Floats& values) {
    return static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(values.data()),
                                            static_cast<uInt>(values.size() * sizeof(float))));
}

/// 1003 parameters and the gradients of ten steps, all drawn from torch.manual_seed(0) with
/// uniform_(-1, 1).
AdamOutcome ten_steps(const AdamOptions& options) {
    lenet::Generator generator(0);
    const auto draw = [&] {
        Floats numbers(1003);
        for (float& number : numbers)
            number = generator.draw_uniform(-1, 1);
        return numbers;
    };
    AdamOutcome outcome(draw());
    for (int step = 1; step <= 10; ++step)
        outcome.step(options, step, draw());
    return outcome;
}

}  // namespace

TEST_CASE("adam: defaults") {
    const AdamOutcome outcome = three_steps({.lr = 0.1});
    CHECK(close(outcome.parameters, {0.722511887550354F, 2.1898581981658936F}));
    CHECK(outcome.exp_avg == Floats{0.1510000079870224F, 0.0390000082552433F});
    CHECK(outcome.exp_avg_sq == Floats{0.0013102510711178184F, 0.013994000852108002F});
    CHECK(outcome.max_exp_avg_sq == Floats{0, 0});
}

TEST_CASE("adam: weight decay goes into the gradient") {
    const AdamOutcome outcome = three_steps({.lr = 0.1, .weight_decay = 0.01});
    CHECK(close(outcome.parameters, {0.7221078872680664F, 2.1887829303741455F}));
    CHECK(close(outcome.exp_avg, {0.1534266620874405F, 0.04470640420913696F}));
    CHECK(close(outcome.exp_avg_sq, {0.0013434812426567078F, 0.014003272168338299F}));
}

TEST_CASE("adam: adamw takes weight decay off the parameters") {
    const AdamOutcome outcome =
        three_steps({.lr = 0.1, .weight_decay = 0.01, .decoupled_weight_decay = true});
    CHECK(close(outcome.parameters, {0.7198079824447632F, 2.183567762374878F}));
    CHECK(outcome.exp_avg == Floats{0.1510000079870224F, 0.0390000082552433F});
}

TEST_CASE("adam: amsgrad remembers the largest") {
    const AdamOutcome outcome =
        three_steps({.lr = 0.1, .beta1 = 0.5, .beta2 = 0.5, .eps = 1e-4, .amsgrad = true});
    CHECK(close(outcome.parameters, {0.7616831660270691F, 2.1567704677581787F}));
    CHECK(outcome.exp_avg == Floats{0.375F, 0.875F});
    CHECK(outcome.exp_avg_sq == Floats{0.21875F, 5.625F});
    CHECK(outcome.max_exp_avg_sq == Floats{0.5F, 5.625F});
}

TEST_CASE("adam: maximize") {
    const AdamOutcome outcome = three_steps({.lr = 0.1, .maximize = true});
    CHECK(close(outcome.parameters, {1.277488112449646F, 1.810141682624817F}));
    CHECK(outcome.exp_avg == Floats{-0.1510000079870224F, -0.0390000082552433F});
}

TEST_CASE("adam: a thousand parameters, ten steps, bit for bit") {
    // The moments are PyTorch's as it is; the parameters, and with them the moments where weight decay goes
    // into the gradient, PyTorch's with torch.Tensor.sqrt replaced by one that rounds correctly.
    struct Row {
        AdamOptions options;
        std::uint32_t parameters, exp_avg, exp_avg_sq, max_exp_avg_sq;
    };
    const Row rows[] = {
        {{}, 0xfbac93e8, 0x753653e0, 0xb1450dde, 0},
        {{.lr = 0.01, .weight_decay = 0.1}, 0xae13da5f, 0xc96f4471, 0xf2b1b320, 0},
        {{.lr = 0.01, .maximize = true}, 0x2c2d61ee, 0x4076cc49, 0xb1450dde, 0},
        {{.lr = 0.01, .beta1 = 0.8, .beta2 = 0.9, .eps = 1e-6, .amsgrad = true},
         0xd2aad9de,
         0x2a1963fd,
         0xe02ee3e5,
         0xbc770f21},
        {{.lr = 0.01, .beta1 = 0.25, .beta2 = 0.95}, 0x6554d548, 0x7cf3e058, 0xebb55a8b, 0},
        {{.weight_decay = 0.01, .decoupled_weight_decay = true}, 0xc910ae63, 0x753653e0, 0xb1450dde, 0},
        {{.lr = 0.02,
          .beta1 = 0.5,
          .beta2 = 0.99,
          .eps = 1e-4,
          .weight_decay = 0.3,
          .amsgrad = true,
          .maximize = true,
          .decoupled_weight_decay = true},
         0xd5667a2b,
         0x8f8d506d,
         0x60cf76c4,
         0xab5aa71e},
    };
    for (const Row& row : rows) {
        CAPTURE(&row - rows);
        const AdamOutcome outcome = ten_steps(row.options);
        CHECK(crc(outcome.parameters) == row.parameters);
        CHECK(crc(outcome.exp_avg) == row.exp_avg);
        CHECK(crc(outcome.exp_avg_sq) == row.exp_avg_sq);
        if (row.options.amsgrad) CHECK(crc(outcome.max_exp_avg_sq) == row.max_exp_avg_sq);
    }
}
