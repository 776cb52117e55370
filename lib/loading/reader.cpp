#include <milepost/reader.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/digest.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/storage_provider.hpp"
#include "core/text.hpp"
#include "format/chunks.hpp"
#include "format/content_digests.hpp"
#include "format/digest_stream.hpp"
#include "format/find_value.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/paths.hpp"
#include "loading/decode_parts.hpp"
#include "loading/open.hpp"
#include "loading/reader_impl.hpp"
#include "loading/shared_layouts.hpp"

namespace milepost {
namespace {

using base::message;
using core::printable;
using format::EntryList;
using format::Index;

std::vector<std::string> names_of(const format::StringTable& texts) {
    std::vector<std::string> names;
    names.reserve(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
        names.emplace_back(texts[i]);
    return names;
}

Error no_tensor(std::uint32_t number, std::uint32_t count) {
    return {Condition::tensor, message("there is no tensor ", number, ", the file has ", count)};
}

bool is_tensor(const Index& index, std::uint32_t value) noexcept {
    return index.values[value].kind == static_cast<std::uint8_t>(Kind::tensor);
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
    return view(tensor, loading::make_layout(opened, opened.index.tensor_layouts[tensor]));
}

TensorView Reader::Impl::view(std::uint32_t tensor, loading::SharedLayouts& layouts) const {
    return view(tensor, layouts.get(opened.index.tensor_layouts[tensor]));
}

TensorView Reader::Impl::view(std::uint32_t tensor, loading::SharedLayouts::Layout layout) const {
    const Index& index = opened.index;
    const std::uint32_t storage = index.storage_of(tensor);
    const std::uint32_t value = opened.offsets.tensor_value[tensor];
    const std::uint8_t subtype = index.values[value].subtype;
    const DtypeInfo type = dtype(index.layouts[index.tensor_layouts[tensor]].dtype);
    StorageView bytes = detail::ViewAccess::storage({shared_from_this(), &*storages}, storage,
                                                    opened.offsets.storage_nbytes(index, storage));
    TensorView view =
        detail::ViewAccess::view(type, std::move(layout), std::move(bytes), index.offset_of(tensor));
    view = view.with_role(static_cast<Role>(subtype & 3U), (subtype & 4U) != 0);
    const bool is_entry = value < index.entry_names.size();
    detail::ViewAccess::set_origin(view, is_entry ? index.entry_names[value] : std::string_view(), tensor);
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
Checksum128 Reader::index_checksum() const noexcept {
    return impl_->opened.footer.index_checksum;
}
Digest Reader::digest() const {
    return {impl_->opened.digest()};
}
Result<Digest> Reader::tensor_digest(std::uint32_t number) const try {
    if (number >= tensor_count()) return no_tensor(number, tensor_count());
    format::DigestStream stream;
    return Digest{impl_->opened.content_digests().of_tensor(number, stream)};
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}
std::uint64_t Reader::unknown_optional_flags() const noexcept {
    return impl_->opened.header.optional_flags;
}
Access Reader::access() const noexcept {
    return impl_->file.mapped().empty() ? Access::read : Access::mapped;
}
const std::vector<Error>& Reader::warnings() const noexcept {
    return impl_->opened.warnings;
}

std::vector<std::string> Reader::models() const {
    return names_of(impl_->opened.index.model_names);
}
std::vector<std::string> Reader::optimizers() const {
    return names_of(impl_->opened.index.optimizer_names);
}

std::vector<std::string> Reader::values() const {
    const EntryList entry_list = impl_->opened.offsets.values_entry_list();
    std::vector<std::string> names;
    names.reserve(entry_list.count);
    for (std::uint32_t i = 0; i < entry_list.count; ++i)
        names.emplace_back(impl_->opened.index.entry_names[entry_list.first + i]);
    return names;
}

Result<TensorView> Reader::tensor(std::string_view model, std::string_view name) const try {
    const Index& index = impl_->opened.index;
    const auto number = impl_->opened.part_names().model(model);
    if (!number) return Error(Condition::model, message("there is no model '", printable(model), "'"));
    const auto entry = format::find_entry(index, impl_->opened.offsets.entry_list(*number), name);
    if (!entry) {
        return Error(Condition::tensor,
                     message("model '", printable(model), "' has no entry '", printable(name), "'"));
    }
    if (!is_tensor(index, *entry)) {
        return Error(Condition::wrong_type, message("entry '", printable(name), "' of model '",
                                                    printable(model), "' is not a tensor"));
    }
    return impl_->view(impl_->opened.offsets.data_begin[*entry]);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<TensorView> Reader::tensor(std::string_view path) const try {
    const loading::OpenedIndex& opened = impl_->opened;
    const auto found = format::find_tensor(opened.index, opened.offsets, opened.part_names(), path);
    if (found) return impl_->view(*found);
    return Error(Condition::tensor, message("there is no tensor '", printable(path), "'"));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

std::vector<TensorView> Reader::tensors(std::string_view model) const {
    std::vector<TensorView> views;
    const auto number = impl_->opened.part_names().model(model);
    if (!number) return views;
    const EntryList entry_list = impl_->opened.offsets.entry_list(*number);
    loading::SharedLayouts layouts(impl_->opened);
    for (std::uint32_t i = entry_list.first; i < entry_list.first + entry_list.count; ++i) {
        if (is_tensor(impl_->opened.index, i))
            views.push_back(impl_->view(impl_->opened.offsets.data_begin[i], layouts));
    }
    return views;
}

std::vector<TensorView> Reader::tensors() const {
    std::vector<TensorView> views;
    views.reserve(impl_->opened.index.tensor_layouts.size());
    loading::SharedLayouts layouts(impl_->opened);
    for (std::uint32_t i = 0; i < impl_->opened.index.tensor_layouts.size(); ++i)
        views.push_back(impl_->view(i, layouts));
    return views;
}

std::uint32_t Reader::tensor_count() const noexcept {
    return static_cast<std::uint32_t>(impl_->opened.index.tensor_layouts.size());
}

Result<TensorView> Reader::tensor_at(std::uint32_t number) const try {
    if (number < tensor_count()) return impl_->view(number);
    return no_tensor(number, tensor_count());
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

std::string Reader::tensor_path(std::uint32_t number) const {
    if (number >= tensor_count()) return {};
    return impl_->opened.paths().of_tensor(number);
}

Result<StateDict> Reader::model(std::string_view name) const try {
    const auto number = impl_->opened.part_names().model(name);
    if (!number) return Error(Condition::model, message("there is no model '", printable(name), "'"));
    return loading::decode_model(*impl_, *number);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<OptimizerState> Reader::optimizer(std::string_view name) const try {
    const auto number = impl_->opened.part_names().optimizer(name);
    if (!number) return Error(Condition::optimizer, message("there is no optimizer '", printable(name), "'"));
    return loading::decode_optimizer(*impl_, *number);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<Value> Reader::value(std::string_view name) const try {
    const auto entry =
        format::find_entry(impl_->opened.index, impl_->opened.offsets.values_entry_list(), name);
    if (!entry) return Error(Condition::value, message("there is no value '", printable(name), "'"));
    return loading::decode_value(*impl_, *entry);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<Checkpoint> Reader::checkpoint() const try {
    return loading::decode_checkpoint(*impl_);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

std::vector<StorageInfo> Reader::storages() const {
    const Index& index = impl_->opened.index;
    std::vector<StorageInfo> storages;
    std::vector<std::byte> room;
    const format::IndexOffsets& offsets = impl_->opened.offsets;
    for (std::uint32_t i = 0; i < index.storage_count(); ++i) {
        StorageInfo info{};
        info.nbytes = offsets.storage_nbytes(index, i);
        info.offset = info.nbytes == 0 ? 0 : offsets.storage_begin[i];
        info.chunks = format::chunk_count(offsets, i);
        info.codec = static_cast<Codec>(index.codec_of(i).code);
        for (format::ChunkIterator walk(index, offsets, i); !walk.done(); walk.next())
            info.stored_nbytes += walk.chunk().stored_nbytes;
        info.content_hash = format::content_hash(index, offsets, i, room);
        storages.push_back(info);
    }
    return storages;
}

}  // namespace milepost
