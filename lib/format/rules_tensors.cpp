#include <algorithm>
#include <array>

#include <milepost/dtype.hpp>
#include <milepost/value.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "core/layout.hpp"
#include "core/text.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

bool is_strided(const TensorRecord& tensor) noexcept {
    return (tensor.flags & kStridedFlag) != 0;
}

/// Bits of each dtype in use by its code; 0 for others.
using BitsByCode = std::array<std::uint16_t, 256>;

BitsByCode bits_by_code(const Index& index) noexcept {
    BitsByCode bits{};
    for (const DtypeRecord& dtype : index.dtypes)
        bits[dtype.code] = dtype.bits;
    return bits;
}

core::Dims shape_of(const Context& context, std::size_t tensor) noexcept {
    return context.index.dims.subspan(context.outline.tensor_dims[tensor],
                                      context.index.tensors[tensor].rank);
}

core::Dims strides_of(const Context& context, std::size_t tensor) noexcept {
    const TensorRecord& record = context.index.tensors[tensor];
    if (!is_strided(record)) return {};
    return context.index.dims.subspan(context.outline.tensor_dims[tensor] + std::size_t{record.rank},
                                      record.rank);
}

std::string dims_text(core::Dims dims) {
    std::string text = "[";
    for (std::size_t i = 0; i < dims.size(); ++i) {
        if (i != 0) text += ", ";
        base::append_part(text, dims[i]);
    }
    return text + "]";
}

Verdict layout_fault(const Context& context, std::size_t tensor, Condition condition,
                     core::LayoutFault fault) {
    return Error(condition, message("index: tensor ", tensor, " of shape ",
                                    dims_text(shape_of(context, tensor)), ": ", core::describe(fault)));
}

}  // namespace

Verdict dtypes_ascend(Context& context) {
    const auto dtypes = context.index.dtypes;
    for (std::size_t i = 1; i < dtypes.size(); ++i) {
        if (dtypes[i - 1].code < dtypes[i].code) continue;
        return Error(Condition::order, message("index: dtype ", i, " expected a code above ",
                                               dtypes[i - 1].code, ", found ", dtypes[i].code));
    }
    return std::nullopt;
}

Verdict dtypes_are_consistent(Context& context) {
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

Verdict tensors_are_referenced(Context& context) {
    const Index& index = context.index;
    const std::size_t leaves = context.outline.tensor_value.size();
    if (leaves != index.tensors.size()) {
        return Error(Condition::reference,
                     message("index: tensors expected ", leaves,
                             ", one for each value of kind tensor, found ", index.tensors.size()));
    }
    std::array<bool, 256> used{};
    const BitsByCode bits = bits_by_code(index);
    for (std::size_t i = 0; i < index.tensors.size(); ++i) {
        const TensorRecord& tensor = index.tensors[i];
        used[tensor.dtype] = true;
        if (tensor.storage < index.storages.size() && bits[tensor.dtype] != 0) continue;
        return Error(Condition::reference,
                     message("index: tensor ", i, " refers to storage ", tensor.storage, " of ",
                             index.storages.size(), " and dtype ", tensor.dtype, ", which must be listed"));
    }
    for (const DtypeRecord& dtype : index.dtypes) {
        if (!used[dtype.code]) {
            return Error(Condition::reference,
                         message("index: dtype ", dtype.code, " is listed, but no tensor uses it"));
        }
    }
    return std::nullopt;
}

Verdict tensor_flags_are_known(Context& context) {
    const auto tensors = context.index.tensors;
    auto is_known = [](const TensorRecord& tensor) { return tensor.flags <= kStridedFlag; };
    if (is_known(context.survey.tensors)) return std::nullopt;
    const auto bad = first_bad(tensors, is_known);
    return Error(Condition::reserved,
                 message("index: tensor ", *bad, ": flags expected 0 or 1, found ", tensors[*bad].flags));
}

Verdict ranks_within_limit(Context& context) {
    const std::uint32_t limit = std::min<std::uint32_t>(context.limits.max_rank, 64);
    const auto tensors = context.index.tensors;
    auto fits = [limit](const TensorRecord& tensor) { return tensor.rank <= limit; };
    if (fits(context.survey.tensors)) return std::nullopt;
    const auto bad = first_bad(tensors, fits);
    if (!bad) return std::nullopt;
    return Error(Condition::rank,
                 message("index: tensor ", *bad, " has rank ", tensors[*bad].rank, ", the limit is ", limit));
}

Verdict dims_tile(Context& context) {
    const Index& index = context.index;
    auto& starts = context.outline.tensor_dims;
    starts.resize(index.tensors.size());
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < index.tensors.size(); ++i) {
        starts[i] = static_cast<std::uint32_t>(total);
        total += std::uint64_t{index.tensors[i].rank} * (is_strided(index.tensors[i]) ? 2 : 1);
    }
    if (total == index.dims.size()) return std::nullopt;
    return Error(Condition::shape,
                 message("index: dims expected ", total, " numbers, found ", index.dims.size()));
}

Verdict shapes_fit(Context& context) {
    const BitsByCode bits = bits_by_code(context.index);
    const auto tensors = context.index.tensors;
    auto& reach = context.outline.tensor_reach;
    reach.resize(tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        if (core::contiguous_nbytes(shape_of(context, i), bits[tensors[i].dtype], reach[i])) continue;
        return layout_fault(context, i, Condition::shape, core::LayoutFault::shape);
    }
    return std::nullopt;
}

Verdict shapes_fill_bytes(Context& context) {
    if (!first_bad(context.index.dtypes, [](const DtypeRecord& dtype) { return dtype.bits >= 8; }))
        return std::nullopt;
    const BitsByCode bits = bits_by_code(context.index);
    for (std::size_t i = 0; i < context.index.tensors.size(); ++i) {
        const std::uint16_t width = bits[context.index.tensors[i].dtype];
        if (width >= 8 || core::fills_whole_bytes(shape_of(context, i), width)) continue;
        return layout_fault(context, i, Condition::shape, core::LayoutFault::part_byte);
    }
    return std::nullopt;
}

Verdict strides_fit(Context& context) {
    if (!is_strided(context.survey.tensors)) return std::nullopt;
    const BitsByCode bits = bits_by_code(context.index);
    const auto tensors = context.index.tensors;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        if (!is_strided(tensors[i])) continue;
        const std::uint16_t width = bits[tensors[i].dtype];
        if (!core::strides_fit(shape_of(context, i), strides_of(context, i), width)) {
            return layout_fault(context, i, Condition::stride, core::LayoutFault::stride);
        }
        context.outline.tensor_reach[i] =
            core::reach_nbytes(shape_of(context, i), strides_of(context, i), width);
    }
    return std::nullopt;
}

Verdict tensors_within_storages(Context& context) {
    const BitsByCode bits = bits_by_code(context.index);
    const auto tensors = context.index.tensors;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const TensorRecord& tensor = tensors[i];
        const std::uint64_t nbytes = context.index.storages[tensor.storage].nbytes;
        const std::uint64_t element = bits[tensor.dtype] / 8;  // 0 where an element is part of a byte
        const bool is_aligned = tensor.offset == 0 || element == 0 || tensor.offset % element == 0;
        if (is_aligned && base::range_within(tensor.offset, context.outline.tensor_reach[i], nbytes))
            continue;
        return layout_fault(context, i, Condition::tensor_range, core::LayoutFault::range)
            ->within(message("storage ", tensor.storage, " of ", nbytes, " bytes, offset ", tensor.offset));
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
