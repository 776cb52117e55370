#include "arguments.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "optimizer.hpp"
#include "step_lr.hpp"

namespace lenet {
namespace {

/// Numbers with commas between them: "30,0.1".
std::vector<double> numbers(const std::string& option, std::string_view text) {
    std::vector<double> numbers;
    for (;;) {
        const std::string_view piece = text.substr(0, text.find(','));
        const char* end = piece.data() + piece.size();
        double number = 0;
        const auto [stop, error] = std::from_chars(piece.data(), end, number);
        if (error != std::errc() || stop != end || !std::isfinite(number)) {
            throw CLI::ValidationError(option, "\"" + std::string(piece) + "\" is not a number");
        }
        numbers.push_back(number);
        if (piece.size() == text.size()) return numbers;
        text.remove_prefix(piece.size() + 1);
    }
}

StepLr::Settings step_lr(const std::string& text) {
    const std::vector<double> given = numbers("--step-lr", text);
    const bool size_fits =
        !given.empty() && given[0] >= 1 && given[0] < 1e9 && std::floor(given[0]) == given[0];
    if (!size_fits || given.size() > 2) {
        throw CLI::ValidationError("--step-lr",
                                   "expected a whole number of epochs, and perhaps a factor: 30,0.1");
    }
    StepLr::Settings settings{.step_size = static_cast<std::int64_t>(given[0])};
    if (given.size() == 2) settings.gamma = given[1];
    return settings;
}

std::pair<double, double> betas(const std::string& text) {
    const std::vector<double> given = numbers("--betas", text);
    if (given.size() != 2) throw CLI::ValidationError("--betas", "expected two numbers: 0.9,0.999");
    return {given[0], given[1]};
}

void add_optimizer_options(CLI::App& command, TrainOptions& options) {
    const char* group = "Optimizer (what is not given: as saved, or PyTorch's default)";
    OptimizerSettings& settings = options.optimizer;
    const auto number = [&](const char* name, std::optional<double>& value, const char* help) {
        command.add_option(name, value, help)->check(CLI::NonNegativeNumber)->group(group);
    };
    const auto flag = [&](const char* name, std::optional<bool>& value, const char* help) {
        command
            .add_flag_function(
                name, [&value](std::int64_t count) { value = count > 0; }, help)
            ->group(group);
    };
    const std::map<std::string, std::string> names = {{"sgd", "SGD"}, {"adam", "Adam"}, {"adamw", "AdamW"}};
    command.add_option("--optimizer", settings.algorithm, "sgd (default), adam or adamw")
        ->transform(CLI::CheckedTransformer(names).description(""))
        ->group(group);
    number("--lr", settings.lr,
           "learning rate, of all param groups; default 0.001; of sgd on the slice 0.01");
    number("--weight-decay", settings.weight_decay, "default 0, of adamw 0.01");
    flag("--maximize,!--no-maximize", settings.maximize, "climb instead of descend");
    number("--momentum", settings.momentum, "sgd; default 0.9");
    number("--dampening", settings.dampening, "sgd; default 0");
    flag("--nesterov,!--no-nesterov", settings.nesterov, "sgd; needs a momentum and no dampening");
    command
        .add_option_function<std::string>(
            "--betas", [&settings](const std::string& text) { settings.betas = betas(text); },
            "adam, adamw; default 0.9,0.999")
        ->group(group);
    number("--eps", settings.eps, "adam, adamw; default 1e-8");
    flag("--amsgrad,!--no-amsgrad", settings.amsgrad, "adam, adamw");
    number("--bias-lr", settings.bias_lr, "learning rate of the biases, which become a second param group");
    command
        .add_flag("--no-bias-decay", settings.no_bias_decay,
                  "no weight decay for the biases, which become a second param group")
        ->group(group);
    command
        .add_option_function<std::string>(
            "--step-lr", [&options](const std::string& text) { options.step_lr = step_lr(text); },
            "SIZE[,GAMMA]: a StepLR scheduler; after each SIZE epochs all learning rates are multiplied by GAMMA "
            "(default 0.1)")
        ->group(group);
}

}  // namespace

void add_training_options(CLI::App& command, TrainOptions& options) {
    auto* steps = command.add_option("--steps", options.steps, "train for this many steps (more)");
    steps->check(CLI::NonNegativeNumber);
    command
        .add_option("--epochs", options.epochs,
                    "train for this many epochs (more); default 1, on the slice 30")
        ->check(CLI::NonNegativeNumber)
        ->excludes(steps);
    command.add_option("--batch", options.batch, "images a step; default 64, on the slice 16; or as saved")
        ->check(CLI::PositiveNumber);
    command.add_option("--seed", options.seed, "of weights and order; default 0");
    command.add_flag("--shuffle,!--no-shuffle", options.shuffle, "take images in random order; default");
    auto* save = command.add_option("--save", options.save,
                                    "save the run to this folder at the end, as a file of its own");
    command.add_option("--save-every", options.save_every, "save it each N steps, too")
        ->check(CLI::PositiveNumber)
        ->needs(save);
    command.add_option("--keep", options.keep, "files to keep in that folder, the newest ones; default 3")
        ->check(CLI::PositiveNumber)
        ->needs(save);
    command.add_option("--threads", options.threads, "change the speed, never the result; default 2")
        ->check(CLI::Range(1, 64));
    auto* data = command.add_option("--data", options.data, "folder of IDX files, or a .milepost slice");
    command
        .add_flag("--slice", options.slice,
                  "use the small slice that comes with this program, as where Fashion-MNIST is not installed")
        ->excludes(data);
    add_optimizer_options(command, options);
}

}  // namespace lenet
