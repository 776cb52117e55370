#pragma once

#include <span>

#include <milepost/checkpoint.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

namespace milepost::convert::objects {

/// What the record tells of arrays of NumPy (docs/design.md, section 10): null if there are none, their
/// library if all tensors are, else it with their paths. Throws std::bad_alloc.
[[nodiscard]] Value arrays_record(const Checkpoint& checkpoint, std::span<const StorageView> arrays);

}  // namespace milepost::convert::objects
