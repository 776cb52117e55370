// A training run on LibTorch that survives being killed: module, optimizer and step in one file.
//
//     libtorch run.milepost 100        trains up to step 100, and goes on from the file if there is one
//
// It needs LibTorch, which the library does not, so it is not built with the other examples:
//
//     g++ -std=c++20 examples/libtorch.cpp $(pkg-config --cflags --libs milepost)
//         -isystem TORCH/include -isystem TORCH/include/torch/csrc/api/include -LTORCH/lib -ltorch
//         -ltorch_cpu -lc10
//
// TORCH is the folder of an unpacked LibTorch, or that of the package torch of Python. docs/guide.md has
// CMake's way.

#include <milepost/libtorch.hpp>

#include <torch/torch.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <milepost/milepost.hpp>

namespace {

struct Net : torch::nn::Module {
    Net() {
        hidden = register_module("hidden", torch::nn::Linear(2, 8));
        norm = register_module("norm", torch::nn::BatchNorm1d(8));
        out = register_module("out", torch::nn::Linear(8, 1));
    }
    torch::Tensor forward(const torch::Tensor& x) { return out(torch::tanh(norm(hidden(x)))); }

    torch::nn::Linear hidden = nullptr, out = nullptr;
    torch::nn::BatchNorm1d norm = nullptr;
};

struct Run {
    Net net;
    torch::optim::Adam adam{net.parameters(), torch::optim::AdamOptions(0.01)};
    std::int64_t step = 0;
};

double train_one_step(Run& run) {
    const torch::Tensor x = torch::rand({64, 2}) * 2 - 1;
    run.adam.zero_grad();
    torch::Tensor loss = (run.net.forward(x) - x.prod(1, /*keepdim=*/true)).square().mean();
    loss.backward();
    run.adam.step();
    ++run.step;
    return loss.item<double>();
}

milepost::Result<void> save(const std::string& path, const Run& run) {
    const torch::Tensor random = at::detail::getDefaultCPUGenerator().get_state();  // a part of the run, too
    return milepost::libtorch::save(
        path, {{"model", run.net}, {"optimizer", run.adam}, {"random", random}, {"step", run.step}});
}

milepost::Result<void> load(const milepost::Reader& file, Run& run) {
    MILEPOST_TRY(milepost::libtorch::load_into(file, "model", run.net));
    MILEPOST_TRY(milepost::libtorch::load_into(file, "optimizer", run.adam));
    MILEPOST_TRY_ASSIGN(run.step, file.get<std::int64_t>("step"));
    MILEPOST_TRY_ASSIGN(const auto random, file.tensor("random"));
    MILEPOST_TRY_ASSIGN(const torch::Tensor state, milepost::libtorch::tensor(random));
    at::Generator generator = at::detail::getDefaultCPUGenerator();  // a reference to it
    generator.set_state(state);
    return {};
}

/// Trains up to a step, and saves every ten steps.
milepost::Result<void> train(const std::string& path, std::int64_t last_step) {
    Run run;
    auto file = milepost::Reader::open(path);
    if (file)
        MILEPOST_TRY(load(*file, run));
    else if (file.error().condition() != milepost::Condition::file)  // one that is there, and cannot be read
        return file.error();
    while (run.step < last_step) {
        const double loss = train_one_step(run);
        if (run.step % 10 != 0 && run.step != last_step) continue;
        MILEPOST_TRY(save(path, run));
        std::printf("step %lld: loss %.6f\n", static_cast<long long>(run.step), loss);
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: libtorch FILE STEPS\n", stderr);
        return 2;
    }
    torch::manual_seed(1);
    const auto trained = train(argv[1], std::atoll(argv[2]));
    if (!trained) std::fprintf(stderr, "%s\n", trained.error().to_string().c_str());
    return trained ? 0 : 1;
}
