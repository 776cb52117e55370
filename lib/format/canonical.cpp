#include "format/canonical.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <milepost/options.hpp>

#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {
namespace {

/// Layouts are numbered by the first tensor that has them, so all are used.
bool layouts_in_order(const Index& index) noexcept {
    std::uint32_t next = 0;
    for (const std::uint32_t layout : index.tensor_layouts) {
        if (layout > next) return false;
        if (layout == next) ++next;
    }
    return next == index.layouts.size();
}

bool layouts_differ(const Index& index) {
    std::set<std::vector<std::uint64_t>> seen;
    auto dims = index.dims.begin();
    for (const LayoutRecord& layout : index.layouts) {
        std::vector<std::uint64_t> key{layout.dtype, layout.flags};
        const auto end = dims + dims_of(layout);
        key.insert(key.end(), dims, end);
        dims = end;
        if (!seen.insert(std::move(key)).second) return false;
    }
    return true;
}

bool views_own_storages(const Index& index) noexcept {
    const auto storages = index.tensor_storages;
    bool is_own = storages.empty() || storages.size() == index.storage_count();
    for (std::size_t i = 0; i < storages.size() && is_own; ++i)
        is_own = storages[i] == i;
    return is_own;
}

bool fills_own_storages(const Index& index, const IndexOffsets& offsets) noexcept {
    if (!index.tensor_storages.empty() || !index.tensor_offsets.empty()) return false;
    for (std::size_t i = 0; i < index.storage_nbytes.size(); ++i) {
        if (index.storage_nbytes[i] != offsets.layout_extent[index.tensor_layouts[i]]) return false;
    }
    return true;
}

/// Default-valued columns are omitted.
bool defaults_are_omitted(const Index& index, const IndexOffsets& offsets) noexcept {
    const auto is_zero = [](std::uint64_t offset) { return offset == 0; };
    const auto is_raw = [](const CodecRecord& codec) { return codec.code == 0 && codec.parameter == 0; };
    const auto tensor_offsets = index.tensor_offsets;
    const auto codecs = index.storage_codecs;
    const auto key_counts = index.param_key_counts;
    return (index.tensor_storages.empty() || !views_own_storages(index)) &&
           (tensor_offsets.empty() || !std::all_of(tensor_offsets.begin(), tensor_offsets.end(), is_zero)) &&
           (index.storage_nbytes.empty() || !fills_own_storages(index, offsets)) &&
           (codecs.empty() || !std::all_of(codecs.begin(), codecs.end(), is_raw)) &&
           (key_counts.empty() || !std::all_of(key_counts.begin(), key_counts.end(), is_zero));
}

}  // namespace

bool is_canonical(const Index& index, const IndexOffsets& offsets, std::span<const std::byte> stored) {
    if (!layouts_in_order(index) || !layouts_differ(index) || !defaults_are_omitted(index, offsets))
        return false;
    const auto encoded = index.encode(Limits{.max_index_bytes = UINT64_MAX});
    return encoded && std::equal(encoded->begin(), encoded->end(), stored.begin(), stored.end());
}

}  // namespace milepost::format
