#include <cstddef>
#include <cstdint>
#include <optional>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>

#include "base/message.hpp"
#include "core/layout.hpp"
#include "core/text.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/layouts.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

RuleResult layout_fault(const RuleInput& input, std::size_t layout, Condition condition,
                        core::LayoutFault fault) {
    return Error(condition, message("index: layout ", layout, " of shape ",
                                    core::dims_text(shape_of(input.index, input.offsets, layout)), ": ",
                                    core::describe(fault)));
}

}  // namespace

RuleResult dtypes_ascend(const RuleInput& input) {
    const auto dtypes = input.index.dtypes;
    for (std::size_t i = 1; i < dtypes.size(); ++i) {
        if (dtypes[i - 1].code < dtypes[i].code) continue;
        return Error(Condition::order, message("index: dtype ", i, " expected a code above ",
                                               dtypes[i - 1].code, ", found ", dtypes[i].code));
    }
    return std::nullopt;
}

RuleResult dtypes_are_consistent(const RuleInput& input) {
    const Index& index = input.index;
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

RuleResult layout_flags_are_known(const RuleInput& input) {
    const auto layouts = input.index.layouts;
    const auto bad =
        first_bad(layouts, [](const LayoutRecord& layout) { return layout.flags <= kStridedFlag; });
    if (!bad) return std::nullopt;
    return Error(Condition::reserved,
                 message("index: layout ", *bad, ": flags expected 0 or 1, found ", layouts[*bad].flags));
}

RuleResult ranks_within_limit(const RuleInput& input) {
    const std::uint32_t limit = greatest_rank(input.limits);
    const auto layouts = input.index.layouts;
    const auto bad = first_bad(layouts, [limit](const LayoutRecord& layout) { return layout.rank <= limit; });
    if (!bad) return std::nullopt;
    return Error(Condition::rank,
                 message("index: layout ", *bad, " has rank ", layouts[*bad].rank, ", the limit is ", limit));
}

RuleResult dims_tile(const RuleInput& input) {
    const Index& index = input.index;
    std::uint64_t total = 0;
    for (const LayoutRecord& layout : index.layouts)
        total += dims_of(layout);
    if (total == index.dims.size()) return std::nullopt;
    return Error(Condition::shape,
                 message("index: dims expected ", total, " numbers, found ", index.dims.size()));
}

RuleResult shapes_fit(const RuleInput& input) {
    const BitsByCode bits = bits_by_code(input.index);
    const auto layouts = input.index.layouts;
    for (std::size_t i = 0; i < layouts.size(); ++i) {
        if (core::shape_fits(shape_of(input.index, input.offsets, i), bits[layouts[i].dtype])) continue;
        return layout_fault(input, i, Condition::shape, core::LayoutFault::shape);
    }
    return std::nullopt;
}

RuleResult shapes_fill_bytes(const RuleInput& input) {
    if (!first_bad(input.index.dtypes, [](const DtypeRecord& dtype) { return dtype.bits >= 8; }))
        return std::nullopt;
    const BitsByCode bits = bits_by_code(input.index);
    for (std::size_t i = 0; i < input.index.layouts.size(); ++i) {
        const std::uint16_t width = bits[input.index.layouts[i].dtype];
        if (width >= 8 || core::fills_whole_bytes(shape_of(input.index, input.offsets, i), width)) continue;
        return layout_fault(input, i, Condition::shape, core::LayoutFault::part_byte);
    }
    return std::nullopt;
}

RuleResult strides_fit(const RuleInput& input) {
    const auto layouts = input.index.layouts;
    if (!first_bad(layouts, [](const LayoutRecord& layout) { return !is_strided(layout); }))
        return std::nullopt;
    const BitsByCode bits = bits_by_code(input.index);
    for (std::size_t i = 0; i < layouts.size(); ++i) {
        if (!is_strided(layouts[i])) continue;
        const core::Dims shape = shape_of(input.index, input.offsets, i);
        const core::Dims strides = strides_of(input.index, input.offsets, i);
        if (core::strides_fit(shape, strides, bits[layouts[i].dtype])) continue;
        return layout_fault(input, i, Condition::stride, core::LayoutFault::stride);
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
