#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/value.hpp>

#include "format/outline.hpp"
#include "format/validate.hpp"

/// The rules of docs/format.md, section 6.5, one function each, called in the order of their numbers by
/// validate().
namespace milepost::format::rules {

/// What a rule sees. `outline` is filled by the rules that check sums; a rule may use what earlier rules
/// filled and proved.
struct Context {
    const Index& index;
    const Surroundings& surroundings;
    const Limits& limits;
    Outline& outline;
    std::uint32_t kinds = 0;        ///< bit k: there are values of kind k (rule 17)
    std::size_t leaves = 0;         ///< values of kind tensor (rule 18)
    std::uint64_t bytes_taken = 0;  ///< by values of value_bytes (rule 18)
    bool texts_fit = false;         ///< none breaks rules 3 to 5
    bool in_place = false;          ///< all storages are raw, and none breaks rules 33 to 38 but 36
};

using Verdict = std::optional<Error>;

/// Requires: rule 17.
[[nodiscard]] inline bool has(const Context& context, Kind kind) noexcept {
    return (context.kinds >> static_cast<unsigned>(kind) & 1U) != 0;
}
[[nodiscard]] inline bool is(const ValueRecord& value, Kind kind) noexcept {
    return value.kind == static_cast<std::uint8_t>(kind);
}
[[nodiscard]] inline bool has_attributes(const ValueRecord& value) noexcept {
    return is(value, Kind::dict) && (value.flavour & kAttributesFlavour) != 0;
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

// rules_texts.cpp
Verdict texts_tile(Context& context);          // 3
Verdict texts_not_empty(Context& context);     // 4
Verdict texts_within_limit(Context& context);  // 5
Verdict texts_are_utf8(Context& context);      // 6

// rules_names.cpp
Verdict tables_within_limit(Context& context);       // 1
Verdict records_within_limit(Context& context);      // 2
Verdict sums_match(Context& context);                // 7
Verdict orders_complete(Context& context);           // 8
Verdict names_ascend(Context& context);              // 9, 10, 11
Verdict top_order_is_permutation(Context& context);  // 12
Verdict names_share_no_space(Context& context);      // 13

// rules_values.cpp
Verdict reserved_is_zero(Context& context);         // 14
Verdict values_have_known_kinds(Context& context);  // 17
Verdict values_form_trees(Context& context);        // 18
Verdict values_within_depth(Context& context);      // 19
Verdict value_bytes_tile(Context& context);         // 20
Verdict integers_are_minimal(Context& context);     // 21

// rules_keys.cpp
Verdict keys_are_unique(Context& context);  // 22

// rules_layouts.cpp
Verdict dtypes_ascend(Context& context);           // 15
Verdict dtypes_are_consistent(Context& context);   // 16
Verdict layout_flags_are_known(Context& context);  // 24
Verdict ranks_within_limit(Context& context);      // 25
Verdict dims_tile(Context& context);               // 26
Verdict shapes_fit(Context& context);              // 27
Verdict shapes_fill_bytes(Context& context);       // 28
Verdict strides_fit(Context& context);             // 29

// rules_tensors.cpp
Verdict tensors_are_referenced(Context& context);   // 23
Verdict tensors_within_storages(Context& context);  // 30
Verdict storages_are_viewed(Context& context);      // 36

// rules_storages.cpp
Verdict codecs_are_known(Context& context);      // 31
Verdict codec_parameters_fit(Context& context);  // 32
Verdict storage_sums_match(Context& context);    // 33
Verdict chunk_sizes_fit(Context& context);       // 34
Verdict chunk_ratios_fit(Context& context);      // 35
Verdict storages_in_place(Context& context);     // 37, 38

// rules_optimizers.cpp
Verdict key_positions_fit(Context& context);    // 39
Verdict params_in_one_group(Context& context);  // 40
Verdict states_ascend(Context& context);        // 41

}  // namespace milepost::format::rules
