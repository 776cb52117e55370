#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/dtype.hpp>
#include <milepost/value.hpp>

#include "convert/tensor_list.hpp"

namespace milepost::convert {

/// What a format of named tensors can hold.
struct TensorFormat {
    std::string_view word;  ///< "a safetensors file", for reasons
    /// Whether it has the dtype.
    bool (*holds_dtype)(const DtypeInfo& dtype);
    /// Why a tensor cannot have a name, for example "is empty"; "" if it can.
    std::string_view (*refuse_name)(std::string_view name);
    /// Whether a top-level value is held in another way; adds what is lost of it.
    std::function<bool(const std::string& name, const Value& value, std::vector<Loss>& losses)> take_value;
};

/// What such a file holds of a checkpoint, and what it does not. Borrows from the checkpoint.
struct TensorPlan {
    std::vector<ListedTensor> listed;       ///< all tensors under a name
    std::vector<const ListedTensor*> held;  ///< those that are written, in their order
    std::vector<Loss> losses;               ///< in the order of the checkpoint
};

/// Tensors are held under the names that list_tensors() gives them, each with bytes of its own: a tie is a
/// loss of what they share, not of the tensor. Strides, roles and the record of Python are not counted as
/// losses: no such format has them, and no value changes. Throws std::bad_alloc.
[[nodiscard]] TensorPlan plan_tensors(const Checkpoint& checkpoint, const TensorFormat& format);

}  // namespace milepost::convert
