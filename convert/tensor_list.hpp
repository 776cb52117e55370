#pragma once

#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/tensor.hpp>

namespace milepost::convert {

/// A tensor that a format of named tensors can hold, under the name that it has there. Borrows from the
/// checkpoint.
struct ListedTensor {
    std::string path;                       ///< in the checkpoint: "model/conv1.weight"
    std::string name;                       ///< in the file
    const TensorView* tensor;               ///< never null
    const ListedTensor* tied_to = nullptr;  ///< an earlier one that has bytes in common with it
};

/// The entries of all models that are tensors, and the top-level values that are, in their order. If there is
/// one model and no such value, a name is that of the entry; else it is the path. Pointers between them stay
/// valid when the vector is moved. Throws std::bad_alloc.
[[nodiscard]] std::vector<ListedTensor> list_tensors(const Checkpoint& checkpoint);

}  // namespace milepost::convert
