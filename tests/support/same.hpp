#pragma once

#include <functional>

#include <milepost/checkpoint.hpp>

/// Whether two contents are the same bit for bit: NaN payloads, orders, subtypes and all. Sets are compared
/// without regard to order, positions and orders as a save would settle them.
namespace milepost::testing {

/// Judges two tensors: by what they view, or by their bytes.
using SameTensor = std::function<bool(const TensorView&, const TensorView&)>;

[[nodiscard]] bool same(const Value& a, const Value& b, const SameTensor& same_tensor);
[[nodiscard]] bool same(const Entries& a, const Entries& b, const SameTensor& same_tensor);
[[nodiscard]] bool same(const StateDict& a, const StateDict& b, const SameTensor& same_tensor);
[[nodiscard]] bool same(const OptimizerState& a, const OptimizerState& b, const SameTensor& same_tensor);
[[nodiscard]] bool same(const Checkpoint& a, const Checkpoint& b, const SameTensor& same_tensor);

/// All but the bytes: dtype, shape, strides, offset, role, size of the storage.
[[nodiscard]] bool same_form(const TensorView& a, const TensorView& b);

}  // namespace milepost::testing
