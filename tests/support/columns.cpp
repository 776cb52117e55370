#include "support/columns.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/layout.hpp"

namespace milepost::testing {

void TextColumn::set(std::size_t i, std::string_view text) {
    const format::StringTable old = texts();
    TextColumn column;
    for (std::size_t each = 0; each < old.size(); ++each)
        column.add(each == i ? text : old[each]);
    *this = std::move(column);
}

Columns::Columns(const format::Index& index) {
    format::for_each_column_pair(index, *this,
                                 [](const auto& from, auto& to) { to.assign(from.begin(), from.end()); });
}

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
    format::Index index;
    format::for_each_column_pair(*this, index, [](const auto& from, auto& to) { to = from; });
    return index;
}

}  // namespace milepost::testing
