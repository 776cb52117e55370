#include <milepost/reader.hpp>

#include <charconv>
#include <new>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "codec/checksum.hpp"
#include "core/text.hpp"
#include "format/chunks.hpp"
#include "format/paths.hpp"
#include "format/value_columns.hpp"
#include "loading/reader_impl.hpp"

namespace milepost {
namespace {

using base::message;
using core::printable;
using format::EntryList;
using format::Index;
using format::IndexOffsets;

std::vector<std::string_view> names_of(const format::StringTable& texts) {
    std::vector<std::string_view> names;
    names.reserve(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
        names.push_back(texts[i]);
    return names;
}

std::optional<std::uint32_t> find_text(const format::StringTable& texts, std::string_view name) noexcept {
    for (std::uint32_t i = 0; i < texts.size(); ++i) {
        if (texts[i] == name) return i;
    }
    return std::nullopt;
}

bool is_tensor(const Index& index, std::uint32_t value) noexcept {
    return index.values[value].kind == static_cast<std::uint8_t>(Kind::tensor);
}

Value decode(const Reader::Impl& impl, std::uint32_t value) {
    return format::decode_value(impl.opened.index, impl.opened.offsets, value,
                                [&](std::uint32_t tensor) { return impl.view(tensor); });
}

void add_entries(const Reader::Impl& impl, EntryList entry_list, Entries& entries) {
    for (std::uint32_t i = entry_list.first; i < entry_list.first + entry_list.count; ++i) {
        entries.add(std::string(impl.opened.index.entry_names[i]), decode(impl, i));
    }
}

StateDict decode_model(const Reader::Impl& impl, std::uint32_t model) {
    StateDict state_dict;
    add_entries(impl, impl.opened.offsets.entry_list(model), state_dict);
    state_dict.metadata =
        decode(impl, static_cast<std::uint32_t>(impl.opened.index.entry_names.size()) + model);
    return state_dict;
}

ParamGroup decode_group(const Reader::Impl& impl, std::uint32_t group, EntryList hyperparameters) {
    const Index& index = impl.opened.index;
    const IndexOffsets& offsets = impl.opened.offsets;
    const format::GroupRecord& record = index.groups[group];
    ParamGroup decoded;
    add_entries(impl, hyperparameters, decoded.hyperparameters);
    const auto params = index.params.subspan(offsets.group_param[group], record.param_count);
    decoded.params.assign(params.begin(), params.end());
    // Where they stand anyway is left open, so that a key that is added later comes before them.
    const std::uint32_t named = record.param_names_position != format::kNoPosition ? 1 : 0;
    if (record.params_position != record.hyperparameter_count + named)
        decoded.params_position = record.params_position;
    if (named != 0) {
        if (record.param_names_position != record.hyperparameter_count)
            decoded.param_names_position = record.param_names_position;
        auto& names = decoded.param_names.emplace();
        for (std::uint32_t i = 0; i < record.param_count; ++i) {
            names.emplace_back(index.param_names[offsets.group_name[group] + i]);
        }
    }
    return decoded;
}

OptimizerState decode_optimizer(const Reader::Impl& impl, std::uint32_t optimizer) {
    const Index& index = impl.opened.index;
    const IndexOffsets& offsets = impl.opened.offsets;
    const format::OptimizerRecord& record = index.optimizers[optimizer];
    std::uint32_t entry_list = offsets.optimizer_entry_list[optimizer];
    OptimizerState state;
    state.algorithm = index.algorithms[optimizer];
    for (std::uint32_t g = 0; g < record.group_count; ++g) {
        state.param_groups.push_back(
            decode_group(impl, offsets.optimizer_group[optimizer] + g, offsets.entry_list(entry_list++)));
    }
    for (std::uint32_t s = 0; s < record.state_count; ++s) {
        const std::uint64_t parameter = index.states[offsets.optimizer_state[optimizer] + s].index;
        add_entries(impl, offsets.entry_list(entry_list++), state.state[parameter]);
    }
    add_entries(impl, offsets.entry_list(entry_list++), state.state_extra);
    add_entries(impl, offsets.entry_list(entry_list), state.extra);
    return state;
}

/// "state/INDEX/NAME" below an optimizer, without a walk over all tensors.
std::optional<std::uint32_t> find_state_entry(const Reader::Impl& impl, std::uint32_t optimizer,
                                              std::string_view below) {
    constexpr std::string_view kState = "state/";
    if (!below.starts_with(kState)) return std::nullopt;
    below.remove_prefix(kState.size());
    std::uint64_t parameter = 0;
    const auto [end, error] = std::from_chars(below.data(), below.data() + below.size(), parameter);
    const auto digits = static_cast<std::size_t>(end - below.data());
    if (error != std::errc() || digits == below.size() || below[digits] != '/') return std::nullopt;
    const IndexOffsets& offsets = impl.opened.offsets;
    const auto states = impl.opened.index.states.subspan(offsets.optimizer_state[optimizer],
                                                         impl.opened.index.optimizers[optimizer].state_count);
    const auto at = std::lower_bound(
        states.begin(), states.end(), parameter,
        [](const format::StateRecord& state, std::uint64_t wanted) { return state.index < wanted; });
    if (at == states.end() || at->index != parameter) return std::nullopt;
    const std::size_t entry_list = offsets.optimizer_entry_list[optimizer] +
                                   std::size_t{impl.opened.index.optimizers[optimizer].group_count} +
                                   static_cast<std::size_t>(at - states.begin());
    return format::find_entry(impl.opened.index, offsets.entry_list(entry_list), below.substr(digits + 1));
}

/// The entry that a path names, where that can be told from names alone.
std::optional<std::uint32_t> find_path(const Reader::Impl& impl, std::string_view path) {
    const Index& index = impl.opened.index;
    const IndexOffsets& offsets = impl.opened.offsets;
    auto below = [&](std::string_view owner) -> std::optional<std::string_view> {
        if (!path.starts_with(owner) || path.size() <= owner.size() || path[owner.size()] != '/')
            return std::nullopt;
        return path.substr(owner.size() + 1);
    };
    for (std::uint32_t i = 0; i < index.models.size(); ++i) {
        const auto name = below(index.model_names[i]);
        const auto entry = name ? format::find_entry(index, offsets.entry_list(i), *name) : std::nullopt;
        if (entry) return entry;
    }
    for (std::uint32_t i = 0; i < index.optimizers.size(); ++i) {
        const auto name = below(index.optimizer_names[i]);
        const auto entry = name ? find_state_entry(impl, i, *name) : std::nullopt;
        if (entry) return entry;
    }
    return format::find_entry(index, offsets.values_entry_list(), path);
}

}  // namespace

DtypeInfo Reader::Impl::dtype(std::uint8_t code) const {
    if (const auto known = find_dtype(static_cast<Dtype>(code))) return *known;
    const Index& index = opened.index;
    std::size_t i = 0;
    while (index.dtypes[i].code != code)
        ++i;  // rule 23: it is listed
    return {static_cast<Dtype>(code), index.dtypes[i].bits, index.dtype_names[i]};
}

TensorView Reader::Impl::view(std::uint32_t tensor) const {
    const Index& index = opened.index;
    const std::uint32_t number = index.tensor_layouts[tensor];
    const format::LayoutRecord& layout = index.layouts[number];
    const auto dims = index.dims.subspan(opened.offsets.layout_dims[number]);
    const auto shape = dims.first(layout.rank);
    const auto strides =
        is_strided(layout) ? dims.subspan(layout.rank, layout.rank) : std::span<const std::uint64_t>();
    const std::uint32_t storage = index.storage_of(tensor);
    const std::uint32_t value = opened.offsets.tensor_value[tensor];
    const std::uint8_t subtype = index.values[value].subtype;
    TensorView view(dtype(layout.dtype), Shape(shape.begin(), shape.end()),
                    StorageView(*storages, storage, opened.offsets.storage_nbytes(index, storage)),
                    index.offset_of(tensor), Strides(strides.begin(), strides.end()));
    view = view.with_role(static_cast<Role>(subtype & 3U), (subtype & 4U) != 0);
    const bool is_entry = value < index.entry_names.size();
    view.set_origin(is_entry ? index.entry_names[value] : std::string_view(), tensor);
    return view;
}

std::uint32_t Reader::format_version() const noexcept {
    return impl_->opened.header.format_version;
}
std::uint64_t Reader::file_size() const noexcept {
    return impl_->opened.footer.file_size;
}
std::uint32_t Reader::alignment() const noexcept {
    return impl_->opened.header.alignment;
}
std::uint64_t Reader::unknown_optional_flags() const noexcept {
    return impl_->opened.header.optional_flags;
}
Access Reader::access() const noexcept {
    return impl_->mapping.bytes().empty() ? Access::read : Access::mapped;
}
const std::vector<Error>& Reader::warnings() const noexcept {
    return impl_->opened.warnings;
}

std::vector<std::string_view> Reader::models() const& {
    return names_of(impl_->opened.index.model_names);
}
std::vector<std::string_view> Reader::optimizers() const& {
    return names_of(impl_->opened.index.optimizer_names);
}

std::vector<std::string_view> Reader::values() const& {
    const EntryList entry_list = impl_->opened.offsets.values_entry_list();
    std::vector<std::string_view> names;
    for (std::uint32_t i = 0; i < entry_list.count; ++i)
        names.push_back(impl_->opened.index.entry_names[entry_list.first + i]);
    return names;
}

Result<TensorView> Reader::tensor(std::string_view model, std::string_view name) const& try {
    const Index& index = impl_->opened.index;
    const auto number = find_text(index.model_names, model);
    if (!number) return Error(Condition::model, message("there is no model '", printable(model), "'"));
    const auto entry = format::find_entry(index, impl_->opened.offsets.entry_list(*number), name);
    if (!entry) {
        return Error(Condition::tensor,
                     message("model '", printable(model), "' has no entry '", printable(name), "'"));
    }
    if (!is_tensor(index, *entry)) {
        return Error(Condition::wrong_type,
                     message("entry '", printable(name), "' of model '", printable(model), "' is no tensor"));
    }
    return impl_->view(impl_->opened.offsets.share[*entry]);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<TensorView> Reader::tensor(std::string_view path) const& try {
    const Index& index = impl_->opened.index;
    const IndexOffsets& offsets = impl_->opened.offsets;
    if (const auto entry = find_path(*impl_, path); entry && is_tensor(index, *entry))
        return impl_->view(offsets.share[*entry]);
    // Hyperparameters, and tensors inside of values: few.
    for (std::uint32_t i = 0; i < index.tensor_layouts.size(); ++i) {
        if (format::tensor_path(index, offsets, i) == path) return impl_->view(i);
    }
    return Error(Condition::tensor, message("there is no tensor '", printable(path), "'"));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

std::vector<TensorView> Reader::tensors(std::string_view model) const& {
    std::vector<TensorView> views;
    const auto number = find_text(impl_->opened.index.model_names, model);
    if (!number) return views;
    const EntryList entry_list = impl_->opened.offsets.entry_list(*number);
    for (std::uint32_t i = entry_list.first; i < entry_list.first + entry_list.count; ++i) {
        if (is_tensor(impl_->opened.index, i)) views.push_back(impl_->view(impl_->opened.offsets.share[i]));
    }
    return views;
}

std::vector<TensorView> Reader::tensors() const& {
    std::vector<TensorView> views;
    views.reserve(impl_->opened.index.tensor_layouts.size());
    for (std::uint32_t i = 0; i < impl_->opened.index.tensor_layouts.size(); ++i)
        views.push_back(impl_->view(i));
    return views;
}

std::string Reader::tensor_path(std::uint32_t number) const {
    if (number >= impl_->opened.index.tensor_layouts.size()) return {};
    return format::tensor_path(impl_->opened.index, impl_->opened.offsets, number);
}

Result<StateDict> Reader::model(std::string_view name) const& try {
    const auto number = find_text(impl_->opened.index.model_names, name);
    if (!number) return Error(Condition::model, message("there is no model '", printable(name), "'"));
    return decode_model(*impl_, *number);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<OptimizerState> Reader::optimizer(std::string_view name) const& try {
    const auto number = find_text(impl_->opened.index.optimizer_names, name);
    if (!number) return Error(Condition::optimizer, message("there is no optimizer '", printable(name), "'"));
    return decode_optimizer(*impl_, *number);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<Value> Reader::value(std::string_view name) const& try {
    const auto entry =
        format::find_entry(impl_->opened.index, impl_->opened.offsets.values_entry_list(), name);
    if (!entry) return Error(Condition::value, message("there is no value '", printable(name), "'"));
    return decode(*impl_, *entry);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Checkpoint Reader::checkpoint() const& {
    const Index& index = impl_->opened.index;
    const EntryList values = impl_->opened.offsets.values_entry_list();
    Checkpoint checkpoint;
    std::vector<std::string> parts;
    for (std::uint32_t i = 0; i < index.models.size(); ++i) {
        parts.emplace_back(index.model_names[i]);
        checkpoint.model(parts.back()) = decode_model(*impl_, i);
    }
    for (std::uint32_t i = 0; i < index.optimizers.size(); ++i) {
        parts.emplace_back(index.optimizer_names[i]);
        checkpoint.optimizer(parts.back()) = decode_optimizer(*impl_, i);
    }
    add_entries(*impl_, values, checkpoint.values());
    for (std::uint32_t i = 0; i < values.count; ++i)
        parts.emplace_back(index.entry_names[values.first + i]);
    std::vector<std::string> order;
    for (const std::uint32_t part : index.top_order)
        order.push_back(parts[part]);
    checkpoint.set_order(std::move(order));
    return checkpoint;
}

std::vector<StorageInfo> Reader::storages() const {
    const Index& index = impl_->opened.index;
    std::vector<StorageInfo> storages;
    std::vector<std::byte> digests;
    const format::IndexOffsets& offsets = impl_->opened.offsets;
    for (std::uint32_t i = 0; i < index.storage_count(); ++i) {
        StorageInfo info{};
        info.nbytes = offsets.storage_nbytes(index, i);
        info.offset = info.nbytes == 0 ? 0 : offsets.storage_begin[i];
        info.chunks = format::chunk_count(offsets, i);
        info.codec = static_cast<Codec>(index.codec_of(i).code);
        digests.clear();
        for (format::ChunkIterator walk(index, offsets, i); !walk.done(); walk.next()) {
            info.stored_nbytes += walk.chunk().stored_nbytes;
            digests.insert(digests.end(), walk.chunk().raw_checksum->begin(),
                           walk.chunk().raw_checksum->end());
        }
        info.content_hash = codec::checksum128(digests);
        storages.push_back(info);
    }
    return storages;
}

}  // namespace milepost
