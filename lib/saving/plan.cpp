#include "saving/plan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"
#include "core/layout.hpp"
#include "core/text.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/value_columns.hpp"
#include "saving/check_tensor.hpp"
#include "saving/content_paths.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

using base::message;
using core::printable;

std::uint32_t LayoutNumbers::number_of(const TensorView& tensor, format::IndexColumns& columns) {
    const auto dtype = static_cast<std::uint8_t>(tensor.dtype().code);
    const auto flags = static_cast<std::uint8_t>(tensor.is_contiguous() ? 0 : format::kStridedFlag);
    std::vector<std::uint64_t> key{dtype, flags};
    key.insert(key.end(), tensor.shape().begin(), tensor.shape().end());
    key.insert(key.end(), tensor.strides().begin(), tensor.strides().end());
    const auto [at, is_new] =
        numbers_.try_emplace(std::move(key), static_cast<std::uint32_t>(numbers_.size()));
    if (is_new) {
        columns.layouts.push_back({dtype, static_cast<std::uint8_t>(tensor.rank()), flags, 0});
        columns.dims.insert(columns.dims.end(), at->first.begin() + 2, at->first.end());
    }
    return at->second;
}

/// Walks a checkpoint in the order of the file (docs/format.md, section 6.1) and fills the columns.
class PlanMaker {
public:
    PlanMaker(const Checkpoint& checkpoint, StorageNumbers& numbers, const SaveOptions& options)
        : numbers_(numbers),
          options_(options),
          limits_(options.limits),
          plan_(ContentPaths(checkpoint, options.limits), options.limits) {
        plan_.first_new_storage_ = numbers.size();
    }

    Result<Plan> make(const Checkpoint& checkpoint) {
        for (const auto& [name, model] : checkpoint.models())
            add_model(name, model);
        for (const auto& [name, optimizer] : checkpoint.optimizers()) {
            MILEPOST_TRY(add_optimizer(name, optimizer));
        }
        add_entry_list({}, checkpoint.values());
        paths_.add_metadata();
        MILEPOST_TRY(add_top_order(checkpoint));
        MILEPOST_TRY(add_values());
        return std::move(plan_);
    }

private:
    void add_model(std::string_view name, const StateDict& model) {
        columns_.model_names.add(name);
        columns_.models.push_back({static_cast<std::uint32_t>(model.size())});
        add_entry_list({name}, model);
    }

    Result<void> add_optimizer(std::string_view name, const OptimizerState& optimizer) {
        columns_.optimizer_names.add(name);
        columns_.algorithms.add(optimizer.algorithm);
        columns_.optimizers.push_back({static_cast<std::uint32_t>(optimizer.param_groups.size()),
                                       static_cast<std::uint32_t>(optimizer.state.size()),
                                       static_cast<std::uint32_t>(optimizer.state_extra.size()),
                                       static_cast<std::uint32_t>(optimizer.extra.size())});
        for (std::size_t i = 0; i < optimizer.param_groups.size(); ++i) {
            if (auto added = add_group({name, "param_groups", i, &optimizer}, optimizer.param_groups[i]);
                !added)
                return added;
        }
        add_param_keys(optimizer.param_keys);
        for (const auto& [index, entries] : optimizer.state) {
            columns_.states.push_back({index, static_cast<std::uint32_t>(entries.size()), 0});
            add_entry_list({name, "state", index, &optimizer}, entries);
        }
        add_entry_list({name, "state", {}, &optimizer}, optimizer.state_extra);
        add_entry_list({name, {}, {}, &optimizer}, optimizer.extra);
        return {};
    }

