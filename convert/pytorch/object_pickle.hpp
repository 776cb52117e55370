#pragma once

#include <string>
#include <vector>

#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

namespace milepost::convert::pytorch {

/// An object as torch.save writes it: a pickle, and the storages of its tensors, each once.
struct ObjectPickle {
    std::string pickle;                 ///< data.pkl
    std::vector<StorageView> storages;  ///< data/0, data/1, ...
};

/// What PyTorch does not read (why_not_held) is None. Requires: the layout of each tensor fits its storage.
/// Not recursive. Throws std::bad_alloc.
[[nodiscard]] ObjectPickle pickle_of(const Value& object);

}  // namespace milepost::convert::pytorch
