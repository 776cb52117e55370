#include "loading/decode_parts.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "format/decode_budget.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/value_columns.hpp"

namespace milepost::loading {

using format::DecodeBudget;
using format::EntryList;
using format::Index;
using format::IndexOffsets;
using format::kBlockNbytes;
using format::kMapNodeNbytes;

namespace {

/// Decodes parts of one file on one budget.
class PartDecoder {
public:
    using Replace = std::function<TensorView(const TensorView&)>;

    /// `replace` may be empty: tensors are views of the file.
    explicit PartDecoder(const Reader::Impl& impl, const Replace& replace = {})
        : impl_(impl),
          replace_(replace),
          index_(impl.opened.index),
          offsets_(impl.opened.offsets),
          layouts_(impl.opened),
          budget_(impl.max_decoded_bytes) {}

    Result<Value> value(std::uint32_t number) {
        if (!budget_.take(sizeof(Value))) return budget_.exceeded();
        return format::decode_value(
            index_, offsets_, number,
            [&](std::uint32_t tensor) {
                TensorView view = impl_.view(tensor, layouts_);
                return replace_ ? replace_(view) : view;
            },
            budget_);
    }

    Result<void> model(std::uint32_t number, StateDict& model) {
        MILEPOST_TRY(add_entries(offsets_.entry_list(number), model));
        MILEPOST_TRY_ASSIGN(model.metadata,
                            value(static_cast<std::uint32_t>(index_.entry_names.size()) + number));
        return {};
    }

    Result<void> optimizer(std::uint32_t number, OptimizerState& state) {
        const format::OptimizerRecord& record = index_.optimizers[number];
        std::uint32_t entry_list = offsets_.optimizer_entry_list[number];
        state.algorithm = index_.algorithms[number];
        for (std::uint32_t g = 0; g < record.group_count; ++g) {
            if (!take_group(offsets_.optimizer_group[number] + g)) return budget_.exceeded();
            auto added = group(offsets_.optimizer_group[number] + g, offsets_.entry_list(entry_list++),
                               state.param_groups.emplace_back());
            if (!added) return added;
        }
        const EntryList keys = offsets_.param_keys(number);
        for (std::uint32_t i = keys.first; i < keys.first + keys.count; ++i) {
            const std::string_view key = index_.param_keys[i];
            if (!budget_.take(sizeof(std::string) + key.size() + kBlockNbytes)) return budget_.exceeded();
            state.param_keys.emplace_back(key);
        }
        for (std::uint32_t s = 0; s < record.state_count; ++s) {
            if (!budget_.take(sizeof(Entries) + kMapNodeNbytes)) return budget_.exceeded();
            const std::uint64_t parameter = index_.states[offsets_.optimizer_state[number] + s].index;
            auto added = add_entries(offsets_.entry_list(entry_list++), state.state[parameter]);
            if (!added) return added;
        }
        auto added = add_entries(offsets_.entry_list(entry_list++), state.state_extra);
        if (!added) return added;
        return add_entries(offsets_.entry_list(entry_list), state.extra);
    }

    Result<void> checkpoint(Checkpoint& checkpoint) {
        for (std::uint32_t i = 0; i < index_.models.size(); ++i) {
            const std::string_view name = index_.model_names[i];
            if (!take_name(name, sizeof(StateDict))) return budget_.exceeded();
            MILEPOST_TRY(model(i, checkpoint.model(name)));
        }
        for (std::uint32_t i = 0; i < index_.optimizers.size(); ++i) {
            const std::string_view name = index_.optimizer_names[i];
            if (!take_name(name, sizeof(OptimizerState))) return budget_.exceeded();
            MILEPOST_TRY(optimizer(i, checkpoint.optimizer(name)));
        }
        const EntryList values = offsets_.values_entry_list();
        MILEPOST_TRY(add_entries(values, checkpoint.values()));
        return order(values, checkpoint);
    }

private:
    /// A name that is stored in two places and found by a map, with what it names.
    bool take_name(std::string_view name, std::uint64_t nbytes) noexcept {
        return budget_.take(2 * (sizeof(std::string) + name.size() + kBlockNbytes) + kMapNodeNbytes + nbytes);
    }

