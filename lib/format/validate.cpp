#include "format/validate.hpp"

#include <optional>
#include <span>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "format/derive_offsets.hpp"
#include "format/fast_pass.hpp"
#include "format/index.hpp"
#include "format/rules.hpp"

namespace milepost::format {
namespace {

using rules::RuleInput;
using rules::RuleResult;

/// A rule with its number in docs/format.md, section 6.5: nothing else in the library has that number.
struct Rule {
    int number;
    RuleResult (*judge)(const RuleInput&);
};

// In the order of that section. Between two of these lists, something is derived or a fast pass is tried.
constexpr Rule kCounts[] = {{1, rules::tables_within_limit}, {2, rules::records_within_limit}};
constexpr Rule kStringSizes[] = {
    {3, rules::strings_tile}, {4, rules::strings_not_empty}, {5, rules::strings_within_limit}};
constexpr Rule kStringContents[] = {{6, rules::strings_are_utf8}};
constexpr Rule kSums[] = {{7, rules::sums_match}};
constexpr Rule kOrderSizes[] = {{8, rules::orders_complete}};
constexpr Rule kNameOrder[] = {
    {9, rules::entry_order_in_range}, {10, rules::names_not_repeated}, {11, rules::names_in_order}};
constexpr Rule kNamespaces[] = {{12, rules::top_order_is_permutation}, {13, rules::names_share_no_space}};
constexpr Rule kRecords[] = {{14, rules::reserved_is_zero},
                             {15, rules::dtypes_ascend},
                             {16, rules::dtypes_are_consistent},
                             {17, rules::values_have_known_kinds}};
constexpr Rule kValues[] = {{18, rules::values_form_trees},
                            {19, rules::values_within_depth},
                            {20, rules::value_bytes_tile},
                            {21, rules::integers_are_minimal},
                            {22, rules::keys_are_unique}};
constexpr Rule kReferences[] = {{23, rules::tensors_are_referenced}};
constexpr Rule kLayoutSizes[] = {
    {24, rules::layout_flags_are_known}, {25, rules::ranks_within_limit}, {26, rules::dims_tile}};
constexpr Rule kLayouts[] = {
    {27, rules::shapes_fit}, {28, rules::shapes_fill_bytes}, {29, rules::strides_fit}};
constexpr Rule kTensorsAndCodecs[] = {
    {30, rules::tensors_within_storages}, {31, rules::codecs_are_known}, {32, rules::codec_parameters_fit}};
constexpr Rule kStorageSums[] = {{33, rules::storage_sums_match}};
constexpr Rule kChunks[] = {{34, rules::chunk_sizes_fit}, {35, rules::chunk_ratios_fit}};
constexpr Rule kStorageUse[] = {{36, rules::storages_are_viewed}};
constexpr Rule kStorageEnds[] = {{37, rules::storages_end_before_index}};
constexpr Rule kIndexOffset[] = {{38, rules::index_follows_storages}};
constexpr Rule kOptimizers[] = {{39, rules::key_positions_fit},
                                {40, rules::params_in_one_group},
                                {41, rules::states_ascend},
                                {42, rules::param_keys_are_of_params}};

/// One run over all rules, and what is derived on the way.
class Validation {
public:
    Validation(const Index& index, const ValidationContext& context, const Limits& limits) noexcept
        : index_(index), context_(context), limits_(limits) {}

    RuleResult names() {
        if (auto broken = judge(kCounts)) return broken;
        if (!fast_pass::string_sizes_fit(index_, limits_)) {
            if (auto broken = judge(kStringSizes)) return broken;
        }
        if (!fast_pass::strings_are_ascii(index_)) {
            if (auto broken = judge(kStringContents)) return broken;
        }
        if (auto broken = judge(kSums)) return broken;
        offsets_ = IndexOffsets(index_);
        derive_entry_lists(index_, offsets_);
        if (auto broken = judge(kOrderSizes)) return broken;
        if (!fast_pass::names_ascend(index_, offsets_)) {
            if (auto broken = judge(kNameOrder)) return broken;
        }
        return judge(kNamespaces);
    }

    RuleResult values() {
        if (auto broken = judge(kRecords)) return broken;
        totals_ = derive_values(index_, offsets_);
        return judge(kValues);
    }

    RuleResult references() { return judge(kReferences); }

    RuleResult layouts() {
        if (auto broken = judge(kLayoutSizes)) return broken;
        derive_layout_dims(index_, offsets_);
        return judge(kLayouts);
    }

    RuleResult storages() {
        derive_layout_extents(index_, offsets_);
        if (auto broken = judge(kTensorsAndCodecs)) return broken;
        if (fast_pass::is_raw(index_)) {
            const RawStorageTotals totals = derive_raw_storages(index_, context_.alignment, offsets_);
            if (fast_pass::raw_storages_fit(index_, context_, totals)) return judge(kStorageUse);
        }
        if (auto broken = judge(kStorageSums)) return broken;
        derive_chunks(index_, offsets_);
        if (auto broken = judge(kChunks)) return broken;
        if (auto broken = judge(kStorageUse)) return broken;
        if (auto broken = judge(kStorageEnds)) return broken;
        derive_storage_begins(index_, context_.alignment, offsets_);
        return judge(kIndexOffset);
    }

    RuleResult optimizers() { return judge(kOptimizers); }

    [[nodiscard]] IndexOffsets take_offsets() noexcept { return std::move(offsets_); }

private:
    /// The first error of the rules.
    [[nodiscard]] RuleResult judge(std::span<const Rule> rules) const {
        for (const Rule& rule : rules) {
            const RuleResult broken = rule.judge({index_, context_, limits_, offsets_, totals_});
            if (!broken) continue;
            const Error& error = broken->error;
            return BrokenRule(
                Error(error.condition(), base::message(error.message(), " (rule ", rule.number, ")")),
                broken->subject);
        }
        return std::nullopt;
    }

    const Index& index_;
    const ValidationContext& context_;
    const Limits& limits_;
    IndexOffsets offsets_;
    ValueTotals totals_;
};

}  // namespace

Result<IndexOffsets> validate(const Index& index, const ValidationContext& context, const Limits& limits) {
    Validation validation(index, context, limits);
    RuleResult broken = validation.names();
    if (!broken) broken = validation.values();
    if (!broken) broken = validation.references();
    if (!broken) broken = validation.layouts();
    if (!broken) broken = validation.storages();
    if (!broken) broken = validation.optimizers();
    if (broken) return std::move(broken->error);
    return validation.take_offsets();
}

std::optional<BrokenRule> validate_content(const Index& index, const Limits& limits) {
    const ValidationContext no_context;
    Validation validation(index, no_context, limits);
    RuleResult broken = validation.names();
    if (!broken) broken = validation.values();
    if (!broken) broken = validation.layouts();
    if (!broken) broken = validation.optimizers();
    return broken;
}

}  // namespace milepost::format