    Result<void> add_group(const ContentPaths::ListName& name, const ParamGroup& group) {
        const auto hyperparameters = static_cast<std::uint32_t>(group.hyperparameters.size());
        const bool named = group.param_names.has_value();
        if (named && group.param_names->size() != group.params.size()) {
            return Error(Condition::layout, message(printable(name.owner), "/param_groups/", *name.number,
                                                    ": a group of ", group.params.size(), " params has ",
                                                    group.param_names->size(), " param_names"));
        }
        format::GroupRecord record{hyperparameters, static_cast<std::uint32_t>(group.params.size()), 0,
                                   format::kNoPosition};
        record.params_position = group.params_position.value_or(hyperparameters + (named ? 1 : 0));
        if (named) record.param_names_position = group.param_names_position.value_or(hyperparameters);
        columns_.groups.push_back(record);
        columns_.params.insert(columns_.params.end(), group.params.begin(), group.params.end());
        if (named) {
            for (const std::string& param : *group.param_names)
                columns_.param_names.add(param);
        }
        add_entry_list(name, group.hyperparameters);
        return {};
    }

    void add_entry_list(const ContentPaths::ListName& list, const Entries& entries) {
        paths_.add_list(list, entries);
        for (const auto& [name, value] : entries)
            columns_.entry_names.add(name);
        const auto& items = entries.items();
        add_order(columns_.entry_order, entries.size(),
                  [&](std::uint32_t a, std::uint32_t b) { return items[a].first < items[b].first; });
    }

    void add_param_keys(const std::vector<std::string>& keys) {
        columns_.param_key_counts.push_back(static_cast<std::uint32_t>(keys.size()));
        for (const std::string& key : keys)
            columns_.param_keys.add(key);
        add_order(columns_.param_key_order, keys.size(),
                  [&](std::uint32_t a, std::uint32_t b) { return keys[a] < keys[b]; });
    }

    /// Appends the numbers below `count`, in the order of `less`.
    template <class Less>
    static void add_order(std::vector<std::uint32_t>& order, std::size_t count, Less less) {
        const std::size_t first = order.size();
        order.resize(first + count);
        const auto begin = order.begin() + static_cast<std::ptrdiff_t>(first);
        std::iota(begin, order.end(), 0U);
        std::sort(begin, order.end(), less);
    }

    /// First the parts that Checkpoint::order() names, then the others in the order in which they were added.
    Result<void> add_top_order(const Checkpoint& checkpoint) {
        std::map<std::string_view, std::uint32_t> parts;
        std::vector<std::string_view> names;
        for (const auto& [name, model] : checkpoint.models())
            names.push_back(name);
        for (const auto& [name, optimizer] : checkpoint.optimizers())
            names.push_back(name);
        for (const auto& [name, value] : checkpoint.values())
            names.push_back(name);
        for (const std::string_view name : names) {
            if (parts.try_emplace(name, static_cast<std::uint32_t>(parts.size())).second) continue;
            return Error(Condition::save_name,
                         message("two parts of the checkpoint are called '", printable(name), "'"));
        }
        std::vector<bool> placed(names.size());
        for (const std::string& name : checkpoint.order()) {
            const auto part = parts.find(name);
            if (part == parts.end() || placed[part->second]) continue;
            placed[part->second] = true;
            columns_.top_order.push_back(part->second);
        }
        for (std::uint32_t part = 0; part < names.size(); ++part) {
            if (!placed[part]) columns_.top_order.push_back(part);
        }
        return {};
    }

