#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "format/index.hpp"
#include "saving/storage_columns.hpp"
#include "saving/storage_compactor.hpp"

namespace milepost::saving {

/// The storages of a file that is being written, by the view they came from; numbered in file order.
class StorageNumbers {
public:
    /// The number of a storage; the next free one if it is new.
    std::uint32_t number_of(const StorageView& view) {
        return numbers_.try_emplace(view, static_cast<std::uint32_t>(numbers_.size())).first->second;
    }
    [[nodiscard]] bool knows(const StorageView& view) const { return numbers_.contains(view); }
    [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }

private:
    std::map<StorageView, std::uint32_t> numbers_;
};

/// Layouts, each once, numbered by the first tensor that has them.
class LayoutNumbers {
public:
    /// The number of the tensor's layout in `columns`, to which it is added if it is new.
    std::uint32_t number_of(const TensorView& tensor, format::IndexColumns& columns);

private:
    std::map<std::vector<std::uint64_t>, std::uint32_t> numbers_;  ///< by dtype, flags, dims and strides
};

/// A checkpoint as the columns of an index, without those that describe storages and chunks, and the storages
/// that are not written yet. Borrows from the checkpoint only the memory that its views refer to.
class Plan {
public:
    /// `numbers` knows the storages written before, and learns the new ones. Errors: those of Writer::commit.
    /// Throws std::bad_alloc.
    [[nodiscard]] static Result<Plan> make(const Checkpoint& checkpoint, StorageNumbers& numbers,
                                           const SaveOptions& options);

    /// Storages that `numbers` did not know, in their order.
    [[nodiscard]] const std::vector<StorageView>& new_storages() const noexcept { return new_storages_; }
    /// All columns. Borrows from the plan and from `storages`.
    [[nodiscard]] format::Index index(const StorageColumns& storages) const noexcept;

private:
    Plan() = default;
    friend class PlanMaker;

    format::IndexColumns columns_;     ///< the columns of storages are empty
    bool all_fill_their_own_ = false;  ///< tensor i is storage i, from its first byte to its last
    std::vector<StorageView> new_storages_;
    std::optional<StorageCompactor> compactor_;  ///< holds what it made contiguous
};

}  // namespace milepost::saving
