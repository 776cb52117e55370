#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "core/integer.hpp"
#include "core/text.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/rules.hpp"
#include "format/validate.hpp"
#include "format/value_columns.hpp"
#include "format/value_runs.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

constexpr std::uint32_t kTensorSubtypes = 0b01110111;  // roles 0 to 2, with and without requires_grad

/// For each Kind, in the order of its numbers, bit f: subtype f is known. Dicts' attributes bit is taken off
/// before the look-up.
constexpr std::array<std::uint32_t, 12> kSubtypes = {
    0b1,     // null
    0b11,    // bool
    0b1,     // int
    0b1,     // float
    0b1,     // complex
    0b1111,  // string
    0b11,    // bytes
    0b1,     // list
    0b11,    // tuple
    0b1,     // set
    0b111,   // dict
    kTensorSubtypes,
};

bool is_known(const ValueRecord& value) noexcept {
    if (value.kind >= kSubtypes.size()) return false;
    const unsigned subtype = has_attributes(value) ? value.subtype - kAttributesSubtype : value.subtype;
    return subtype < 32 && (kSubtypes[value.kind] >> subtype & 1U) != 0;
}

RuleResult integer_sizes_fit(const Index& index) {
    auto next = index.value_sizes.begin();
    for (std::size_t i = 0; next != index.value_sizes.end(); ++i) {
        if (!has_size(static_cast<Kind>(index.values[i].kind))) continue;
        const std::uint32_t size = *next++;
        if (!is(index.values[i], Kind::integer) || (size >= 1 && size <= 255)) continue;
        return BrokenRule(
            Error(Condition::value_kind,
                  message("index: value ", i, ": an int expected 1 to 255 bytes, found ", size)),
            {"values", i});
    }
    return std::nullopt;
}

}  // namespace

RuleResult reserved_is_zero(const RuleInput& input) {
    const Index& index = input.index;
    auto fault = [](std::string_view what, std::size_t number) {
        return Error(Condition::reserved,
                     message("index: ", what, " ", number, ": reserved field expected 0"));
    };
    auto is_zero = [](const auto& record) { return record.reserved == 0; };
    if (const auto bad = first_bad(index.states, is_zero)) return fault("state", *bad);
    if (const auto bad = first_bad(index.dtypes, is_zero)) return fault("dtype", *bad);
    if (const auto bad = first_bad(index.layouts, is_zero)) return fault("layout", *bad);
    return std::nullopt;
}

RuleResult values_have_known_kinds(const RuleInput& input) {
    const auto values = input.index.values;
    std::uint64_t sized = 0;
    bool any_integer = false;
    for (std::size_t i = 0; i < values.size();) {
        const ValueRecord& value = values[i];
        if (!is_known(value)) {
            return BrokenRule(
                Error(Condition::value_kind, message("index: value ", i, ": no value has kind ", value.kind,
                                                     " and subtype ", value.subtype)),
                {"values", i});
        }
        const std::size_t end = end_of_run(values, i);
        any_integer = any_integer || is(value, Kind::integer);
        if (has_size(static_cast<Kind>(value.kind))) sized += end - i;
        i = end;
    }
    if (sized != input.index.value_sizes.size()) {
        return Error(Condition::value_kind, message("index: value_sizes expected ", sized, " numbers, found ",
                                                    input.index.value_sizes.size()));
    }
    return any_integer ? integer_sizes_fit(input.index) : std::nullopt;
}

RuleResult values_form_trees(const RuleInput& input) {
    const auto values = input.index.values;
    const std::uint64_t found = input.totals.children_end;
    if (found != values.size()) {
        return Error(Condition::value_tree, message("index: roots and children expected to be ",
                                                    values.size(), " values, found ", found));
    }
    if (found == root_count(input.index)) return std::nullopt;  // no value has a child
    for (std::size_t i = 0; i < values.size(); ++i) {
        const bool is_parent =
            has_children(static_cast<Kind>(values[i].kind)) && input.offsets.value_size[i] != 0;
        if (!is_parent || input.offsets.data_begin[i] > i) continue;
        return Error(Condition::value_tree, message("index: value ", i, " would be its own descendant"));
    }
    return std::nullopt;
}

RuleResult values_within_depth(const RuleInput& input) {
    // Values are stored breadth first, so each level is one range.
    const auto values = input.index.values;
    std::size_t begin = 0;
    std::size_t end = root_count(input.index);
    const std::uint32_t limit = greatest_depth(input.limits);
    if (end == values.size() && limit != 0) return std::nullopt;  // no value has a child
    for (std::uint32_t depth = 1; begin < end; ++depth) {
        if (depth > limit) {
            return Error(Condition::depth,
                         message("index: value ", begin, " has depth ", depth, ", the limit is ", limit));
        }
        std::size_t children = 0;
        for (; begin < end; ++begin) {
            if (has_children(static_cast<Kind>(values[begin].kind)))
                children += input.offsets.value_size[begin];
        }
        end += children;
    }
    return std::nullopt;
}

RuleResult value_bytes_tile(const RuleInput& input) {
    const Index& index = input.index;
    const std::uint64_t total = input.totals.bytes;
    if (total != index.value_bytes.size()) {
        return Error(Condition::value_bytes, message("index: value_bytes expected ", total, " bytes, found ",
                                                     index.value_bytes.size()));
    }
    if (!has(input, Kind::string)) return std::nullopt;
    for (std::size_t i = 0; i < index.values.size(); ++i) {
        if (!is(index.values[i], Kind::string)) continue;
        const auto bytes =
            index.value_bytes.subspan(input.offsets.data_begin[i], input.offsets.value_size[i]);
        if (!core::is_utf8({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) {
            return BrokenRule(
                Error(Condition::value_bytes, message("index: value ", i, " is a string but not UTF-8")),
                {"values", i});
        }
    }
    return std::nullopt;
}

RuleResult integers_are_minimal(const RuleInput& input) {
    const Index& index = input.index;
    if (!has(input, Kind::integer)) return std::nullopt;
    for (std::size_t i = 0; i < index.values.size(); ++i) {
        if (!is(index.values[i], Kind::integer)) continue;
        if (core::is_minimal(
                index.value_bytes.subspan(input.offsets.data_begin[i], input.offsets.value_size[i])))
            continue;
        return BrokenRule(Error(Condition::value_kind,
                                message("index: value ", i, " is an int of more bytes than it needs")),
                          {"values", i});
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
