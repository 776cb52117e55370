#include <algorithm>

#include "base/message.hpp"
#include "format/keys.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

RuleResult key_fault(std::uint32_t dict, std::string_view what) {
    return Error(Condition::value_key, message("index: value ", dict, ": ", what));
}

/// The image of a child of `parent`; a verdict if it is no key.
RuleResult read_image(const Context& context, std::uint32_t parent, std::uint32_t child, std::string& image) {
    auto found = stored_key_image(context.index, context.offsets, child);
    if (!found) return key_fault(parent, message("value ", child, " cannot be a key"));
    image = *std::move(found);
    return std::nullopt;
}

RuleResult set_fault(const Context& context, std::uint32_t set) {
    const std::uint32_t first = context.offsets.share[set];
    std::string before, image;  // two at a time: all images of a large set would be larger than the index
    for (std::uint32_t i = 0; i < context.offsets.value_size[set]; ++i) {
        if (auto broken = read_image(context, set, first + i, image)) return broken;
        if (i != 0 && image <= before) return key_fault(set, "elements of a set expected strictly ascending");
        before.swap(image);
    }
    return std::nullopt;
}

/// The first child of a dict with attributes.
RuleResult attributes_fault(const Context& context, std::uint32_t dict) {
    const std::uint32_t first = context.offsets.share[dict];
    const auto sizes = context.offsets.value_size;
    if (sizes[dict] == 0) return key_fault(dict, "a dict with attributes has no room for them");
    const ValueRecord& attributes = context.index.values[first];
    if (!is(attributes, Kind::dict) || attributes.subtype != 0) {
        return key_fault(dict, "attributes expected to be a plain dict");
    }
    if (sizes[first] == 0) return key_fault(dict, "a dict with attributes has none");
    for (std::uint32_t i = 0; i < sizes[first]; i += 2) {
        if (!is(context.index.values[context.offsets.share[first] + i], Kind::string)) {
            return key_fault(first, "keys of attributes expected to be strings");
        }
    }
    return std::nullopt;
}

RuleResult dict_fault(const Context& context, std::uint32_t dict) {
    const ValueRecord& record = context.index.values[dict];
    const std::uint32_t size = context.offsets.value_size[dict];
    const std::uint32_t skipped = has_attributes(record) ? 1 : 0;
    if (size < skipped || (size - skipped) % 2 != 0) {
        return key_fault(dict, message("a dict expected an even number of keys and values, found ", size));
    }
    if (skipped != 0) {
        if (auto broken = attributes_fault(context, dict)) return broken;
    }
    std::vector<std::string> images((size - skipped) / 2);
    std::uint32_t key = context.offsets.share[dict] + skipped;
    for (std::string& image : images) {
        if (auto broken = read_image(context, dict, key, image)) return broken;
        key += 2;
    }
    std::sort(images.begin(), images.end());
    if (std::adjacent_find(images.begin(), images.end()) != images.end()) {
        return key_fault(dict, "two keys of a dict are equal");
    }
    return std::nullopt;
}

}  // namespace

RuleResult keys_are_unique(Context& context) {
    const Index& index = context.index;
    const bool any = has(context, Kind::dict) || has(context, Kind::set);
    for (std::uint32_t i = 0; any && i < index.values.size(); ++i) {
        if (is(index.values[i], Kind::dict)) {
            if (auto broken = dict_fault(context, i)) return broken;
        } else if (is(index.values[i], Kind::set)) {
            if (auto broken = set_fault(context, i)) return broken;
        }
    }
    for (std::size_t i = 0; i < index.models.size(); ++i) {
        const std::size_t number = index.entry_names.size() + i;
        if (!is(index.values[number], Kind::null) && !is(index.values[number], Kind::dict)) {
            return Error(Condition::value_key,
                         message("index: value ", number, ", metadata of model ", i,
                                 ", expected null or a dict, found kind ", index.values[number].kind));
        }
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
