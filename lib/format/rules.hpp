#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include <milepost/options.hpp>
#include <milepost/value.hpp>

#include "format/derive_offsets.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/validate.hpp"

/// The rules of docs/format.md, section 6.5, one function each. They only judge: what they compare is derived
/// by validate() between them (derive_offsets.hpp). The table of validate.cpp gives each its number.
namespace milepost::format::rules {

/// What a rule can see. A rule may use what was derived, and may rely on what earlier rules found to be
/// right.
struct RuleInput {
    const Index& index;
    const ValidationContext& context;
    const Limits& limits;
    const IndexOffsets& offsets;
    const ValueTotals& totals;
};

/// What is broken, or nothing if the rule holds.
using RuleResult = std::optional<BrokenRule>;

/// Whether there are values of the kind. Requires: the values are derived.
[[nodiscard]] inline bool has(const RuleInput& input, Kind kind) noexcept {
    return (input.totals.kinds >> static_cast<unsigned>(kind) & 1U) != 0;
}
[[nodiscard]] inline bool is(const ValueRecord& value, Kind kind) noexcept {
    return value.kind == static_cast<std::uint8_t>(kind);
}
[[nodiscard]] inline bool has_attributes(const ValueRecord& value) noexcept {
    return is(value, Kind::dict) && (value.subtype & kAttributesSubtype) != 0;
}

/// The number of the first element that is not good; nothing if all are. Every open walks every column many
/// times: the loop that finds nothing has no branch, so that compilers make vector code of it.
template <class Column, class Good>
[[nodiscard]] std::optional<std::size_t> first_bad(const Column& column, Good good) noexcept {
    // As wide as an element, so that no lane is packed.
    using Lane = std::conditional_t<sizeof column[0] == 4, std::uint32_t, std::uint8_t>;
    Lane bad = 0;
    for (const auto& element : column)
        bad |= static_cast<Lane>(!good(element));
    if (bad == 0) return std::nullopt;
    std::size_t i = 0;
    while (good(column[i]))
        ++i;
    return i;
}

// rules_strings.cpp
RuleResult strings_tile(const RuleInput& input);
RuleResult strings_not_empty(const RuleInput& input);
RuleResult strings_within_limit(const RuleInput& input);
RuleResult strings_are_utf8(const RuleInput& input);

// rules_names.cpp
RuleResult tables_within_limit(const RuleInput& input);
RuleResult records_within_limit(const RuleInput& input);
RuleResult sums_match(const RuleInput& input);
RuleResult orders_complete(const RuleInput& input);
RuleResult entry_order_in_range(const RuleInput& input);
RuleResult names_not_repeated(const RuleInput& input);
RuleResult names_in_order(const RuleInput& input);
RuleResult top_order_is_permutation(const RuleInput& input);
RuleResult names_share_no_space(const RuleInput& input);

// rules_values.cpp
RuleResult reserved_is_zero(const RuleInput& input);
RuleResult values_have_known_kinds(const RuleInput& input);
RuleResult values_form_trees(const RuleInput& input);
RuleResult values_within_depth(const RuleInput& input);
RuleResult value_bytes_tile(const RuleInput& input);
RuleResult integers_are_minimal(const RuleInput& input);

// rules_keys.cpp
RuleResult keys_are_unique(const RuleInput& input);

// rules_layouts.cpp
RuleResult dtypes_ascend(const RuleInput& input);
RuleResult dtypes_are_consistent(const RuleInput& input);
RuleResult layout_flags_are_known(const RuleInput& input);
RuleResult ranks_within_limit(const RuleInput& input);
RuleResult dims_tile(const RuleInput& input);
RuleResult shapes_fit(const RuleInput& input);
RuleResult shapes_fill_bytes(const RuleInput& input);
RuleResult strides_fit(const RuleInput& input);

// rules_tensors.cpp
RuleResult tensors_are_referenced(const RuleInput& input);
RuleResult tensors_within_storages(const RuleInput& input);
RuleResult storages_are_viewed(const RuleInput& input);

// rules_storages.cpp
RuleResult codecs_are_known(const RuleInput& input);
RuleResult codec_parameters_fit(const RuleInput& input);
RuleResult storage_sums_match(const RuleInput& input);
RuleResult chunk_sizes_fit(const RuleInput& input);
RuleResult chunk_ratios_fit(const RuleInput& input);
RuleResult storages_end_before_index(const RuleInput& input);
RuleResult index_follows_storages(const RuleInput& input);

// rules_optimizers.cpp
RuleResult key_positions_fit(const RuleInput& input);
RuleResult params_in_one_group(const RuleInput& input);
RuleResult states_ascend(const RuleInput& input);
RuleResult param_keys_are_of_params(const RuleInput& input);

}  // namespace milepost::format::rules
