#include "format/derive_offsets.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <milepost/value.hpp>

#include "core/layout.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/layouts.hpp"
#include "format/value_columns.hpp"
#include "format/value_runs.hpp"

namespace milepost::format {
namespace {

/// Where the elements of each record begin in the column from which it takes count(record) of them.
template <class Records, class Count>
void fill_begins(const Records& records, Count count, IndexOffsets::Numbers begins) noexcept {
    std::uint32_t total = 0;
    auto next = begins.begin();
    for (const auto& record : records) {
        *next++ = total;
        total += count(record);
    }
    *next = total;
}

void fill_ascending(IndexOffsets::Numbers numbers, std::uint64_t first) noexcept {
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = static_cast<std::uint32_t>(first + i);
}

void fill_entry_lists(const Index& index, IndexOffsets& offsets) noexcept {
    std::uint32_t total = 0, entry_list = 0;
    const auto add = [&](std::uint32_t count) {
        offsets.entry_list_first[entry_list++] = total;
        total += count;
    };
    for (const ModelRecord& model : index.models)
        add(model.entry_count);
    for (std::size_t o = 0; o < index.optimizers.size(); ++o) {
        offsets.optimizer_entry_list[o] = entry_list;
        for (auto g = offsets.optimizer_group[o]; g < offsets.optimizer_group[o + 1]; ++g)
            add(index.groups[g].hyperparameter_count);
        for (auto s = offsets.optimizer_state[o]; s < offsets.optimizer_state[o + 1]; ++s)
            add(index.states[s].entry_count);
        add(index.optimizers[o].state_extra_count);
        add(index.optimizers[o].extra_count);
    }
    offsets.optimizer_entry_list.back() = entry_list;
    add(0);
    offsets.entry_list_first.back() = static_cast<std::uint32_t>(index.entry_names.size());
}

/// The values [begin, end) are tensors, the next ones of the file.
void fill_tensors(std::size_t begin, std::size_t end, std::uint64_t first, IndexOffsets& offsets) noexcept {
    const auto values = offsets.tensor_value;
    const std::size_t count = end - begin;
    std::fill_n(offsets.value_size.begin() + static_cast<std::ptrdiff_t>(begin), count, 0U);
    fill_ascending(offsets.data_begin.subspan(begin, count), first);
    if (first + count <= values.size())  // else rule 23 is broken
        fill_ascending(values.subspan(static_cast<std::size_t>(first), count), begin);
}

}  // namespace

void derive_entry_lists(const Index& index, IndexOffsets& offsets) noexcept {
    fill_begins(
        index.optimizers, [](const OptimizerRecord& o) { return o.group_count; }, offsets.optimizer_group);
    fill_begins(
        index.optimizers, [](const OptimizerRecord& o) { return o.state_count; }, offsets.optimizer_state);
    fill_begins(
        index.groups, [](const GroupRecord& g) { return g.param_count; }, offsets.group_param);
    fill_begins(index.groups, param_name_count, offsets.group_name);
    if (index.param_key_counts.empty())
        std::fill(offsets.optimizer_key.begin(), offsets.optimizer_key.end(), 0U);
    else
        fill_begins(
            index.param_key_counts, [](std::uint32_t count) { return count; }, offsets.optimizer_key);
    fill_entry_lists(index, offsets);
}

ValueTotals derive_values(const Index& index, IndexOffsets& offsets) noexcept {
    const auto values = index.values;
    ValueTotals totals;
    totals.children_end = root_count(index);
    auto next_size = index.value_sizes.begin();
    for (std::size_t begin = 0; begin < values.size();) {
        const std::size_t end = end_of_run(values, begin);
        const auto kind = static_cast<Kind>(values[begin].kind);
        totals.kinds |= std::uint32_t{1} << static_cast<unsigned>(kind);
        if (kind == Kind::tensor) {
            fill_tensors(begin, end, totals.tensors, offsets);
            totals.tensors += end - begin;
        } else {
            std::uint64_t& next = has_children(kind) ? totals.children_end : totals.bytes;
            for (std::size_t i = begin; i < end; ++i) {
                const std::uint32_t size = has_size(kind) ? *next_size++ : fixed_nbytes(kind);
                offsets.value_size[i] = size;
                offsets.data_begin[i] = static_cast<std::uint32_t>(next);
                next += size;
            }
        }
        begin = end;
    }
    return totals;
}

void derive_layout_dims(const Index& index, IndexOffsets& offsets) noexcept {
    std::uint32_t total = 0;
    for (std::size_t i = 0; i < index.layouts.size(); ++i) {
        offsets.layout_dims[i] = total;
        total += dims_of(index.layouts[i]);
    }
}

void derive_layout_extents(const Index& index, IndexOffsets& offsets) noexcept {
    const BitsByCode bits = bits_by_code(index);
    for (std::size_t i = 0; i < index.layouts.size(); ++i) {
        const std::uint16_t width = bits[index.layouts[i].dtype];
        offsets.layout_element[i] = width / 8U;
        offsets.layout_extent[i] =
            core::extent_nbytes(shape_of(index, offsets, i), strides_of(index, offsets, i), width);
    }
}

}  // namespace milepost::format
