#pragma once

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::convert::pickle {

/// The tensor that a view with the conj or the neg bit of PyTorch means, on a storage of its own: its
/// elements are changed when they are read. Requires: the layout of the view fits. Errors:
/// unsupported/feature for a dtype that has no such views, and for a view whose elements are not one range of
/// its storage.
[[nodiscard]] Result<TensorView> negated(const TensorView& view, bool is_conjugate, bool is_negative);

}  // namespace milepost::convert::pickle
