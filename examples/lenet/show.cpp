#include <iostream>
#include <string>

#include <milepost/milepost.hpp>

#include "checkpoint.hpp"
#include "commands.hpp"
#include "failure.hpp"
#include "python_repr.hpp"

namespace lenet {

void show(const std::string& file_or_folder) {
    const auto [file, path] = open_checkpoint(file_or_folder);
    const milepost::StateDict model = or_fail(file.model("model"), path);
    const milepost::OptimizerState optimizer = or_fail(file.optimizer("optimizer"), path);

    std::cout << "Model's state_dict:\n";
    for (const auto& [name, value] : model) {
        const auto* tensor = value.get_if<milepost::TensorView>();
        const std::string text =
            tensor == nullptr ? milepost::to_string(value) : python_repr(tensor->shape());
        std::cout << milepost::escape(name) << " \t " << text << '\n';
    }
    std::cout << "\nOptimizer's state_dict:\n";
    std::cout << "state \t " << python_repr_state(optimizer) << '\n';
    std::cout << "param_groups \t " << python_repr_groups(optimizer) << '\n';
    if (const auto scheduler = file.value("scheduler")) {
        std::cout << "\nScheduler's state_dict:\n" << milepost::to_string(*scheduler) << '\n';
    }
}

}  // namespace lenet
