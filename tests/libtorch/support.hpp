#pragma once

#include <doctest/doctest.h>

#include <ATen/ATen.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim.h>
#include <torch/utils.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/libtorch.hpp>
#include <milepost/milepost.hpp>

/// What all cases share: a network, files in a folder that is removed at the end, and errors that are
/// expected. LibTorch's headers take long to compile, so the cases are headers too, and main.cpp is the only
/// source.
namespace libtorch_test {

using milepost::Condition;
namespace libtorch = milepost::libtorch;

/// A path in a folder of this process.
inline std::string path_of(const std::string& name) {
    static const struct Folder {
        std::filesystem::path path =
            std::filesystem::temp_directory_path() / ("milepost-libtorch-" + std::to_string(::getpid()));
        Folder() { std::filesystem::create_directories(path); }
        ~Folder() { std::filesystem::remove_all(path); }
    } folder;
    return (folder.path / name).string();
}

/// The value of a result that must not be an error.
template <class T>
T ok(milepost::Result<T> result) {
    REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().to_string()));
    return *std::move(result);
}
inline void ok(const milepost::Result<void>& result) {
    REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().to_string()));
}

/// A result that must be this error, with these words in its message.
template <class T>
void refused(const milepost::Result<T>& result, Condition condition, std::string_view words) {
    REQUIRE_FALSE(result.has_value());
    INFO(result.error().to_string());
    CHECK(milepost::name(result.error().condition()) == milepost::name(condition));
    CHECK(result.error().message().find(words) != std::string::npos);
}

inline milepost::Reader open(const std::string& path,
                             milepost::OpenOptions options = {.access = milepost::Access::mapped}) {
    return ok(milepost::Reader::open(path, options));
}

/// Two linear layers, a norm between them, parameters of two and of no dimensions, and one that never has a
/// gradient. tests/pytorch/check_libtorch.py has the same network.
struct NetImpl : torch::nn::Module {
    NetImpl() {
        unused = register_parameter("unused", torch::zeros({2, 2}));
        scale = register_parameter("scale", torch::tensor(1.5F));
        first = register_module("first", torch::nn::Linear(4, 3));
        norm = register_module("norm", torch::nn::BatchNorm1d(3));
        last = register_module("last", torch::nn::Linear(3, 2));
    }
    at::Tensor loss(std::int64_t step) {
        const at::Tensor x = torch::arange(20, at::kFloat).sin().reshape({5, 4}) + step;
        return (last(torch::tanh(norm(first(x)))) * scale - 1).square().mean();
    }
    at::Tensor unused, scale;
    torch::nn::Linear first = nullptr, last = nullptr;
    torch::nn::BatchNorm1d norm = nullptr;
};
TORCH_MODULE(Net);

inline Net make_net(std::uint64_t seed) {
    torch::manual_seed(seed);
    return Net();
}

inline void step_on(Net& net, torch::optim::Optimizer& optimizer, std::int64_t first, std::int64_t count) {
    for (std::int64_t step = first; step < first + count; ++step) {
        optimizer.step([&] {
            optimizer.zero_grad();
            at::Tensor loss = net->loss(step);
            loss.backward();
            return loss;
        });
    }
}

/// All bits of a module or an optimizer. A type of its own: a test that fails shall not print them.
struct Bits {
    std::string bytes;
    friend bool operator==(const Bits&, const Bits&) = default;
};
template <class Live>
Bits bits_of(const Live& live) {
    const std::string path = path_of("bits.milepost");
    ok(libtorch::save(path, {{"part", live}}, {.durable = false}));
    std::ifstream file(path, std::ios::binary);
    return {std::string(std::istreambuf_iterator<char>(file), {})};
}

/// Changes a byte of the data of a tensor of a file.
inline void damage(const std::string& path, const std::string& tensor) {
    const auto file = open(path);
    const auto view = ok(file.tensor(tensor));
    const auto at = file.storages()[*view.storage().index()].offset + view.offset();
    std::fstream stream(path, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(byte);
}

}  // namespace libtorch_test
