#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "format/index.hpp"
#include "format/value_columns.hpp"
#include "saving/chunk_pipeline.hpp"
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

/// Names in one pool, as the index keeps them.
class TextColumn {
public:
    void add(std::string_view text);
    [[nodiscard]] format::StringTable texts() const noexcept { return {ends_, bytes_}; }

private:
    std::vector<std::uint32_t> ends_;
    std::vector<std::byte> bytes_;
};

/// Layouts, each once, numbered by the first tensor that has them.
class LayoutColumn {
public:
    std::uint32_t number_of(const TensorView& tensor);
    [[nodiscard]] std::span<const format::LayoutRecord> records() const noexcept { return records_; }
    [[nodiscard]] std::span<const std::uint64_t> dims() const noexcept { return dims_; }

private:
    std::map<std::vector<std::uint64_t>, std::uint32_t> numbers_;  ///< by dtype, flags, dims and strides
    std::vector<format::LayoutRecord> records_;
    std::vector<std::uint64_t> dims_;
};

/// A checkpoint as the columns of an index, all but the places of storages and chunks, and the storages that
/// are still to be written. Borrows nothing from the checkpoint but what its views view.
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

    TextColumn model_names_, optimizer_names_, algorithms_, entry_names_, param_names_, dtype_names_;
    std::vector<format::ModelRecord> models_;
    std::vector<format::OptimizerRecord> optimizers_;
    std::vector<format::GroupRecord> groups_;
    std::vector<std::uint64_t> params_;
    std::vector<format::StateRecord> states_;
    std::vector<std::uint32_t> entry_order_;
    std::vector<std::uint32_t> top_order_;
    std::vector<format::ValueRecord> values_;
    std::vector<std::uint32_t> value_sizes_;
    std::vector<std::byte> value_bytes_;
    std::vector<format::DtypeRecord> dtypes_;
    LayoutColumn layouts_;
    std::vector<std::uint32_t> tensor_layouts_, tensor_storages_;
    std::vector<std::uint64_t> tensor_offsets_;
    bool all_fill_their_own_ = false;  ///< tensor i is storage i, from its first byte to its last
    std::vector<StorageView> new_storages_;
    std::optional<StorageCompactor> compactor_;  ///< holds what it made contiguous
};

}  // namespace milepost::saving
