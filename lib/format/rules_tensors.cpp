#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "core/layout.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

RuleResult unequal(std::string_view what, std::uint64_t expected, std::uint64_t found) {
    return Error(Condition::reference, message("index: ", what, " expected ", expected, ", found ", found));
}

/// As many numbers as there are tensors and storages, or none where a column may be empty.
RuleResult columns_match(const RuleInput& input) {
    const Index& index = input.index;
    const std::size_t tensors = index.tensor_layouts.size();
    const std::size_t storages = index.storage_count();
    if (input.totals.tensors != tensors)
        return unequal("tensor_layouts, one for each value of kind tensor,", input.totals.tensors, tensors);
    if (index.tensor_storages.size() != tensors && (!index.tensor_storages.empty() || storages != tensors))
        return unequal("tensor_storages", tensors, index.tensor_storages.size());
    if (index.tensor_offsets.size() != tensors && !index.tensor_offsets.empty())
        return unequal("tensor_offsets", tensors, index.tensor_offsets.size());
    if (index.storage_nbytes.empty() && !(index.tensor_storages.empty() && index.tensor_offsets.empty()))
        return unequal("storage_nbytes, required with tensor_storages or tensor_offsets,", storages, 0);
    if (index.storage_codecs.size() != storages && !index.storage_codecs.empty())
        return unequal("storage_codecs", storages, index.storage_codecs.size());
    return std::nullopt;
}

RuleResult dtypes_are_those_of_layouts(const Index& index) {
    std::array<bool, 256> listed{}, used{};
    for (const DtypeRecord& dtype : index.dtypes)
        listed[dtype.code] = true;
    for (std::size_t i = 0; i < index.layouts.size(); ++i) {
        const std::uint8_t code = index.layouts[i].dtype;
        used[code] = true;
        if (listed[code]) continue;
        return Error(Condition::reference,
                     message("index: layout ", i, " has dtype ", code, ", which is not listed"));
    }
    for (const DtypeRecord& dtype : index.dtypes) {
        if (used[dtype.code]) continue;
        return Error(Condition::reference,
                     message("index: dtype ", dtype.code, " is listed, but no layout has it"));
    }
    return std::nullopt;
}

RuleResult all_below(std::span<const std::uint32_t> column, std::size_t count, std::string_view what) {
    const auto end =
        static_cast<std::uint32_t>(count);  // within the limit on records, or the index below 2 GiB
    const auto bad = first_bad(column, [end](std::uint32_t number) { return number < end; });
    if (!bad) return std::nullopt;
    return Error(Condition::reference,
                 message("index: tensor ", *bad, " refers to ", what, " ", column[*bad], " of ", count));
}

bool is_within_storage(const RuleInput& input, std::size_t tensor) noexcept {
    const Index& index = input.index;
    const std::uint32_t layout = index.tensor_layouts[tensor];
    const std::uint64_t offset = index.offset_of(tensor);
    const std::uint64_t element = input.offsets.layout_element[layout];
    const bool is_aligned = offset == 0 || element == 0 || offset % element == 0;
    return is_aligned && base::range_within(offset, input.offsets.layout_extent[layout],
                                            index.storage_nbytes[index.storage_of(tensor)]);
}

}  // namespace

RuleResult tensors_are_referenced(const RuleInput& input) {
    const Index& index = input.index;
    if (auto broken = columns_match(input)) return broken;
    if (auto broken = dtypes_are_those_of_layouts(index)) return broken;
    if (auto broken = all_below(index.tensor_layouts, index.layouts.size(), "layout")) return broken;
    return all_below(index.tensor_storages, index.storage_count(), "storage");
}

RuleResult tensors_within_storages(const RuleInput& input) {
    const Index& index = input.index;
    if (index.storage_nbytes.empty()) return std::nullopt;  // storage i has what tensor i reaches: rule 23
    for (std::size_t i = 0; i < index.tensor_layouts.size(); ++i) {
        if (is_within_storage(input, i)) continue;
        const std::uint32_t layout = index.tensor_layouts[i];
        const std::uint32_t storage = index.storage_of(i);
        return Error(
            Condition::tensor_range,
            message("index: tensor ", i, " of layout ", layout, " and ", input.offsets.layout_extent[layout],
                    " bytes at offset ", index.offset_of(i), " of storage ", storage, " of ",
                    index.storage_nbytes[storage], " bytes: ", core::describe(core::LayoutFault::range)));
    }
    return std::nullopt;
}

RuleResult storages_are_viewed(const RuleInput& input) {
    const Index& index = input.index;
    if (index.tensor_storages.empty() && index.storage_count() == index.tensor_layouts.size())
        return std::nullopt;  // tensor i views storage i
    std::vector<std::uint8_t> viewed(index.storage_count());
    for (const std::uint32_t storage : index.tensor_storages)
        viewed[storage] = 1;
    const auto unused = first_bad(viewed, [](std::uint8_t is_viewed) { return is_viewed != 0; });
    if (!unused) return std::nullopt;
    return Error(Condition::storage_unused, message("index: storage ", *unused, " is viewed by no tensor"));
}

}  // namespace milepost::format::rules
