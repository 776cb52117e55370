#include "saving/plan.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

#include "base/message.hpp"
#include "core/layout.hpp"
#include "core/text.hpp"

namespace milepost::saving {

using base::message;
using core::printable;

void TextColumn::add(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    ends_.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

std::uint32_t LayoutColumn::number_of(const TensorView& tensor) {
    const auto dtype = static_cast<std::uint8_t>(tensor.dtype().code);
    const auto flags = static_cast<std::uint8_t>(tensor.is_contiguous() ? 0 : format::kStridedFlag);
    std::vector<std::uint64_t> key{dtype, flags};
    key.insert(key.end(), tensor.shape().begin(), tensor.shape().end());
    key.insert(key.end(), tensor.strides().begin(), tensor.strides().end());
    const auto [at, is_new] =
        numbers_.try_emplace(std::move(key), static_cast<std::uint32_t>(numbers_.size()));
    if (is_new) {
        records_.push_back({dtype, static_cast<std::uint8_t>(tensor.rank()), flags, 0});
        dims_.insert(dims_.end(), at->first.begin() + 2, at->first.end());
    }
    return at->second;
}

/// Walks a checkpoint in the order of the file (docs/format.md, section 6.1) and fills the columns.
class PlanMaker {
public:
    PlanMaker(StorageNumbers& numbers, const SaveOptions& options)
        : numbers_(numbers), options_(options), limits_(options.limits) {}

    Result<Plan> make(const Checkpoint& checkpoint) {
        for (const auto& [name, model] : checkpoint.models())
            add_model(name, model);
        for (const auto& [name, optimizer] : checkpoint.optimizers()) {
            if (auto added = add_optimizer(name, optimizer); !added) return std::move(added).error();
        }
        add_entry_list(checkpoint.values());
        for (const auto& [name, model] : checkpoint.models())
            roots_.push_back(&model.metadata);
        if (auto ordered = add_top_order(checkpoint); !ordered) return std::move(ordered).error();
        if (auto added = add_values(); !added) return std::move(added).error();
        return std::move(plan_);
    }

private:
    void add_model(std::string_view name, const StateDict& model) {
        plan_.model_names_.add(name);
        plan_.models_.push_back({static_cast<std::uint32_t>(model.size())});
        add_entry_list(model);
    }

    Result<void> add_optimizer(std::string_view name, const OptimizerState& optimizer) {
        plan_.optimizer_names_.add(name);
        plan_.algorithms_.add(optimizer.algorithm);
        plan_.optimizers_.push_back({static_cast<std::uint32_t>(optimizer.param_groups.size()),
                                     static_cast<std::uint32_t>(optimizer.state.size()),
                                     static_cast<std::uint32_t>(optimizer.state_extra.size()),
                                     static_cast<std::uint32_t>(optimizer.extra.size())});
        for (const ParamGroup& group : optimizer.param_groups) {
            if (auto added = add_group(name, group); !added) return added;
        }
        for (const auto& [index, entries] : optimizer.state) {
            plan_.states_.push_back({index, static_cast<std::uint32_t>(entries.size()), 0});
            add_entry_list(entries);
        }
        add_entry_list(optimizer.state_extra);
        add_entry_list(optimizer.extra);
        return {};
    }

    Result<void> add_group(std::string_view optimizer, const ParamGroup& group) {
        const auto hyperparameters = static_cast<std::uint32_t>(group.hyperparameters.size());
        const bool named = group.param_names.has_value();
        if (named && group.param_names->size() != group.params.size()) {
            return Error(Condition::layout,
                         message("optimizer '", printable(optimizer), "': a group of ", group.params.size(),
                                 " params has ", group.param_names->size(), " param_names"));
        }
        format::GroupRecord record{hyperparameters, static_cast<std::uint32_t>(group.params.size()), 0,
                                   format::kNoPosition};
        record.params_position = group.params_position.value_or(hyperparameters + (named ? 1 : 0));
        if (named) record.param_names_position = group.param_names_position.value_or(hyperparameters);
        plan_.groups_.push_back(record);
        plan_.params_.insert(plan_.params_.end(), group.params.begin(), group.params.end());
        if (named) {
            for (const std::string& name : *group.param_names)
                plan_.param_names_.add(name);
        }
        add_entry_list(group.hyperparameters);
        return {};
    }

    void add_entry_list(const Entries& entries) {
        const auto first = static_cast<std::ptrdiff_t>(plan_.entry_order_.size());
        for (const auto& [name, value] : entries) {
            plan_.entry_names_.add(name);
            roots_.push_back(&value);
        }
        plan_.entry_order_.resize(plan_.entry_order_.size() + entries.size());
        const auto begin = plan_.entry_order_.begin() + first;
        std::iota(begin, plan_.entry_order_.end(), 0U);
        const auto& items = entries.items();
        std::sort(begin, plan_.entry_order_.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return items[a].first < items[b].first; });
    }

    /// The parts that the order names, then the others as they were added.
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
            plan_.top_order_.push_back(part->second);
        }
        for (std::uint32_t part = 0; part < names.size(); ++part) {
            if (!placed[part]) plan_.top_order_.push_back(part);
        }
        return {};
    }

    Result<void> add_values() {
        auto columns = format::encode_values(roots_, limits_);
        if (!columns) return std::move(columns).error();
        plan_.values_ = std::move(columns->records);
        plan_.value_sizes_ = std::move(columns->sizes);
        plan_.value_bytes_ = std::move(columns->bytes);
        for (const TensorView* tensor : columns->tensors) {
            if (auto fits = tensor->check_layout(); !fits) return fits;
        }
        if (options_.compact) {
            plan_.compactor_.emplace(columns->tensors,
                                     [&](const StorageView& storage) { return !numbers_.knows(storage); });
        }
        std::map<std::uint8_t, DtypeInfo> dtypes;
        for (const TensorView* tensor : columns->tensors) {
            auto placed = plan_.compactor_ ? plan_.compactor_->place(*tensor) : *tensor;
            if (!placed) return std::move(placed).error();
            if (auto added = add_tensor(*placed, dtypes); !added) return added;
        }
        for (const auto& [code, dtype] : dtypes) {
            plan_.dtypes_.push_back({code, 0, dtype.bits});
            plan_.dtype_names_.add(dtype.name);
        }
        leave_out_what_is_usual();
        return {};
    }

    /// Section 10: these columns are empty where they would say nothing.
    void leave_out_what_is_usual() {
        auto& storages = plan_.tensor_storages_;
        bool is_usual = storages.size() == numbers_.size();
        for (std::size_t i = 0; i < storages.size() && is_usual; ++i)
            is_usual = storages[i] == i;
        if (is_usual) storages.clear();
        auto& offsets = plan_.tensor_offsets_;
        if (std::all_of(offsets.begin(), offsets.end(), [](std::uint64_t offset) { return offset == 0; }))
            offsets.clear();
        plan_.all_fill_their_own_ = is_usual && offsets.empty() && all_fill_;
    }

    Result<void> add_tensor(const TensorView& tensor, std::map<std::uint8_t, DtypeInfo>& dtypes) {
        const auto code = static_cast<std::uint8_t>(tensor.dtype().code);
        if (!(dtypes.try_emplace(code, tensor.dtype()).first->second == tensor.dtype())) {
            return Error(Condition::layout,
                         message("two tensors have dtype code ", code, " but not the same dtype"));
        }
        if (tensor.rank() > std::min<std::uint32_t>(limits_.max_rank, 64)) {
            return Error(Condition::rank, message("a tensor has rank ", tensor.rank(), ", the limit is ",
                                                  std::min<std::uint32_t>(limits_.max_rank, 64)));
        }
        const std::size_t known = numbers_.size();
        const std::uint32_t storage = numbers_.number_of(tensor.storage());
        if (numbers_.size() != known) plan_.new_storages_.push_back(tensor.storage());
        plan_.tensor_layouts_.push_back(plan_.layouts_.number_of(tensor));
        plan_.tensor_storages_.push_back(storage);
        plan_.tensor_offsets_.push_back(tensor.offset());
        all_fill_ =
            all_fill_ && tensor.storage().nbytes() ==
                             core::extent_nbytes(tensor.shape(), tensor.strides(), tensor.dtype().bits);
        return {};
    }

    StorageNumbers& numbers_;
    const SaveOptions& options_;
    const Limits& limits_;
    std::vector<const Value*> roots_;
    bool all_fill_ = true;  ///< each tensor, so far, has as many bytes as its storage
    Plan plan_;
};

