#include "golden/columns.hpp"

#include <algorithm>

#include "core/layout.hpp"

#include <span>
#include <string>

namespace milepost::golden {
namespace {

template <class T>
std::vector<T> copy(std::span<const T> column) {
    return {column.begin(), column.end()};
}

}  // namespace

void TextColumn::add(std::string_view text) {
    const auto added = std::as_bytes(std::span(text));
    bytes.insert(bytes.end(), added.begin(), added.end());
    ends.push_back(static_cast<std::uint32_t>(bytes.size()));
}

void TextColumn::set(std::size_t i, std::string_view text) {
    const format::StringTable old = texts();
    TextColumn column;
    for (std::size_t each = 0; each < old.size(); ++each)
        column.add(each == i ? text : old[each]);
    *this = std::move(column);
}

Columns::Columns(const format::Index& index)
    : model_names(index.model_names),
      optimizer_names(index.optimizer_names),
      algorithms(index.algorithms),
      entry_names(index.entry_names),
      param_names(index.param_names),
      dtype_names(index.dtype_names),
      models(copy(index.models)),
      optimizers(copy(index.optimizers)),
      groups(copy(index.groups)),
      params(copy(index.params)),
      states(copy(index.states)),
      entry_order(copy(index.entry_order)),
      top_order(copy(index.top_order)),
      values(copy(index.values)),
      value_sizes(copy(index.value_sizes)),
      value_bytes(copy(index.value_bytes)),
      dtypes(copy(index.dtypes)),
      layouts(copy(index.layouts)),
      dims(copy(index.dims)),
      tensor_layouts(copy(index.tensor_layouts)),
      tensor_storages(copy(index.tensor_storages)),
      tensor_offsets(copy(index.tensor_offsets)),
      storage_nbytes(copy(index.storage_nbytes)),
      storage_codecs(copy(index.storage_codecs)),
      stored_checksums(copy(index.stored_checksums)),
      stored_nbytes(copy(index.stored_nbytes)),
      raw_checksums(copy(index.raw_checksums)) {}

void Columns::say_storage_nbytes() {
    if (!storage_nbytes.empty()) return;
    std::vector<std::uint64_t> reach;
    core::Dims left = dims;
    for (const format::LayoutRecord& layout : layouts) {
        const auto dtype = std::find_if(dtypes.begin(), dtypes.end(), [&](const format::DtypeRecord& each) {
            return each.code == layout.dtype;
        });
        if (dtype == dtypes.end() || left.size() < dims_of(layout)) return;
        const core::Dims shape = left.first(layout.rank);
        const core::Dims strides = left.subspan(layout.rank, is_strided(layout) ? layout.rank : 0);
        if (core::find_layout_fault(shape, strides, dtype->bits, 0, UINT64_MAX) != core::LayoutFault::none)
            return;
        reach.push_back(core::extent_nbytes(shape, strides, dtype->bits));
        left = left.subspan(dims_of(layout));
    }
    for (const std::uint32_t layout : tensor_layouts) {
        if (layout >= reach.size()) return storage_nbytes.clear();
        storage_nbytes.push_back(reach[layout]);
    }
}

format::Index Columns::index() const noexcept {
    return {
        .model_names = model_names.texts(),
        .optimizer_names = optimizer_names.texts(),
        .algorithms = algorithms.texts(),
        .entry_names = entry_names.texts(),
        .param_names = param_names.texts(),
        .dtype_names = dtype_names.texts(),
        .models = models,
        .optimizers = optimizers,
        .groups = groups,
        .params = params,
        .states = states,
        .entry_order = entry_order,
        .top_order = top_order,
        .values = values,
        .value_sizes = value_sizes,
        .value_bytes = value_bytes,
        .dtypes = dtypes,
        .layouts = layouts,
        .dims = dims,
        .tensor_layouts = tensor_layouts,
        .tensor_storages = tensor_storages,
        .tensor_offsets = tensor_offsets,
        .storage_nbytes = storage_nbytes,
        .storage_codecs = storage_codecs,
        .stored_checksums = stored_checksums,
        .stored_nbytes = stored_nbytes,
        .raw_checksums = raw_checksums,
    };
}

}  // namespace milepost::golden
