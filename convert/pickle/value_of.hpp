#pragma once

#include <memory>
#include <vector>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {

/// Where the bytes of the storages of a file are.
class Storages {
public:
    virtual ~Storages() = default;
    /// The storage of that key, the same one for each call; an empty StorageView if it has no bytes. Errors:
    /// corrupt/foreign if the file does not have it, or with another size or dtype.
    [[nodiscard]] virtual Result<StorageView> find(const StorageObject& storage) = 0;
};

/// The object as a value, as milepost.save() makes one of what torch.load() returns in Python. An object that
/// is in several places is copied into each of them. Errors: unsupported/global and /feature for what is not
/// data, or refers to itself; corrupt/foreign; limit_exceeded. Each names the path of the value. Throws
/// std::bad_alloc.
[[nodiscard]] Result<Value> value_of(const std::shared_ptr<Objects>& objects, Ref root, Storages& storages);

/// A tensor, or an array of NumPy; its layout is checked. Errors: corrupt/foreign; unsupported/feature.
/// Requires: the object is one.
///@{
[[nodiscard]] Result<TensorView> tensor_of(const Objects& objects, Ref ref, Storages& storages);
[[nodiscard]] Result<TensorView> array_of(const std::shared_ptr<Objects>& objects, Ref ref);
///@}

/// The storages of all arrays of NumPy: what tells their tensors from those of torch. Throws std::bad_alloc.
[[nodiscard]] std::vector<StorageView> array_storages(const std::shared_ptr<Objects>& objects);

}  // namespace milepost::convert::pickle