Result<Plan> Plan::make(const Checkpoint& checkpoint, StorageNumbers& numbers, const SaveOptions& options) {
    return PlanMaker(numbers, options).make(checkpoint);
}

format::Index Plan::index(const StorageColumns& storages) const noexcept {
    return {
        .model_names = model_names_.texts(),
        .optimizer_names = optimizer_names_.texts(),
        .algorithms = algorithms_.texts(),
        .entry_names = entry_names_.texts(),
        .param_names = param_names_.texts(),
        .dtype_names = dtype_names_.texts(),
        .models = models_,
        .optimizers = optimizers_,
        .groups = groups_,
        .params = params_,
        .states = states_,
        .entry_order = entry_order_,
        .top_order = top_order_,
        .values = values_,
        .value_sizes = value_sizes_,
        .value_bytes = value_bytes_,
        .dtypes = dtypes_,
        .layouts = layouts_.records(),
        .dims = layouts_.dims(),
        .tensor_layouts = tensor_layouts_,
        .tensor_storages = tensor_storages_,
        .tensor_offsets = tensor_offsets_,
        .storage_nbytes = all_fill_their_own_ ? std::span<const std::uint64_t>() : storages.storage_nbytes,
        .storage_codecs = storages.storage_codecs(),
        .stored_checksums = storages.stored_checksums,
        .stored_nbytes = storages.stored_nbytes,
        .raw_checksums = storages.raw_checksums,
    };
}

}  // namespace milepost::saving
