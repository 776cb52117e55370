#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/value.hpp>

#include "format/index_offsets.hpp"
#include "format/validate.hpp"

/// The rules of docs/format.md, section 6.5, one function each, called in the order of their numbers by
/// validate().
namespace milepost::format::rules {

/// What a rule sees. `offsets` is filled by the rules that check sums; a rule may use what earlier rules
/// filled and proved.
struct Context {
    const Index& index;
    const ValidationContext& validation_context;
    const Limits& limits;
    IndexOffsets& offsets;
    std::uint32_t kinds = 0;        ///< bit k: there are values of kind k (rule 17)
    std::size_t leaves = 0;         ///< values of kind tensor (rule 18)
    std::uint64_t bytes_taken = 0;  ///< by values of value_bytes (rule 18)
    bool texts_fit = false;         ///< none breaks rules 3 to 5
    bool in_place = false;          ///< all storages are raw, and none breaks rules 33 to 38 but 36
};

using RuleResult = std::optional<Error>;

/// Requires: rule 17.
[[nodiscard]] inline bool has(const Context& context, Kind kind) noexcept {
    return (context.kinds >> static_cast<unsigned>(kind) & 1U) != 0;
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
RuleResult texts_tile(Context& context);          // 3
RuleResult texts_not_empty(Context& context);     // 4
RuleResult texts_within_limit(Context& context);  // 5
RuleResult texts_are_utf8(Context& context);      // 6

// rules_names.cpp
RuleResult tables_within_limit(Context& context);       // 1
RuleResult records_within_limit(Context& context);      // 2
RuleResult sums_match(Context& context);                // 7
RuleResult orders_complete(Context& context);           // 8
RuleResult names_ascend(Context& context);              // 9, 10, 11
RuleResult top_order_is_permutation(Context& context);  // 12
RuleResult names_share_no_space(Context& context);      // 13

// rules_values.cpp
RuleResult reserved_is_zero(Context& context);         // 14
RuleResult values_have_known_kinds(Context& context);  // 17
RuleResult values_form_trees(Context& context);        // 18
RuleResult values_within_depth(Context& context);      // 19
RuleResult value_bytes_tile(Context& context);         // 20
RuleResult integers_are_minimal(Context& context);     // 21

// rules_keys.cpp
RuleResult keys_are_unique(Context& context);  // 22

// rules_layouts.cpp
RuleResult dtypes_ascend(Context& context);           // 15
RuleResult dtypes_are_consistent(Context& context);   // 16
RuleResult layout_flags_are_known(Context& context);  // 24
RuleResult ranks_within_limit(Context& context);      // 25
RuleResult dims_tile(Context& context);               // 26
RuleResult shapes_fit(Context& context);              // 27
RuleResult shapes_fill_bytes(Context& context);       // 28
RuleResult strides_fit(Context& context);             // 29

// rules_tensors.cpp
RuleResult tensors_are_referenced(Context& context);   // 23
RuleResult tensors_within_storages(Context& context);  // 30
RuleResult storages_are_viewed(Context& context);      // 36

// rules_storages.cpp
RuleResult codecs_are_known(Context& context);      // 31
RuleResult codec_parameters_fit(Context& context);  // 32
RuleResult storage_sums_match(Context& context);    // 33
RuleResult chunk_sizes_fit(Context& context);       // 34
RuleResult chunk_ratios_fit(Context& context);      // 35
RuleResult storages_in_place(Context& context);     // 37, 38

// rules_optimizers.cpp
RuleResult key_positions_fit(Context& context);    // 39
RuleResult params_in_one_group(Context& context);  // 40
RuleResult states_ascend(Context& context);        // 41

}  // namespace milepost::format::rules
