#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "format/index_columns.hpp"
#include "format/keys.hpp"
#include "format/rules.hpp"
#include "format/validate.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

RuleResult key_fault(std::uint32_t dict, std::string_view what) {
    return BrokenRule(Error(Condition::value_key, message("index: value ", dict, ": ", what)),
                      {"values", dict});
}

/// The canonical key of a child of `parent`; an error if it cannot be a key.
RuleResult read_key(const RuleInput& input, std::uint32_t parent, std::uint32_t child, std::string& key) {
    auto found = stored_key(input.index, input.offsets, child);
    if (!found) return key_fault(parent, message("value ", child, " cannot be a key"));
    key = *std::move(found);
    return std::nullopt;
}

RuleResult set_fault(const RuleInput& input, std::uint32_t set) {
    const std::uint32_t first = input.offsets.data_begin[set];
    std::string before, key;  // two at a time: all keys of a large set would be larger than the index
    for (std::uint32_t i = 0; i < input.offsets.value_size[set]; ++i) {
        if (auto broken = read_key(input, set, first + i, key)) return broken;
        if (i != 0 && key <= before) return key_fault(set, "elements of a set expected strictly ascending");
        before.swap(key);
    }
    return std::nullopt;
}

/// The first child of a dict with attributes.
RuleResult attributes_fault(const RuleInput& input, std::uint32_t dict) {
    const std::uint32_t first = input.offsets.data_begin[dict];
    const auto sizes = input.offsets.value_size;
    if (sizes[dict] == 0) return key_fault(dict, "a dict with attributes has no room for them");
    const ValueRecord& attributes = input.index.values[first];
    if (!is(attributes, Kind::dict) || attributes.subtype != 0) {
        return key_fault(dict, "attributes expected to be a plain dict");
    }
    if (sizes[first] == 0) return key_fault(dict, "a dict with attributes has none");
    for (std::uint32_t i = 0; i < sizes[first]; i += 2) {
        if (!is(input.index.values[input.offsets.data_begin[first] + i], Kind::string)) {
            return key_fault(first, "keys of attributes expected to be strings");
        }
    }
    return std::nullopt;
}

RuleResult dict_fault(const RuleInput& input, std::uint32_t dict) {
    const ValueRecord& record = input.index.values[dict];
    const std::uint32_t size = input.offsets.value_size[dict];
    const std::uint32_t skipped = has_attributes(record) ? 1 : 0;
    if (size < skipped || (size - skipped) % 2 != 0) {
        return key_fault(dict, message("a dict expected an even number of keys and values, found ", size));
    }
    if (skipped != 0) {
        if (auto broken = attributes_fault(input, dict)) return broken;
    }
    std::vector<std::string> keys((size - skipped) / 2);
    std::uint32_t child = input.offsets.data_begin[dict] + skipped;
    for (std::string& key : keys) {
        if (auto broken = read_key(input, dict, child, key)) return broken;
        child += 2;
    }
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
        return key_fault(dict, "two keys of a dict are equal");
    }
    return std::nullopt;
}

}  // namespace

RuleResult keys_are_unique(const RuleInput& input) {
    const Index& index = input.index;
    const bool any = has(input, Kind::dict) || has(input, Kind::set);
    for (std::uint32_t i = 0; any && i < index.values.size(); ++i) {
        if (is(index.values[i], Kind::dict)) {
            if (auto broken = dict_fault(input, i)) return broken;
        } else if (is(index.values[i], Kind::set)) {
            if (auto broken = set_fault(input, i)) return broken;
        }
    }
    for (std::size_t i = 0; i < index.models.size(); ++i) {
        const std::size_t number = index.entry_names.size() + i;
        if (!is(index.values[number], Kind::null) && !is(index.values[number], Kind::dict)) {
            return BrokenRule(
                Error(Condition::value_key,
                      message("index: value ", number, ", metadata of model ", i,
                              ", expected null or a dict, found kind ", index.values[number].kind)),
                {"values", number});
        }
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
