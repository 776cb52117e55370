#include "saving/storage_compactor.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "core/layout.hpp"

namespace milepost::saving {
namespace {

constexpr std::uint64_t kGreatestUnit = std::uint64_t{1} << 20U;

}  // namespace

StorageCompactor::StorageCompactor(const std::vector<const TensorView*>& tensors,
                                   const std::function<bool(const StorageView&)>& may_compact) {
    for (const TensorView* tensor : tensors) {
        if (!may_compact(tensor->storage())) continue;
        Reached& reached = reached_[tensor->storage()];
        ++reached.tensors;
        if (tensor->element_count() == 0) continue;
        const std::uint64_t begin = tensor->offset();
        const std::uint64_t nbytes =
            core::extent_nbytes(tensor->shape(), tensor->strides(), tensor->dtype().bits);
        reached.begin = std::min(reached.begin, begin);
        // Element sizes that are not powers of two can need a unit that is too large to be worth cutting.
        if (reached.unit <= kGreatestUnit)
            reached.unit = std::lcm(reached.unit, std::max<std::uint64_t>(tensor->dtype().bits / 8U, 1));
        if (reached.unit > kGreatestUnit) reached.begin = 0;
        reached.end = std::max(reached.end, begin + nbytes);
    }
}

Result<TensorView> StorageCompactor::place(const TensorView& tensor) {
    const auto found = reached_.find(tensor.storage());
    if (found == reached_.end()) return tensor;
    const Reached& reached = found->second;
    const std::uint64_t begin = reached.end == 0 ? 0 : reached.begin / reached.unit * reached.unit;
    MILEPOST_TRY_ASSIGN(StorageView storage, tensor.storage().part(begin, reached.end));
    std::uint64_t offset = tensor.element_count() == 0 ? 0 : tensor.offset() - begin;
    Strides strides = tensor.strides();
    // A transposed tensor has as many bytes as the part of the storage that it views, an expanded one more:
    // they keep their strides.
    if (reached.tensors == 1 && !tensor.is_contiguous() && tensor.nbytes() < reached.end - reached.begin) {
        MILEPOST_TRY_ASSIGN(auto copy, tensor.load());
        copies_.push_back(std::move(copy));
        storage = StorageView(std::as_const(copies_.back()).bytes());
        offset = 0;
        strides.clear();
    }
    return TensorView(tensor.dtype(), tensor.shape(), storage, offset, std::move(strides))
        .with_role(tensor.role(), tensor.requires_grad());
}

}  // namespace milepost::saving