    Result<void> add_entries(EntryList entry_list, Entries& entries) {
        for (std::uint32_t i = entry_list.first; i < entry_list.first + entry_list.count; ++i) {
            const std::string_view name = index_.entry_names[i];
            if (!take_name(name, 0)) return budget_.exceeded();
            MILEPOST_TRY_ASSIGN(auto decoded, value(i));
            entries.add(std::string(name), std::move(decoded));
        }
        return {};
    }

    bool take_group(std::uint32_t group) noexcept {
        const format::GroupRecord& record = index_.groups[group];
        std::uint64_t nbytes = sizeof(ParamGroup) + record.param_count * sizeof(std::uint64_t) + kBlockNbytes;
        for (std::uint32_t i = 0; i < param_name_count(record); ++i)
            nbytes += sizeof(std::string) + index_.param_names[offsets_.group_name[group] + i].size() +
                      kBlockNbytes;
        return budget_.take(nbytes);
    }

    Result<void> group(std::uint32_t group, EntryList hyperparameters, ParamGroup& decoded) {
        const format::GroupRecord& record = index_.groups[group];
        MILEPOST_TRY(add_entries(hyperparameters, decoded.hyperparameters));
        const auto params = index_.params.subspan(offsets_.group_param[group], record.param_count);
        decoded.params.assign(params.begin(), params.end());
        // Where that is their usual position it is left open, so that a key that is added later comes before
        // them.
        const std::uint32_t named = record.param_names_position != format::kNoPosition ? 1 : 0;
        if (record.params_position != record.hyperparameter_count + named)
            decoded.params_position = record.params_position;
        if (named == 0) return {};
        if (record.param_names_position != record.hyperparameter_count)
            decoded.param_names_position = record.param_names_position;
        auto& names = decoded.param_names.emplace();
        names.reserve(record.param_count);
        for (std::uint32_t i = 0; i < record.param_count; ++i)
            names.emplace_back(index_.param_names[offsets_.group_name[group] + i]);
        return {};
    }

    Result<void> order(EntryList values, Checkpoint& checkpoint) {
        const std::size_t models = index_.models.size(), named = models + index_.optimizers.size();
        std::vector<std::string> order;
        order.reserve(index_.top_order.size());
        for (const std::uint32_t part : index_.top_order) {
            const std::string_view name = part < models  ? index_.model_names[part]
                                          : part < named ? index_.optimizer_names[part - models]
                                                         : index_.entry_names[values.first + (part - named)];
            if (!budget_.take(sizeof(std::string) + name.size() + kBlockNbytes)) return budget_.exceeded();
            order.emplace_back(name);
        }
        checkpoint.set_order(std::move(order));
        return {};
    }

    const Reader::Impl& impl_;
    Replace replace_;
    const Index& index_;
    const IndexOffsets& offsets_;
    SharedLayouts layouts_;
    DecodeBudget budget_;
};

/// What `decode(decoder, part)` makes of an empty part.
template <class Part, class Decode>
Result<Part> decoded(const Reader::Impl& impl, Decode decode) {
    PartDecoder decoder(impl);
    Part part;
    MILEPOST_TRY(decode(decoder, part));
    return part;
}

}  // namespace

Result<Value> decode_value(const Reader::Impl& impl, std::uint32_t value) {
    return PartDecoder(impl).value(value);
}

Result<StateDict> decode_model(const Reader::Impl& impl, std::uint32_t model) {
    return decoded<StateDict>(impl, [&](auto& decoder, auto& part) { return decoder.model(model, part); });
}

Result<OptimizerState> decode_optimizer(const Reader::Impl& impl, std::uint32_t optimizer) {
    return decoded<OptimizerState>(
        impl, [&](auto& decoder, auto& part) { return decoder.optimizer(optimizer, part); });
}

Result<Checkpoint> decode_checkpoint(const Reader::Impl& impl) {
    return decoded<Checkpoint>(impl, [](auto& decoder, auto& part) { return decoder.checkpoint(part); });
}

Result<Checkpoint> decode_checkpoint(const Reader::Impl& impl,
                                     const std::function<TensorView(const TensorView&)>& replace) {
    Checkpoint checkpoint;
    MILEPOST_TRY(PartDecoder(impl, replace).checkpoint(checkpoint));
    return checkpoint;
}

}  // namespace milepost::loading
