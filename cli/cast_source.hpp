#pragma once

#include <map>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::cli {

/// Storages that were converted, so that tied tensors stay tied.
using CastStorages = std::map<std::pair<StorageView, Dtype>, StorageView>;

/// The tensor with elements of another dtype, converted when they are read: memory does not grow with it. Its
/// whole storage is converted, so strides and ties stay. Requires: can_cast. Errors:
/// invalid_argument/layout if its offset is not at an element.
[[nodiscard]] Result<TensorView> cast_tensor(const TensorView& tensor, const DtypeInfo& to,
                                             CastStorages& storages);

}  // namespace milepost::cli
