#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <milepost/milepost.hpp>

namespace lenet {

/// `torch.optim.lr_scheduler.StepLR`, stepped once an epoch: each `step_size` epochs every learning rate is
/// multiplied by `gamma`. It is kept as its state_dict, so that all keys come back as they were saved.
class StepLr {
public:
    struct Settings {
        std::int64_t step_size;
        double gamma = 0.1;
    };

    /// A scheduler at its beginning; each group that has none receives an `initial_lr`. Throws Failure.
    StepLr(const Settings& settings, std::vector<milepost::ParamGroup>& groups);

    /// A scheduler from its state_dict. Throws Failure if it is not that of a StepLR over so many groups.
    StepLr(const milepost::Value& state_dict, std::size_t groups);

    /// Changes the settings, and keeps what was counted.
    void change_settings(const Settings& settings);

    /// The end of an epoch.
    void step(std::vector<milepost::ParamGroup>& groups);

    [[nodiscard]] const milepost::Dict& state_dict() const { return state_; }

private:
    milepost::Dict state_;
};

}  // namespace lenet
