#pragma once

#include <cstddef>
#include <optional>

#include <milepost/error.hpp>
#include <milepost/options.hpp>

#include "format/outline.hpp"
#include "format/validate.hpp"

/// The rules of docs/format.md, section 6.5, one function each, called in the order of their numbers by
/// validate().
namespace milepost::format::rules {

/// For each field the OR over a whole column: 0 where all are 0, and never below the greatest. One pass over
/// a column answers a dozen rules for every file that breaks none of them.
struct Survey {
    ValueRecord values;
    TensorRecord tensors;
    StorageRecord storages;

    explicit Survey(const Index& index) noexcept;
};

/// What a rule sees. `outline` is filled by the rules that check sums; a rule may use what earlier rules
/// filled and proved.
struct Context {
    const Index& index;
    const Surroundings& surroundings;
    const Limits& limits;
    Outline& outline;
    Survey survey;
    std::uint32_t kinds = 0;        ///< bit k: there are values of kind k (rule 17)
    std::uint64_t bytes_taken = 0;  ///< by values of value_bytes (rule 18)
};

using Verdict = std::optional<Error>;

/// The number of the first element that is not good; nothing if all are. Every open walks every column many
/// times: the loop that finds nothing has no branch, so that compilers make vector code of it.
template <class Column, class Good>
[[nodiscard]] std::optional<std::size_t> first_bad(const Column& column, Good good) noexcept {
    unsigned char bad = 0;
    for (const auto& element : column)
        bad |= static_cast<unsigned char>(!good(element));
    if (bad == 0) return std::nullopt;
    std::size_t i = 0;
    while (good(column[i]))
        ++i;
    return i;
}

// rules_names.cpp
Verdict tables_within_limit(Context& context);       // 1
Verdict records_within_limit(Context& context);      // 2
Verdict texts_tile(Context& context);                // 3
Verdict texts_not_empty(Context& context);           // 4
Verdict texts_within_limit(Context& context);        // 5
Verdict texts_are_utf8(Context& context);            // 6
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
Verdict keys_are_unique(Context& context);          // 22

// rules_tensors.cpp
Verdict dtypes_ascend(Context& context);            // 15
Verdict dtypes_are_consistent(Context& context);    // 16
Verdict tensors_are_referenced(Context& context);   // 23
Verdict tensor_flags_are_known(Context& context);   // 24
Verdict ranks_within_limit(Context& context);       // 25
Verdict dims_tile(Context& context);                // 26
Verdict shapes_fit(Context& context);               // 27
Verdict shapes_fill_bytes(Context& context);        // 28
Verdict strides_fit(Context& context);              // 29
Verdict tensors_within_storages(Context& context);  // 30

// rules_storages.cpp
Verdict codecs_are_known(Context& context);      // 31
Verdict codec_parameters_fit(Context& context);  // 32
Verdict storage_sums_match(Context& context);    // 33
Verdict chunk_sizes_fit(Context& context);       // 34
Verdict chunk_ratios_fit(Context& context);      // 35
Verdict storages_are_viewed(Context& context);   // 36
Verdict storages_in_place(Context& context);     // 37, 38, 39, 40

// rules_optimizers.cpp
Verdict key_positions_fit(Context& context);    // 41
Verdict params_in_one_group(Context& context);  // 42
Verdict states_ascend(Context& context);        // 43

}  // namespace milepost::format::rules
