#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "layers.hpp"
#include "random.hpp"

namespace lenet {

/// The network of PyTorch's recipe "What is a state_dict":
///
///     image 3x32x32 -> conv1 -> relu -> pool -> conv2 -> relu -> pool -> fc1 -> relu -> fc2 -> relu -> fc3
///     -> logits
///
/// Its parameters, in the order of the state_dict, with their place among all 62,006.
struct ParameterInfo {
    std::string_view name;
    std::array<std::uint64_t, 4> dims;
    std::size_t rank;
    std::size_t fan_in;  ///< inputs that one output sums up
    std::size_t begin;
    std::size_t count;

    [[nodiscard]] std::vector<std::uint64_t> shape() const { return {dims.data(), dims.data() + rank}; }
};

enum Parameter : std::size_t {
    kConv1Weight,
    kConv1Bias,
    kConv2Weight,
    kConv2Bias,
    kFc1Weight,
    kFc1Bias,
    kFc2Weight,
    kFc2Bias,
    kFc3Weight,
    kFc3Bias,
    kParameterCount,
};

inline constexpr auto kParameters = [] {
    std::array<ParameterInfo, kParameterCount> parameters = {{
        {"conv1.weight", {6, 3, 5, 5}, 4, 75, 0, 0},
        {"conv1.bias", {6}, 1, 75, 0, 0},
        {"conv2.weight", {16, 6, 5, 5}, 4, 150, 0, 0},
        {"conv2.bias", {16}, 1, 150, 0, 0},
        {"fc1.weight", {120, 400}, 2, 400, 0, 0},
        {"fc1.bias", {120}, 1, 400, 0, 0},
        {"fc2.weight", {84, 120}, 2, 120, 0, 0},
        {"fc2.bias", {84}, 1, 120, 0, 0},
        {"fc3.weight", {10, 84}, 2, 84, 0, 0},
        {"fc3.bias", {10}, 1, 84, 0, 0},
    }};
    std::size_t begin = 0;
    for (ParameterInfo& parameter : parameters) {
        parameter.begin = begin;
        parameter.count = 1;
        for (std::size_t i = 0; i < parameter.rank; ++i)
            parameter.count *= parameter.dims[i];
        begin += parameter.count;
    }
    return parameters;
}();

inline constexpr std::size_t kWeightCount = kParameters.back().begin + kParameters.back().count;
static_assert(kWeightCount == 62'006);

/// The modules that PyTorch lists in `_metadata`, the root first.
inline constexpr std::array<std::string_view, 7> kModules = {"",    "conv1", "pool", "conv2",
                                                             "fc1", "fc2",   "fc3"};

/// The ten tensors, wherever they are: in a Buffer, or in a mapped checkpoint.
using Weights = std::array<std::span<const float>, kParameterCount>;

/// The part of a buffer of kWeightCount elements that belongs to a parameter.
std::span<float> part(Buffer& buffer, const ParameterInfo& parameter);
std::span<const float> part(const Buffer& buffer, const ParameterInfo& parameter);
Weights weights_of(const Buffer& buffer);

/// Fresh weights: those of `torch.manual_seed(seed); TheModelClass()`, bit for bit.
Buffer initial_weights(Generator& generator);

/// One way through the network and back for up to kCapacity images at a time, with the memory it needs. One
/// thread.
class Pass {
public:
    static constexpr std::size_t kCapacity = 8;
    static constexpr std::size_t kInputCount = 3 * 32 * 32;
    static constexpr std::size_t kClasses = 10;

    Pass();

    /// Where the caller puts image `i` before forward().
    std::span<float> input(std::size_t i);

    /// Computes the logits of the first `count` images. Requires: count <= kCapacity.
    void forward(const Weights& weights, std::size_t count);
    [[nodiscard]] std::span<const float> logits(std::size_t i) const;

    /// The sum of the cross-entropies of the images of the last forward().
    [[nodiscard]] double loss(std::span<const std::uint8_t> labels) const;

    /// Adds the gradient of scale * loss(labels) to `gradient` (kWeightCount elements).
    void backward(const Weights& weights, std::span<const std::uint8_t> labels, float scale,
                  Buffer& gradient);

private:
    void backward_linear(const Weights& weights, Buffer& gradient);
    void backward_convolution(const Weights& weights, std::size_t image, Buffer& gradient);

    /// What one image leaves between the convolutions.
    struct Convolved {
        Matrix input, patches1, features1, pooled1, patches2, features2;
        Winners winners1, winners2;
    };

    std::array<Convolved, kCapacity> convolved_;
    Matrix flat_, hidden1_, hidden2_, logits_;  // a row for each image
    Matrix flat_gradient_, hidden1_gradient_, hidden2_gradient_, logits_gradient_;
    Matrix pooled_gradient_, features_gradient_, patches_gradient_;
    std::size_t count_ = 0;
};

}  // namespace lenet
