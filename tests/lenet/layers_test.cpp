#include "layers.hpp"

#include <array>
#include <cmath>

#include <doctest/doctest.h>

using lenet::Matrix;

namespace {

Matrix row(const std::vector<float>& values) {
    return Eigen::Map<const Matrix>(values.data(), 1, static_cast<Eigen::Index>(values.size()));
}

}  // namespace

TEST_CASE("max pool: the largest of each square, of equals the first") {
    const Matrix input = row({1, 2, 5, 5,  //
                              3, 0, 5, 5,  //
                              0, 0, 1, 7,  //
                              0, 9, 7, 1});
    Matrix out;
    lenet::Winners winners;
    lenet::max_pool(input, out, winners);
    CHECK(out == row({3, 5, 9, 7}));
    CHECK(winners == lenet::Winners{4, 2, 13, 11});
    Matrix gradient = Matrix::Constant(1, 16, 8.0F);
    lenet::max_pool_gradient(row({1, 2, 3, 4}), winners, gradient);
    CHECK(gradient == row({0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 4, 0, 3, 0, 0}));
}

TEST_CASE("relu: no gradient at zero") {
    Matrix values = row({-1, 0, 2});
    lenet::relu(values);
    CHECK(values == row({0, 0, 2}));
    Matrix gradient = row({3, 4, 5});
    lenet::relu_gradient(values, gradient);
    CHECK(gradient == row({0, 0, 5}));
}

TEST_CASE("convolution: a filter that takes one input shifts the image; its input gradient shifts back") {
    Matrix input(1, 36);
    for (Eigen::Index i = 0; i < 36; ++i)
        input(0, i) = static_cast<float>(i);
    std::array<float, 25> weight = {};
    weight[1 * 5 + 2] = 2.0F;  // one row down, two columns right
    const std::array<float, 1> bias = {0.5F};
    Matrix patches;
    Matrix out;
    lenet::convolution(input, weight, bias, patches, out);
    CHECK(out == row({16.5F, 18.5F, 28.5F, 30.5F}));  // places 8, 9, 14 and 15

    Matrix patches_gradient;
    Matrix input_gradient(1, 36);
    lenet::convolution_input_gradient(row({1, 2, 3, 4}), weight, patches_gradient, input_gradient);
    CHECK(input_gradient.sum() == 20.0F);
    CHECK(input_gradient(0, 8) == 2.0F);
    CHECK(input_gradient(0, 15) == 8.0F);

    std::array<float, 25> weight_gradient = {};
    std::array<float, 1> bias_gradient = {1.0F};
    lenet::convolution_gradient(patches, row({1, 0, 0, 2}), weight_gradient, bias_gradient);
    CHECK(weight_gradient[0] == 0.0F * 1 + 7.0F * 2);
    CHECK(weight_gradient[24] == 28.0F * 1 + 35.0F * 2);
    CHECK(bias_gradient[0] == 4.0F);  // added to what was there
}

TEST_CASE("cross-entropy: of equal logits, of huge ones; its gradient") {
    const std::array<float, 2> equal = {3, 3};
    CHECK(lenet::cross_entropy(equal, 1) == doctest::Approx(std::log(2.0)));
    const std::array<float, 2> huge = {3e38F, 0};
    CHECK(lenet::cross_entropy(huge, 0) == 0.0);
    std::array<float, 2> gradient = {};
    lenet::cross_entropy_gradient(equal, 1, 2.0F, gradient);
    CHECK(gradient == std::array<float, 2>{1, -1});
}
