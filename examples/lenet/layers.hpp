#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <Eigen/Core>

namespace lenet {

/// Many f32 in a row, aligned alike in every run.
using Buffer = Eigen::VectorXf;
/// A row of a Matrix is an image of a batch, or a channel of an image.
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
/// For each pooled element, the place in its channel that it was taken from.
using Winners = std::vector<std::uint16_t>;

// The layers: each function computes what PyTorch's module of that name computes, its twin the gradients.
// Gradients of weights and biases are added to what is there; gradients of inputs replace it. The sums run in
// an order that depends on the shapes alone, so that a run gives the same bits every time.

/// out = input * weight^T + bias; a row for each image.
void linear(const Matrix& input, std::span<const float> weight, std::span<const float> bias, Matrix& out);
void linear_gradient(const Matrix& input, const Matrix& out_gradient, std::span<float> weight_gradient,
                     std::span<float> bias_gradient);
void linear_input_gradient(const Matrix& out_gradient, std::span<const float> weight, Matrix& input_gradient);

/// A 5x5 convolution of one image without padding; a row for each channel. `patches` receives, in a column
/// for each place, the inputs under the filter there: the convolution is then one product of matrices.
void convolution(const Matrix& input, std::span<const float> weight, std::span<const float> bias,
                 Matrix& patches, Matrix& out);
void convolution_gradient(const Matrix& patches, const Matrix& out_gradient, std::span<float> weight_gradient,
                          std::span<float> bias_gradient);
void convolution_input_gradient(const Matrix& out_gradient, std::span<const float> weight,
                                Matrix& patches_gradient, Matrix& input_gradient);

void relu(Matrix& values);
/// Zeroes the gradient where the output of relu is zero.
void relu_gradient(const Matrix& out, Matrix& gradient);

/// The largest of each 2x2 square; of equals the first.
void max_pool(const Matrix& input, Matrix& out, Winners& winners);
void max_pool_gradient(const Matrix& out_gradient, const Winners& winners, Matrix& input_gradient);

/// -log(softmax(logits)[label]), and scale * its gradient.
double cross_entropy(std::span<const float> logits, std::uint8_t label);
void cross_entropy_gradient(std::span<const float> logits, std::uint8_t label, float scale,
                            std::span<float> gradient);

/// The class with the largest logit.
std::size_t predicted_class(std::span<const float> logits);

}  // namespace lenet
