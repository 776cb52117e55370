#include "loading/shared_layouts.hpp"

#include <cstdint>
#include <memory>
#include <span>

#include <milepost/tensor.hpp>

#include "core/storage_provider.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

SharedLayouts::Layout make_layout(const OpenedIndex& opened, std::uint32_t number) {
    const format::LayoutRecord& layout = opened.index.layouts[number];
    const auto dims = opened.index.dims.subspan(opened.offsets.layout_dims[number]);
    const auto shape = dims.first(layout.rank);
    const auto strides =
        is_strided(layout) ? dims.subspan(layout.rank, layout.rank) : std::span<const std::uint64_t>();
    return detail::ViewAccess::layout({shape.begin(), shape.end()}, {strides.begin(), strides.end()});
}

SharedLayouts::Layout SharedLayouts::get(std::uint32_t number) {
    const auto [place, is_new] = made_.try_emplace(number);
    if (is_new) place->second = make_layout(opened_, number);
    return place->second;
}

}  // namespace milepost::loading
