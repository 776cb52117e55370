#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "convert/pickle/writer.hpp"
#include "convert/pytorch/torch_values.hpp"

namespace milepost::convert::pytorch {

/// Writes the tensors of one object into its pickle: calls of PyTorch's functions that make a view of a
/// storage, which a persistent id names. A storage has the same id in all tensors that view it.
class TensorPickler {
public:
    /// Looks at all tensors of the object first: PyTorch gives a storage one type, that of its tensors, and
    /// counts its elements; a storage for which that is not possible has none, and its tensors tell theirs.
    /// Borrows the writer. Throws std::bad_alloc, as all functions do.
    TensorPickler(pickle::Writer& writer, const Value& object);

    /// Requires: a tensor of the object, for which why_not_held() returns nothing.
    void put(const TensorView& tensor);

    /// Those of all tensors that were put, by their number in the archive.
    [[nodiscard]] std::vector<StorageView> take_storages() noexcept { return std::move(numbered_); }

private:
    struct UsedStorage {
        const StorageClass* type = nullptr;      ///< of all its tensors; null if it has none
        std::optional<std::size_t> number = {};  ///< once it is in the pickle
    };

    void note(const TensorView& tensor);
    void put_view(const TensorView& tensor, bool requires_grad);
    void put_buffer(const TensorView& tensor, bool requires_grad);
    std::size_t put_arguments(const TensorView& tensor, bool requires_grad, bool is_buffer);
    void put_storage(const TensorView& tensor, UsedStorage& storage);
    void put_layout(const TensorView& tensor);
    void put_ordered_dict();
    void call(std::size_t arguments);
    [[nodiscard]] UsedStorage& storage_of(const TensorView& tensor);

    pickle::Writer& writer_;
    std::map<StorageView, UsedStorage> storages_;
    UsedStorage empty_;  ///< of the tensor that is being put, if its storage has no bytes
    std::vector<StorageView> numbered_;
};

}  // namespace milepost::convert::pytorch
