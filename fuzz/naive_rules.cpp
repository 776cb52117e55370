#include "naive_rules.hpp"

#include "naive_reading.hpp"

namespace milepost::fuzz {
namespace {

struct Rule {
    unsigned number;
    Condition condition;
    bool (*holds)(naive::Reading&);
};

/// The table of section 6.5: number, violation, rule.
constexpr Rule kRules[] = {
    {1, Condition::tables, naive::tables_within_limit},
    {2, Condition::records, naive::records_within_limit},
    {3, Condition::name, naive::texts_tile},
    {4, Condition::name, naive::texts_have_bytes},
    {5, Condition::name_bytes, naive::texts_within_limit},
    {6, Condition::name, naive::texts_are_utf8},
    {7, Condition::reference, naive::sums_match},
    {8, Condition::order, naive::orders_have_numbers},
    {9, Condition::order, naive::entry_order_in_range},
    {10, Condition::name_duplicate, naive::names_differ_from_the_last},
    {11, Condition::name_order, naive::names_ascend},
    {12, Condition::order, naive::top_order_has_each_once},
    {13, Condition::name_duplicate, naive::names_differ},
    {14, Condition::reserved, naive::reserved_is_zero},
    {15, Condition::order, naive::dtypes_ascend},
    {16, Condition::reference, naive::dtypes_agree_with_table},
    {17, Condition::value_kind, naive::value_kinds_known},
    {18, Condition::value_tree, naive::values_are_trees},
    {19, Condition::depth, naive::depth_within_limit},
    {20, Condition::value_bytes, naive::value_bytes_used_up},
    {21, Condition::value_kind, naive::ints_minimal},
    {22, Condition::value_key, naive::keys_hold},
    {23, Condition::reference, naive::tensor_columns_fit},
    {24, Condition::reserved, naive::layout_flags_known},
    {25, Condition::rank, naive::ranks_within_limit},
    {26, Condition::shape, naive::dims_used_up},
    {27, Condition::shape, naive::products_fit},
    {28, Condition::shape, naive::small_elements_fill_bytes},
    {29, Condition::stride, naive::strides_fit},
    {30, Condition::tensor_range, naive::tensors_within_storages},
    {31, Condition::codec, naive::codecs_known},
    {32, Condition::codec_parameters, naive::codec_parameters_defined},
    {33, Condition::storage_size, naive::storage_sums_match},
    {34, Condition::chunk_size, naive::chunk_sizes_fit},
    {35, Condition::ratio, naive::ratios_fit},
    {36, Condition::storage_unused, naive::storages_viewed},
    {37, Condition::storage_range, naive::storages_end_before_index},
    {38, Condition::storage_gap, naive::index_follows_storages},
    {39, Condition::group, naive::key_positions_fit},
    {40, Condition::group, naive::params_in_one_group},
    {41, Condition::group, naive::states_ascend},
    {42, Condition::group, naive::param_keys_are_of_params},
};

}  // namespace

std::optional<BrokenRule> first_broken_rule(const format::Index& index,
                                            const format::ValidationContext& validation_context,
                                            const Limits& limits) {
    naive::Reading reading{.index = index, .validation_context = validation_context, .limits = limits};
    for (const Rule& rule : kRules) {
        if (!rule.holds(reading)) return BrokenRule{rule.number, rule.condition};
    }
    return std::nullopt;
}

}  // namespace milepost::fuzz
