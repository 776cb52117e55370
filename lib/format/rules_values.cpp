#include <algorithm>
#include <array>
#include <cstring>

#include <milepost/value.hpp>

#include "base/message.hpp"
#include "core/integer.hpp"
#include "core/text.hpp"
#include "format/keys.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

/// What a value of a kind takes from: section 6.4.
enum class Takes : std::uint8_t { nothing, truth, bytes, children, tensor };

struct KindRow {
    Takes takes;
    std::uint32_t least_size, greatest_size;
    std::uint32_t flavours;  ///< bit f: flavour f is known, for f below 32
};

constexpr std::uint32_t kAny = UINT32_MAX;
constexpr std::uint32_t kTensorFlavours = 0b01110111;  // roles 0 to 2, with and without requires_grad

/// One row for each Kind, in the order of its numbers. Dicts' attributes bit is taken off before the look-up.
constexpr std::array<KindRow, 12> kKinds = {
    KindRow{Takes::nothing, 0, 0, 0b1},        // null
    KindRow{Takes::truth, 0, 1, 0b1},          // bool
    KindRow{Takes::bytes, 1, 255, 0b1},        // int
    KindRow{Takes::bytes, 8, 8, 0b1},          // float
    KindRow{Takes::bytes, 16, 16, 0b1},        // complex
    KindRow{Takes::bytes, 0, kAny, 0b1111},    // string
    KindRow{Takes::bytes, 0, kAny, 0b11},      // bytes
    KindRow{Takes::children, 0, kAny, 0b1},    // list
    KindRow{Takes::children, 0, kAny, 0b11},   // tuple
    KindRow{Takes::children, 0, kAny, 0b1},    // set
    KindRow{Takes::children, 0, kAny, 0b111},  // dict
    KindRow{Takes::tensor, 0, 0, kTensorFlavours},
};

bool has(const Context& context, Kind kind) noexcept {
    return (context.kinds >> static_cast<unsigned>(kind) & 1U) != 0;
}

bool is(const ValueRecord& value, Kind kind) noexcept {
    return value.kind == static_cast<std::uint8_t>(kind);
}

bool has_attributes(const ValueRecord& value) noexcept {
    return is(value, Kind::dict) && (value.flavour & kAttributesFlavour) != 0;
}

bool is_known(const ValueRecord& value) noexcept {
    if (value.kind >= kKinds.size()) return false;
    const KindRow& row = kKinds[value.kind];
    const unsigned flavour = has_attributes(value) ? value.flavour - kAttributesFlavour : value.flavour;
    return flavour < 32 && (row.flavours >> flavour & 1U) != 0 && value.size >= row.least_size &&
           value.size <= row.greatest_size;
}

std::uint64_t root_count(const Index& index) noexcept {
    return std::uint64_t{index.entry_names.size()} + index.models.size();
}

Verdict key_fault(std::uint32_t dict, std::string_view what) {
    return Error(Condition::value_key, message("index: value ", dict, ": ", what));
}

/// The image of a child of `parent`; a verdict if it is no key.
Verdict read_image(const Context& context, std::uint32_t parent, std::uint32_t child, std::string& image) {
    auto found = stored_key_image(context.index, context.outline, child);
    if (!found) return key_fault(parent, message("value ", child, " cannot be a key"));
    image = *std::move(found);
    return std::nullopt;
}

Verdict set_fault(const Context& context, std::uint32_t set) {
    const std::uint32_t first = context.outline.share[set];
    std::string before, image;  // two at a time: all images of a large set would be larger than the index
    for (std::uint32_t i = 0; i < context.index.values[set].size; ++i) {
        if (auto broken = read_image(context, set, first + i, image)) return broken;
        if (i != 0 && image <= before) return key_fault(set, "elements of a set expected strictly ascending");
        before.swap(image);
    }
    return std::nullopt;
}

/// The first child of a dict with attributes.
Verdict attributes_fault(const Context& context, std::uint32_t dict) {
    const std::uint32_t first = context.outline.share[dict];
    const ValueRecord& record = context.index.values[dict];
    if (record.size == 0) return key_fault(dict, "a dict with attributes has no room for them");
    const ValueRecord& attributes = context.index.values[first];
    if (!is(attributes, Kind::dict) || attributes.flavour != 0) {
        return key_fault(dict, "attributes expected to be a plain dict");
    }
    if (attributes.size == 0) return key_fault(dict, "a dict with attributes has none");
    for (std::uint32_t i = 0; i < attributes.size; i += 2) {
        if (!is(context.index.values[context.outline.share[first] + i], Kind::string)) {
            return key_fault(first, "keys of attributes expected to be strings");
        }
    }
    return std::nullopt;
}

