#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "format/index.hpp"
#include "saving/content_paths.hpp"
#include "saving/new_storage.hpp"
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
/// that are not written yet. Borrows from the checkpoint and from `options`.
class Plan {
public:
    /// `numbers` knows the storages written before, and learns the new ones. Errors: those of Writer::commit.
    /// Throws std::bad_alloc.
    [[nodiscard]] static Result<Plan> make(const Checkpoint& checkpoint, StorageNumbers& numbers,
                                           const SaveOptions& options);

    /// Storages that `numbers` did not know, in their order.
    [[nodiscard]] const std::vector<NewStorage>& new_storages() const noexcept { return new_storages_; }
    /// The same, to replace their views by views of equal bytes.
    [[nodiscard]] std::vector<NewStorage>& new_storages() noexcept { return new_storages_; }
    /// The first storage that was written before the plan and that no tensor of it views; nothing if there is
    /// none. Throws std::bad_alloc.
    [[nodiscard]] std::optional<std::size_t> find_unviewed_storage() const;

    /// The path of a tensor; of the first tensor on a storage of new_storages(). For messages, escaped. Throw
    /// std::bad_alloc.
    ///@{
    [[nodiscard]] std::string path_of_tensor(std::size_t tensor) const;
    [[nodiscard]] std::string path_of_new_storage(std::size_t number) const;
    ///@}
    /// Checks everything that is known before storages are written: the rules on the content, and the least
    /// size of the index. Errors: those of Writer::commit, led by the path of what they are about. Throws
    /// std::bad_alloc.
    [[nodiscard]] Result<void> check(const StorageColumns& storages) const;

    /// All columns. Borrows from the plan and from `storages`.
    [[nodiscard]] format::Index index(const StorageColumns& storages) const noexcept;

private:
    Plan(ContentPaths paths, const Limits& limits) : paths_(std::move(paths)), limits_(&limits) {}
    friend class PlanMaker;

    ContentPaths paths_;
    const Limits* limits_;
    format::IndexColumns columns_;       ///< the columns of storages are empty
    bool all_fill_their_own_ = false;    ///< tensor i is storage i, from its first byte to its last
    std::size_t first_new_storage_ = 0;  ///< number of new_storages_[0]
    std::vector<NewStorage> new_storages_;
    std::optional<StorageCompactor> compactor_;  ///< holds what it made contiguous
};

}  // namespace milepost::saving
