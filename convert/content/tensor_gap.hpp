#pragma once

#include <milepost/compare.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/progress_counter.hpp"

namespace milepost::convert {

/// Compares two tensors of one shape, in blocks, and counts the bytes of `left`. Requires: equal shapes;
/// equal dtypes, or both with as many numbers per element. Errors: those of reading and of the progress.
/// Throws std::bad_alloc.
[[nodiscard]] Result<Gap> gap_between(const TensorView& left, const TensorView& right, Tolerance tolerance,
                                      ProgressCounter& progress);

}  // namespace milepost::convert
