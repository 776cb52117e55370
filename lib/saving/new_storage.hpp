#pragma once

#include <milepost/dtype.hpp>
#include <milepost/tensor.hpp>

namespace milepost::saving {

/// A storage that is to be written.
struct NewStorage {
    StorageView view;
    Dtype dtype;  ///< of the first tensor that views it: what a codec takes its bytes for
};

}  // namespace milepost::saving