Verdict dict_fault(const Context& context, std::uint32_t dict) {
    const ValueRecord& record = context.index.values[dict];
    const std::uint32_t skipped = has_attributes(record) ? 1 : 0;
    if (record.size < skipped || (record.size - skipped) % 2 != 0) {
        return key_fault(dict,
                         message("a dict expected an even number of keys and values, found ", record.size));
    }
    if (skipped != 0) {
        if (auto broken = attributes_fault(context, dict)) return broken;
    }
    std::vector<std::string> images((record.size - skipped) / 2);
    std::uint32_t key = context.outline.share[dict] + skipped;
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

Verdict reserved_is_zero(Context& context) {
    const Index& index = context.index;
    auto fault = [](std::string_view what, std::size_t number) {
        return Error(Condition::reserved,
                     message("index: ", what, " ", number, ": reserved field expected 0"));
    };
    auto is_zero = [](const auto& record) { return record.reserved == 0; };
    if (const auto bad = first_bad(index.states, is_zero)) return fault("state", *bad);
    if (!is_zero(context.survey.values)) return fault("value", *first_bad(index.values, is_zero));
    if (!is_zero(context.survey.tensors)) return fault("tensor", *first_bad(index.tensors, is_zero));
    if (const auto bad = first_bad(index.dtypes, is_zero)) return fault("dtype", *bad);
    auto are_zero = [](const StorageRecord& storage) {
        return storage.reserved == decltype(storage.reserved){};
    };
    if (!are_zero(context.survey.storages)) return fault("storage", *first_bad(index.storages, are_zero));
    return std::nullopt;
}

Verdict values_have_known_kinds(Context& context) {
    const auto values = context.index.values;
    std::optional<std::size_t> bad;
    for (std::size_t i = 0; i < values.size() && !bad; ++i) {
        // Neighbours are mostly alike: a thousand tensors in a row.
        if (i != 0 && std::memcmp(&values[i], &values[i - 1], sizeof values[i]) == 0) continue;
        if (!is_known(values[i])) bad = i;
        context.kinds |= std::uint32_t{1} << (values[i].kind & 31U);
    }
    if (!bad) return std::nullopt;
    const ValueRecord& value = values[*bad];
    return Error(Condition::value_kind, message("index: value ", *bad, ": no value has kind ", value.kind,
                                                ", flavour ", value.flavour, " and size ", value.size));
}

Verdict values_form_trees(Context& context) {
    const auto values = context.index.values;
    auto& share = context.outline.share;
    share.resize(values.size());
    std::uint64_t next_child = root_count(context.index);
    std::uint64_t next_byte = 0;
    auto& leaves = context.outline.tensor_value;
    leaves.resize(values.size());
    std::uint32_t tensors = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const ValueRecord& value = values[i];
        switch (kKinds[value.kind].takes) {
            case Takes::tensor:
                share[i] = tensors;
                leaves[tensors++] = static_cast<std::uint32_t>(i);
                break;
            case Takes::bytes:
                share[i] = static_cast<std::uint32_t>(next_byte);
                next_byte += value.size;
                break;
            case Takes::children:
                if (value.size != 0 && next_child <= i) {
                    return Error(Condition::value_tree,
                                 message("index: value ", i, " would be its own descendant"));
                }
                share[i] = static_cast<std::uint32_t>(next_child);
                next_child += value.size;
                break;
            default:
                break;
        }
    }
    leaves.resize(tensors);
    context.bytes_taken = next_byte;
    if (next_child != values.size()) {
        return Error(Condition::value_tree, message("index: roots and children expected to be ",
                                                    values.size(), " values, found ", next_child));
    }
    return std::nullopt;
}

Verdict values_within_depth(Context& context) {
    // Values stand breadth first, so each level is one range.
    const auto values = context.index.values;
    std::size_t begin = 0;
    std::size_t end = root_count(context.index);
    const std::uint32_t limit = greatest_depth(context.limits);
    if (end == values.size() && limit != 0) return std::nullopt;  // no value has a child
    for (std::uint32_t depth = 1; begin < end; ++depth) {
        if (depth > limit) {
            return Error(Condition::depth,
                         message("index: value ", begin, " has depth ", depth, ", the limit is ", limit));
        }
        std::size_t children = 0;
        for (; begin < end; ++begin) {
            if (kKinds[values[begin].kind].takes == Takes::children) children += values[begin].size;
        }
        end += children;
    }
    return std::nullopt;
}

Verdict value_bytes_tile(Context& context) {
    const Index& index = context.index;
    const std::uint64_t total = context.bytes_taken;
    if (total != index.value_bytes.size()) {
        return Error(Condition::value_bytes, message("index: value_bytes expected ", total, " bytes, found ",
                                                     index.value_bytes.size()));
    }
    if (!has(context, Kind::string)) return std::nullopt;
    for (std::size_t i = 0; i < index.values.size(); ++i) {
        if (!is(index.values[i], Kind::string)) continue;
        const auto bytes = index.value_bytes.subspan(context.outline.share[i], index.values[i].size);
        if (!core::is_utf8({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) {
            return Error(Condition::value_bytes, message("index: value ", i, " is a string but no UTF-8"));
        }
    }
    return std::nullopt;
}

Verdict integers_are_minimal(Context& context) {
    const Index& index = context.index;
    if (!has(context, Kind::integer)) return std::nullopt;
    for (std::size_t i = 0; i < index.values.size(); ++i) {
        if (!is(index.values[i], Kind::integer)) continue;
        if (core::is_minimal(index.value_bytes.subspan(context.outline.share[i], index.values[i].size)))
            continue;
        return Error(Condition::value_kind,
                     message("index: value ", i, " is an int of more bytes than it needs"));
    }
    return std::nullopt;
}

Verdict keys_are_unique(Context& context) {
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
