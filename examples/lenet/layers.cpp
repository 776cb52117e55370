#include "layers.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lenet {
namespace {

using Index = Eigen::Index;
using View = Eigen::Map<Matrix>;
using ConstView = Eigen::Map<const Matrix>;

constexpr Index kFilter = 5;

ConstView as_matrix(std::span<const float> values, Index rows) {
    return {values.data(), rows, static_cast<Index>(values.size()) / rows};
}

View as_matrix(std::span<float> values, Index rows) {
    return {values.data(), rows, static_cast<Index>(values.size()) / rows};
}

/// The side of the square that a row of `image` holds.
Index side(const Matrix& image) {
    return static_cast<Index>(std::lround(std::sqrt(static_cast<double>(image.cols()))));
}

/// Calls `copy(row of patches, offset in the row, pointer to input, count)` for each run of neighbours.
template <class Input, class Copy>
void for_each_run(Input& input, Index channels, Index size, Copy copy) {
    const Index out_size = size - kFilter + 1;
    for (Index channel = 0; channel < channels; ++channel) {
        for (Index filter_place = 0; filter_place < kFilter * kFilter; ++filter_place) {
            const Index row = channel * kFilter * kFilter + filter_place;
            const Index first = filter_place / kFilter * size + filter_place % kFilter;
            for (Index y = 0; y < out_size; ++y) {
                copy(row, y * out_size, &input(channel, first + y * size), out_size);
            }
        }
    }
}

}  // namespace

void linear(const Matrix& input, std::span<const float> weight, std::span<const float> bias, Matrix& out) {
    const auto outputs = static_cast<Index>(bias.size());
    out.noalias() = input * as_matrix(weight, outputs).transpose();
    out.rowwise() += as_matrix(bias, 1).row(0);
}

void linear_gradient(const Matrix& input, const Matrix& out_gradient, std::span<float> weight_gradient,
                     std::span<float> bias_gradient) {
    as_matrix(weight_gradient, out_gradient.cols()).noalias() += out_gradient.transpose() * input;
    for (Index i = 0; i < out_gradient.rows(); ++i)
        as_matrix(bias_gradient, 1).row(0) += out_gradient.row(i);
}

void linear_input_gradient(const Matrix& out_gradient, std::span<const float> weight,
                           Matrix& input_gradient) {
    input_gradient.noalias() = out_gradient * as_matrix(weight, out_gradient.cols());
}

void convolution(const Matrix& input, std::span<const float> weight, std::span<const float> bias,
                 Matrix& patches, Matrix& out) {
    const Index size = side(input);
    const Index out_size = size - kFilter + 1;
    patches.resize(input.rows() * kFilter * kFilter, out_size * out_size);
    for_each_run(input, input.rows(), size, [&](Index row, Index offset, const float* from, Index count) {
        std::copy_n(from, count, &patches(row, offset));
    });
    const auto channels = static_cast<Index>(bias.size());
    out.noalias() = as_matrix(weight, channels) * patches;
    for (Index channel = 0; channel < channels; ++channel) {
        out.row(channel).array() += bias[static_cast<std::size_t>(channel)];
    }
}

void convolution_gradient(const Matrix& patches, const Matrix& out_gradient, std::span<float> weight_gradient,
                          std::span<float> bias_gradient) {
    const Index channels = out_gradient.rows();
    as_matrix(weight_gradient, channels).noalias() += out_gradient * patches.transpose();
    for (Index channel = 0; channel < channels; ++channel) {
        double sum = 0;
        for (Index i = 0; i < out_gradient.cols(); ++i)
            sum += static_cast<double>(out_gradient(channel, i));
        bias_gradient[static_cast<std::size_t>(channel)] += static_cast<float>(sum);
    }
}

void convolution_input_gradient(const Matrix& out_gradient, std::span<const float> weight,
                                Matrix& patches_gradient, Matrix& input_gradient) {
    patches_gradient.noalias() = as_matrix(weight, out_gradient.rows()).transpose() * out_gradient;
    input_gradient.setZero();
    const auto add = [&](Index row, Index offset, float* to, Index count) {
        for (Index i = 0; i < count; ++i)
            to[i] += patches_gradient(row, offset + i);
    };
    for_each_run(input_gradient, input_gradient.rows(), side(input_gradient), add);
}

void relu(Matrix& values) {
    values = values.cwiseMax(0.0F);
}

void relu_gradient(const Matrix& out, Matrix& gradient) {
    for (Index i = 0; i < out.size(); ++i) {
        if (!(out.data()[i] > 0.0F)) gradient.data()[i] = 0.0F;
    }
}

void max_pool(const Matrix& input, Matrix& out, Winners& winners) {
    const Index size = side(input);
    const Index half = size / 2;
    out.resize(input.rows(), half * half);
    winners.resize(static_cast<std::size_t>(out.size()));
    for (Index i = 0; i < out.size(); ++i) {
        const Index channel = i / (half * half);
        const Index place = i % (half * half);
        const Index corner = place / half * 2 * size + place % half * 2;
        Index winner = corner;
        for (const Index rival : {corner + 1, corner + size, corner + size + 1}) {
            if (input(channel, rival) > input(channel, winner)) winner = rival;
        }
        out(channel, place) = input(channel, winner);
        winners[static_cast<std::size_t>(i)] = static_cast<std::uint16_t>(winner);
    }
}

void max_pool_gradient(const Matrix& out_gradient, const Winners& winners, Matrix& input_gradient) {
    input_gradient.setZero();
    for (Index i = 0; i < out_gradient.size(); ++i) {
        const Index channel = i / out_gradient.cols();
        input_gradient(channel, winners[static_cast<std::size_t>(i)]) = out_gradient.data()[i];
    }
}

namespace {

double log_sum_exp(std::span<const float> logits) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (const float logit : logits)
        sum += std::exp(static_cast<double>(logit) - largest);
    return largest + std::log(sum);
}

}  // namespace

double cross_entropy(std::span<const float> logits, std::uint8_t label) {
    return log_sum_exp(logits) - static_cast<double>(logits[label]);
}

void cross_entropy_gradient(std::span<const float> logits, std::uint8_t label, float scale,
                            std::span<float> gradient) {
    const double log_sum = log_sum_exp(logits);
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const double softmax = std::exp(static_cast<double>(logits[i]) - log_sum);
        gradient[i] = static_cast<float>((softmax - (i == label ? 1.0 : 0.0)) * static_cast<double>(scale));
    }
}

std::size_t predicted_class(std::span<const float> logits) {
    return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace lenet
