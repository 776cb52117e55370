#include "network.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "layers.hpp"
#include "random.hpp"

namespace lenet {

using Index = Eigen::Index;

std::span<float> part(Buffer& buffer, const ParameterInfo& parameter) {
    return {buffer.data() + parameter.begin, parameter.count};
}

std::span<const float> part(const Buffer& buffer, const ParameterInfo& parameter) {
    return {buffer.data() + parameter.begin, parameter.count};
}

Weights weights_of(const Buffer& buffer) {
    Weights weights;
    for (std::size_t i = 0; i < kParameterCount; ++i)
        weights[i] = part(buffer, kParameters[i]);
    return weights;
}

Buffer initial_weights(Generator& generator) {
    Buffer buffer(static_cast<Index>(kWeightCount));
    for (const ParameterInfo& parameter : kParameters) {
        // PyTorch's kaiming_uniform_(weight, a=sqrt(5)), in its order of operations; a bias is drawn more
        // simply.
        const double root = std::sqrt(static_cast<double>(parameter.fan_in));
        const bool is_weight = parameter.rank > 1;
        const double bound = is_weight ? std::sqrt(3.0) * (std::sqrt(2.0 / 6.0) / root) : 1.0 / root;
        for (float& value : part(buffer, parameter))
            value = generator.draw_uniform(-bound, bound);
    }
    return buffer;
}

Pass::Pass() {
    // Eigen splits large products by the size of the caches that it finds, and sums in another order then.
    // With sizes given, all machines with the same instructions sum alike.
    static const bool fixed = (Eigen::setCpuCacheSizes(32 * 1024, 256 * 1024, 2 * 1024 * 1024), true);
    static_cast<void>(fixed);
    for (Convolved& image : convolved_) {
        image.input.resize(3, 32 * 32);
        image.features1.resize(6, 28 * 28);
        image.features2.resize(16, 10 * 10);
    }
}

std::span<float> Pass::input(std::size_t i) {
    return {convolved_.at(i).input.data(), kInputCount};
}

std::span<const float> Pass::logits(std::size_t i) const {
    return {logits_.row(static_cast<Index>(i)).data(), kClasses};
}

void Pass::forward(const Weights& weights, std::size_t count) {
    count_ = count;
    flat_.resize(static_cast<Index>(count), 400);
    Matrix pooled2;
    for (std::size_t i = 0; i < count; ++i) {
        Convolved& image = convolved_.at(i);
        convolution(image.input, weights[kConv1Weight], weights[kConv1Bias], image.patches1, image.features1);
        relu(image.features1);
        max_pool(image.features1, image.pooled1, image.winners1);
        convolution(image.pooled1, weights[kConv2Weight], weights[kConv2Bias], image.patches2,
                    image.features2);
        relu(image.features2);
        max_pool(image.features2, pooled2, image.winners2);
        flat_.row(static_cast<Index>(i)) =
            Eigen::Map<const Eigen::RowVectorXf>(pooled2.data(), pooled2.size());
    }
    linear(flat_, weights[kFc1Weight], weights[kFc1Bias], hidden1_);
    relu(hidden1_);
    linear(hidden1_, weights[kFc2Weight], weights[kFc2Bias], hidden2_);
    relu(hidden2_);
    linear(hidden2_, weights[kFc3Weight], weights[kFc3Bias], logits_);
}

double Pass::loss(std::span<const std::uint8_t> labels) const {
    double sum = 0;
    for (std::size_t i = 0; i < count_; ++i)
        sum += cross_entropy(logits(i), labels[i]);
    return sum;
}

void Pass::backward(const Weights& weights, std::span<const std::uint8_t> labels, float scale,
                    Buffer& gradient) {
    logits_gradient_.resize(logits_.rows(), logits_.cols());
    for (std::size_t i = 0; i < count_; ++i) {
        const std::span<float> row(logits_gradient_.row(static_cast<Index>(i)).data(), kClasses);
        cross_entropy_gradient(logits(i), labels[i], scale, row);
    }
    backward_linear(weights, gradient);
    for (std::size_t i = 0; i < count_; ++i)
        backward_convolution(weights, i, gradient);
}

void Pass::backward_linear(const Weights& weights, Buffer& gradient) {
    const auto of = [&](Parameter parameter) { return part(gradient, kParameters[parameter]); };
    linear_gradient(hidden2_, logits_gradient_, of(kFc3Weight), of(kFc3Bias));
    linear_input_gradient(logits_gradient_, weights[kFc3Weight], hidden2_gradient_);
    relu_gradient(hidden2_, hidden2_gradient_);
    linear_gradient(hidden1_, hidden2_gradient_, of(kFc2Weight), of(kFc2Bias));
    linear_input_gradient(hidden2_gradient_, weights[kFc2Weight], hidden1_gradient_);
    relu_gradient(hidden1_, hidden1_gradient_);
    linear_gradient(flat_, hidden1_gradient_, of(kFc1Weight), of(kFc1Bias));
    linear_input_gradient(hidden1_gradient_, weights[kFc1Weight], flat_gradient_);
}

void Pass::backward_convolution(const Weights& weights, std::size_t i, Buffer& gradient) {
    const auto of = [&](Parameter parameter) { return part(gradient, kParameters[parameter]); };
    const Convolved& image = convolved_.at(i);
    pooled_gradient_ = Eigen::Map<const Matrix>(flat_gradient_.row(static_cast<Index>(i)).data(), 16, 5 * 5);
    features_gradient_.resize(16, 10 * 10);
    max_pool_gradient(pooled_gradient_, image.winners2, features_gradient_);
    relu_gradient(image.features2, features_gradient_);
    convolution_gradient(image.patches2, features_gradient_, of(kConv2Weight), of(kConv2Bias));
    pooled_gradient_.resize(6, 14 * 14);
    convolution_input_gradient(features_gradient_, weights[kConv2Weight], patches_gradient_,
                               pooled_gradient_);
    features_gradient_.resize(6, 28 * 28);
    max_pool_gradient(pooled_gradient_, image.winners1, features_gradient_);
    relu_gradient(image.features1, features_gradient_);
    convolution_gradient(image.patches1, features_gradient_, of(kConv1Weight), of(kConv1Bias));
}

}  // namespace lenet
