#pragma once

#include <array>

#include <milepost/milepost.hpp>

#include "network.hpp"

namespace gan {

/// Adam as in `torch.optim.Adam(network.parameters(), lr=0.005, betas=(0.5, 0.999))`, the customary settings
/// for a GAN, with no more hyperparameters than it uses.
class Adam {
public:
    /// What Adam keeps for a parameter.
    struct State {
        float step = 0;
        Floats exp_avg;
        Floats exp_avg_sq;
    };

    /// Fresh: zero state for each parameter of that network.
    explicit Adam(const Network& network);

    /// Moves the network's parameters along their gradients. Requires: is_sound().
    void step(Network& network);

    /// Whether lr, betas and eps are there, and are numbers, and steps were counted.
    [[nodiscard]] bool is_sound() const;

    // What is saved. Hyperparameters stay an open set of typed values: those of the file come back whether
    // this program knows them or not.
    milepost::Entries hyperparameters;
    std::array<State, 4> state;
};

}  // namespace gan
