#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/layout.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"

/// Layouts as the functions of core/layout.hpp take them. Requires: rule 26 of docs/format.md holds, and
/// layout_dims is derived.
namespace milepost::format {

/// Bits of each listed dtype by its code; 0 for others.
using BitsByCode = std::array<std::uint16_t, 256>;

[[nodiscard]] inline BitsByCode bits_by_code(const Index& index) noexcept {
    BitsByCode bits{};
    for (const DtypeRecord& dtype : index.dtypes)
        bits[dtype.code] = dtype.bits;
    return bits;
}

[[nodiscard]] inline core::Dims shape_of(const Index& index, const IndexOffsets& offsets,
                                         std::size_t layout) noexcept {
    return index.dims.subspan(offsets.layout_dims[layout], index.layouts[layout].rank);
}

/// None for a contiguous layout.
[[nodiscard]] inline core::Dims strides_of(const Index& index, const IndexOffsets& offsets,
                                           std::size_t layout) noexcept {
    const LayoutRecord& record = index.layouts[layout];
    if (!is_strided(record)) return {};
    return index.dims.subspan(offsets.layout_dims[layout] + std::size_t{record.rank}, record.rank);
}

}  // namespace milepost::format
