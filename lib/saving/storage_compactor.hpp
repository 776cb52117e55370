#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::saving {

/// Moves tensors to storages that hold only the bytes that they use (SaveOptions::compact). Owns the copies
/// that it makes of strided tensors.
class StorageCompactor {
public:
    /// `tensors` are all tensors that will be placed. Only storages for which `may_compact` returns true are
    /// changed. Requires: the layouts of the tensors were checked. Throws std::bad_alloc.
    StorageCompactor(const std::vector<const TensorView*>& tensors,
                     const std::function<bool(const StorageView&)>& may_compact);

    /// Returns the same tensor in its compacted storage: valid as long as this object and the original
    /// storage. Errors: those of TensorView::load. Throws std::bad_alloc.
    [[nodiscard]] Result<TensorView> place(const TensorView& tensor);

private:
    /// The range of a storage that its tensors use together.
    struct Reached {
        std::uint64_t begin = UINT64_MAX;
        std::uint64_t end = 0;
        std::uint64_t unit = 64;  ///< the range begins at a multiple of it, so that elements stay aligned
        std::size_t tensors = 0;
    };

    std::map<StorageView, Reached> reached_;
    std::deque<Tensor> copies_;
};

}  // namespace milepost::saving
