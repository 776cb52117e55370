#include "format/validate.hpp"

#include "format/rules.hpp"

namespace milepost::format {
namespace {

/// What a rule can be checked without: a writer checks content before it has written a storage.
enum class Needs : std::uint8_t { content, storages };

struct Rule {
    rules::RuleResult (*check)(rules::Context&);
    Needs needs;
};

/// In the order of docs/format.md, section 6.5.
constexpr Rule kRules[] = {
    {rules::tables_within_limit, Needs::content},
    {rules::records_within_limit, Needs::content},
    {rules::texts_tile, Needs::content},
    {rules::texts_not_empty, Needs::content},
    {rules::texts_within_limit, Needs::content},
    {rules::texts_are_utf8, Needs::content},
    {rules::sums_match, Needs::content},
    {rules::orders_complete, Needs::content},
    {rules::names_ascend, Needs::content},
    {rules::top_order_is_permutation, Needs::content},
    {rules::names_share_no_space, Needs::content},
    {rules::reserved_is_zero, Needs::content},
    {rules::dtypes_ascend, Needs::content},
    {rules::dtypes_are_consistent, Needs::content},
    {rules::values_have_known_kinds, Needs::content},
    {rules::values_form_trees, Needs::content},
    {rules::values_within_depth, Needs::content},
    {rules::value_bytes_tile, Needs::content},
    {rules::integers_are_minimal, Needs::content},
    {rules::keys_are_unique, Needs::content},
    {rules::tensors_are_referenced, Needs::storages},
    {rules::layout_flags_are_known, Needs::content},
    {rules::ranks_within_limit, Needs::content},
    {rules::dims_tile, Needs::content},
    {rules::shapes_fit, Needs::content},
    {rules::shapes_fill_bytes, Needs::content},
    {rules::strides_fit, Needs::content},
    {rules::tensors_within_storages, Needs::storages},
    {rules::codecs_are_known, Needs::storages},
    {rules::codec_parameters_fit, Needs::storages},
    {rules::storage_sums_match, Needs::storages},
    {rules::chunk_sizes_fit, Needs::storages},
    {rules::chunk_ratios_fit, Needs::storages},
    {rules::storages_are_viewed, Needs::storages},
    {rules::storages_in_place, Needs::storages},
    {rules::key_positions_fit, Needs::content},
    {rules::params_in_one_group, Needs::content},
    {rules::states_ascend, Needs::content},
};

}  // namespace

Result<IndexOffsets> validate(const Index& index, const ValidationContext& validation_context,
                              const Limits& limits) {
    IndexOffsets offsets;
    rules::Context context{
        .index = index, .validation_context = validation_context, .limits = limits, .offsets = offsets};
    for (const Rule& rule : kRules) {
        if (rules::RuleResult broken = rule.check(context)) return *std::move(broken);
    }
    return offsets;
}

Result<void> validate_content(const Index& index, const Limits& limits) {
    IndexOffsets offsets;
    const ValidationContext validation_context;
    rules::Context context{
        .index = index, .validation_context = validation_context, .limits = limits, .offsets = offsets};
    for (const Rule& rule : kRules) {
        if (rule.needs != Needs::content) continue;
        if (rules::RuleResult broken = rule.check(context)) return *std::move(broken);
    }
    return {};
}

}  // namespace milepost::format