    Result<void> add_values() {
        std::size_t failed = 0;
        auto columns = format::encode_values(paths_.roots(), limits_, failed);
        if (!columns) return columns.error().within(paths_.of_value(failed));
        columns_.values = std::move(columns->records);
        columns_.value_sizes = std::move(columns->sizes);
        columns_.value_bytes = std::move(columns->bytes);
        for (std::size_t i = 0; i < columns->tensors.size(); ++i) {
            if (auto fits = check_tensor(*columns->tensors[i], limits_); !fits)
                return within_tensor(i, fits.error());
        }
        if (options_.compact) {
            plan_.compactor_.emplace(columns->tensors,
                                     [&](const StorageView& storage) { return !numbers_.knows(storage); });
        }
        std::map<std::uint8_t, DtypeInfo> dtypes;
        for (std::size_t i = 0; i < columns->tensors.size(); ++i) {
            const TensorView& tensor = *columns->tensors[i];
            auto placed = plan_.compactor_ ? plan_.compactor_->place(tensor) : tensor;
            if (!placed) return within_tensor(i, placed.error());
            if (auto added = add_tensor(*placed, dtypes); !added) return within_tensor(i, added.error());
        }
        for (const auto& [code, dtype] : dtypes) {
            columns_.dtypes.push_back({code, 0, dtype.bits});
            columns_.dtype_names.add(dtype.name);
        }
        omit_default_columns();
        return {};
    }

    /// Section 10: default-valued columns are omitted.
    void omit_default_columns() {
        auto& storages = columns_.tensor_storages;
        bool is_default = storages.size() == numbers_.size();
        for (std::size_t i = 0; i < storages.size() && is_default; ++i)
            is_default = storages[i] == i;
        if (is_default) storages.clear();
        auto& offsets = columns_.tensor_offsets;
        if (std::all_of(offsets.begin(), offsets.end(), [](std::uint64_t offset) { return offset == 0; }))
            offsets.clear();
        auto& key_counts = columns_.param_key_counts;
        if (std::all_of(key_counts.begin(), key_counts.end(), [](std::uint32_t count) { return count == 0; }))
            key_counts.clear();
        plan_.all_fill_their_own_ = is_default && offsets.empty() && all_fill_;
    }

    Result<void> add_tensor(const TensorView& tensor, std::map<std::uint8_t, DtypeInfo>& dtypes) {
        const auto code = static_cast<std::uint8_t>(tensor.dtype().code);
        if (!(dtypes.try_emplace(code, tensor.dtype()).first->second == tensor.dtype())) {
            return Error(Condition::layout,
                         message("two tensors have dtype code ", code, " but not the same dtype"));
        }
        const std::size_t known = numbers_.size();
        const std::uint32_t storage = numbers_.number_of(tensor.storage());
        if (numbers_.size() != known) plan_.new_storages_.push_back({tensor.storage(), tensor.dtype().code});
        columns_.tensor_layouts.push_back(layouts_.number_of(tensor, columns_));
        columns_.tensor_storages.push_back(storage);
        columns_.tensor_offsets.push_back(tensor.offset());
        all_fill_ =
            all_fill_ && tensor.storage().nbytes() ==
                             core::extent_nbytes(tensor.shape(), tensor.strides(), tensor.dtype().bits);
        return {};
    }

    /// The error, led by the path of the tensor of that number.
    [[nodiscard]] Error within_tensor(std::size_t tensor, const Error& error) const {
        return error.within(plan_.path_of_tensor(tensor));
    }

    StorageNumbers& numbers_;
    const SaveOptions& options_;
    const Limits& limits_;
    bool all_fill_ = true;  ///< each tensor, so far, has as many bytes as its storage
    LayoutNumbers layouts_;
    Plan plan_;
    ContentPaths& paths_ = plan_.paths_;
    format::IndexColumns& columns_ = plan_.columns_;
};

Result<Plan> Plan::make(const Checkpoint& checkpoint, StorageNumbers& numbers, const SaveOptions& options) {
    return PlanMaker(checkpoint, numbers, options).make(checkpoint);
}

format::Index Plan::index(const StorageColumns& storages) const noexcept {
    format::Index index = columns_.view();
    if (!all_fill_their_own_) index.storage_nbytes = storages.storage_nbytes;
    index.storage_codecs = storages.storage_codecs();
    index.stored_checksums = storages.stored_checksums;
    index.stored_nbytes = storages.stored_nbytes;
    index.raw_checksums = storages.raw_checksums;
    return index;
}

}  // namespace milepost::saving
