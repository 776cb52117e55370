#include <algorithm>
#include <array>

#include <milepost/dtype.hpp>

#include "base/message.hpp"
#include "core/layout.hpp"
#include "core/text.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

/// Bits of each dtype in use by its code; 0 for others.
using BitsByCode = std::array<std::uint16_t, 256>;

BitsByCode bits_by_code(const Index& index) noexcept {
    BitsByCode bits{};
    for (const DtypeRecord& dtype : index.dtypes)
        bits[dtype.code] = dtype.bits;
    return bits;
}

core::Dims shape_of(const Context& context, std::size_t layout) noexcept {
    return context.index.dims.subspan(context.offsets.layout_dims[layout],
                                      context.index.layouts[layout].rank);
}

core::Dims strides_of(const Context& context, std::size_t layout) noexcept {
    const LayoutRecord& record = context.index.layouts[layout];
    if (!is_strided(record)) return {};
    return context.index.dims.subspan(context.offsets.layout_dims[layout] + std::size_t{record.rank},
                                      record.rank);
}

RuleResult layout_fault(const Context& context, std::size_t layout, Condition condition,
                        core::LayoutFault fault) {
    return Error(condition, message("index: layout ", layout, " of shape ",
                                    core::dims_text(shape_of(context, layout)), ": ", core::describe(fault)));
}

}  // namespace

RuleResult dtypes_ascend(Context& context) {
    const auto dtypes = context.index.dtypes;
    for (std::size_t i = 1; i < dtypes.size(); ++i) {
        if (dtypes[i - 1].code < dtypes[i].code) continue;
        return Error(Condition::order, message("index: dtype ", i, " expected a code above ",
                                               dtypes[i - 1].code, ", found ", dtypes[i].code));
    }
    return std::nullopt;
}

RuleResult dtypes_are_consistent(Context& context) {
    const Index& index = context.index;
    for (std::size_t i = 0; i < index.dtypes.size(); ++i) {
        const DtypeRecord& dtype = index.dtypes[i];
        const auto known = find_dtype(static_cast<Dtype>(dtype.code));
        const bool fits = known ? known->bits == dtype.bits && known->name == index.dtype_names[i]
                                : core::bits_allowed(dtype.bits);
        if (fits) continue;
        return Error(Condition::reference,
                     message("index: dtype ", i, ": code ", dtype.code, " is not '",
                             core::printable(index.dtype_names[i]), "' of ", dtype.bits, " bits"));
    }
    return std::nullopt;
}

RuleResult layout_flags_are_known(Context& context) {
    const auto layouts = context.index.layouts;
    const auto bad =
        first_bad(layouts, [](const LayoutRecord& layout) { return layout.flags <= kStridedFlag; });
    if (!bad) return std::nullopt;
    return Error(Condition::reserved,
                 message("index: layout ", *bad, ": flags expected 0 or 1, found ", layouts[*bad].flags));
}

RuleResult ranks_within_limit(Context& context) {
    const std::uint32_t limit = std::min<std::uint32_t>(context.limits.max_rank, 64);
    const auto layouts = context.index.layouts;
    const auto bad = first_bad(layouts, [limit](const LayoutRecord& layout) { return layout.rank <= limit; });
    if (!bad) return std::nullopt;
    return Error(Condition::rank,
                 message("index: layout ", *bad, " has rank ", layouts[*bad].rank, ", the limit is ", limit));
}

RuleResult dims_tile(Context& context) {
    const Index& index = context.index;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < index.layouts.size(); ++i) {
        context.offsets.layout_dims[i] = static_cast<std::uint32_t>(total);
        total += dims_of(index.layouts[i]);
    }
    if (total == index.dims.size()) return std::nullopt;
    return Error(Condition::shape,
                 message("index: dims expected ", total, " numbers, found ", index.dims.size()));
}

RuleResult shapes_fit(Context& context) {
    const BitsByCode bits = bits_by_code(context.index);
    const auto layouts = context.index.layouts;
    const auto reach = context.offsets.layout_extent;
    for (std::size_t i = 0; i < layouts.size(); ++i) {
        const std::uint16_t width = bits[layouts[i].dtype];
        context.offsets.layout_element[i] = width / 8U;
        if (core::contiguous_nbytes(shape_of(context, i), width, reach[i])) continue;
        return layout_fault(context, i, Condition::shape, core::LayoutFault::shape);
    }
    return std::nullopt;
}

RuleResult shapes_fill_bytes(Context& context) {
    if (!first_bad(context.index.dtypes, [](const DtypeRecord& dtype) { return dtype.bits >= 8; }))
        return std::nullopt;
    const BitsByCode bits = bits_by_code(context.index);
    for (std::size_t i = 0; i < context.index.layouts.size(); ++i) {
        const std::uint16_t width = bits[context.index.layouts[i].dtype];
        if (width >= 8 || core::fills_whole_bytes(shape_of(context, i), width)) continue;
        return layout_fault(context, i, Condition::shape, core::LayoutFault::part_byte);
    }
    return std::nullopt;
}

RuleResult strides_fit(Context& context) {
    const auto layouts = context.index.layouts;
    if (!first_bad(layouts, [](const LayoutRecord& layout) { return !is_strided(layout); }))
        return std::nullopt;
    const BitsByCode bits = bits_by_code(context.index);
    for (std::size_t i = 0; i < layouts.size(); ++i) {
        if (!is_strided(layouts[i])) continue;
        const std::uint16_t width = bits[layouts[i].dtype];
        if (!core::strides_fit(shape_of(context, i), strides_of(context, i), width)) {
            return layout_fault(context, i, Condition::stride, core::LayoutFault::stride);
        }
        context.offsets.layout_extent[i] =
            core::extent_nbytes(shape_of(context, i), strides_of(context, i), width);
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
