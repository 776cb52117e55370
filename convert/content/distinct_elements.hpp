#pragma once

#include <cstdint>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::convert {

/// A tensor without the repetitions that strides of 0 make, and how often each of its elements is repeated
/// (saturates): a few bytes of a file can be a tensor of any size.
struct DistinctElements {
    TensorView tensor;
    std::uint64_t repeats = 1;
};

/// Errors: those of TensorView::slice; limit_exceeded/total_bytes for a tensor that is still much larger than
/// its storage, because its rows overlap.
[[nodiscard]] Result<DistinctElements> distinct_elements(const TensorView& tensor);

/// The same of two tensors of one shape, along the dimensions in which both are repeated.
struct DistinctPair {
    TensorView left, right;
    std::uint64_t repeats = 1;
};
[[nodiscard]] Result<DistinctPair> distinct_elements(const TensorView& left, const TensorView& right);

}  // namespace milepost::convert
