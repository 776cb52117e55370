#include <algorithm>
#include <array>
#include <cstring>

#include <milepost/value.hpp>

#include "base/message.hpp"
#include "core/integer.hpp"
#include "core/text.hpp"
#include "format/rules.hpp"
#include "format/value_columns.hpp"

namespace milepost::format::rules {
namespace {

using base::message;

constexpr std::uint32_t kTensorFlavours = 0b01110111;  // roles 0 to 2, with and without requires_grad

/// For each Kind, in the order of its numbers, bit f: subtype f is known. Dicts' attributes bit is taken off
/// before the look-up.
constexpr std::array<std::uint32_t, 12> kFlavours = {
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
    kTensorFlavours,
};

/// Bytes of the kinds that always take as many.
constexpr std::uint32_t fixed_nbytes(Kind kind) noexcept {
    return kind == Kind::floating ? 8 : kind == Kind::complex ? 16 : 0;
}

bool are_equal(const ValueRecord& a, const ValueRecord& b) noexcept {
    return a.kind == b.kind && a.subtype == b.subtype;
}

/// Where the run of equal records ends that begins at `begin`: a thousand tensors in a row are one step.
std::size_t end_of_run(std::span<const ValueRecord> values, std::size_t begin) noexcept {
    constexpr std::size_t kStep = 64;
    std::size_t end = begin + 1;
    while (end + kStep <= values.size() &&
           std::memcmp(&values[end], &values[end - 1], kStep * sizeof(ValueRecord)) == 0) {
        end += kStep;
    }
    while (end < values.size() && are_equal(values[end], values[begin]))
        ++end;
    return end;
}

bool is_known(const ValueRecord& value) noexcept {
    if (value.kind >= kFlavours.size()) return false;
    const unsigned subtype = has_attributes(value) ? value.subtype - kAttributesSubtype : value.subtype;
    return subtype < 32 && (kFlavours[value.kind] >> subtype & 1U) != 0;
}

std::uint64_t root_count(const Index& index) noexcept {
    return std::uint64_t{index.entry_names.size()} + index.models.size();
}

/// Gives each value of a kind with a size the next one.
RuleResult fill_sizes(Context& context) {
    const auto values = context.index.values;
    const auto sizes = context.offsets.value_size;
    std::fill(sizes.begin(), sizes.end(), 0U);
    auto next = context.index.value_sizes.begin();
    for (std::size_t i = 0; next != context.index.value_sizes.end(); ++i) {
        if (!has_size(static_cast<Kind>(values[i].kind))) continue;
        sizes[i] = *next++;
        if (is(values[i], Kind::integer) && (sizes[i] == 0 || sizes[i] > 255)) {
            return Error(Condition::value_kind,
                         message("index: value ", i, ": an int expected 1 to 255 bytes, found ", sizes[i]));
        }
    }
    return std::nullopt;
}

void fill_ascending(IndexOffsets::Numbers numbers, std::size_t first) noexcept {
    for (std::size_t i = 0; i < numbers.size(); ++i)
        numbers[i] = static_cast<std::uint32_t>(first + i);
}

/// Gives each value its share of the tensors, the bytes and the children, from front to back.
class Shares {
public:
    explicit Shares(Context& context)
        : context_(context), outline_(context.offsets), next_child_(root_count(context.index)) {}

    void take_tensors(std::size_t begin, std::size_t end) {
        const std::size_t count = end - begin;
        const auto leaves = outline_.tensor_value;
        if (count <= leaves.size() - std::min(context_.leaves, leaves.size()))  // else rule 23 is broken
            fill_ascending(leaves.subspan(context_.leaves, count), begin);
        fill_ascending(outline_.share.subspan(begin, count), context_.leaves);
        context_.leaves += count;
    }

    RuleResult take(std::size_t begin, std::size_t end) {
        const auto kind = static_cast<Kind>(context_.index.values[begin].kind);
        std::uint64_t& next = has_children(kind) ? next_child_ : next_byte_;
        for (std::size_t i = begin; i < end; ++i) {
            std::uint32_t& size = outline_.value_size[i];
            size += fixed_nbytes(kind);
            if (has_children(kind) && size != 0 && next <= i) {
                return Error(Condition::value_tree,
                             message("index: value ", i, " would be its own descendant"));
            }
            outline_.share[i] = static_cast<std::uint32_t>(next);
            next += size;
        }
        return std::nullopt;
    }

    RuleResult finish() {
        context_.bytes_taken = next_byte_;
        const std::size_t values = context_.index.values.size();
        if (next_child_ == values) return std::nullopt;
        return Error(Condition::value_tree, message("index: roots and children expected to be ", values,
                                                    " values, found ", next_child_));
    }

private:
    Context& context_;
    IndexOffsets& outline_;
    std::uint64_t next_child_;
    std::uint64_t next_byte_ = 0;
};

}  // namespace

RuleResult reserved_is_zero(Context& context) {
    const Index& index = context.index;
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

RuleResult values_have_known_kinds(Context& context) {
    const auto values = context.index.values;
    std::uint64_t sized = 0;
    for (std::size_t i = 0; i < values.size();) {
        const ValueRecord& value = values[i];
        if (!is_known(value)) {
            return Error(Condition::value_kind, message("index: value ", i, ": no value has kind ",
                                                        value.kind, " and subtype ", value.subtype));
        }
        const std::size_t end = end_of_run(values, i);
        context.kinds |= std::uint32_t{1} << value.kind;
        if (has_size(static_cast<Kind>(value.kind))) sized += end - i;
        i = end;
    }
    if (sized != context.index.value_sizes.size()) {
        return Error(Condition::value_kind, message("index: value_sizes expected ", sized, " numbers, found ",
                                                    context.index.value_sizes.size()));
    }
    return fill_sizes(context);
}

RuleResult values_form_trees(Context& context) {
    const auto values = context.index.values;
    Shares shares(context);
    for (std::size_t i = 0; i < values.size();) {
        const std::size_t end = end_of_run(values, i);
        if (is(values[i], Kind::tensor)) {
            shares.take_tensors(i, end);
        } else if (auto broken = shares.take(i, end)) {
            return broken;
        }
        i = end;
    }
    return shares.finish();
}

RuleResult values_within_depth(Context& context) {
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
            if (has_children(static_cast<Kind>(values[begin].kind)))
                children += context.offsets.value_size[begin];
        }
        end += children;
    }
    return std::nullopt;
}

RuleResult value_bytes_tile(Context& context) {
    const Index& index = context.index;
    const std::uint64_t total = context.bytes_taken;
    if (total != index.value_bytes.size()) {
        return Error(Condition::value_bytes, message("index: value_bytes expected ", total, " bytes, found ",
                                                     index.value_bytes.size()));
    }
    if (!has(context, Kind::string)) return std::nullopt;
    for (std::size_t i = 0; i < index.values.size(); ++i) {
        if (!is(index.values[i], Kind::string)) continue;
        const auto bytes = index.value_bytes.subspan(context.offsets.share[i], context.offsets.value_size[i]);
        if (!core::is_utf8({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) {
            return Error(Condition::value_bytes, message("index: value ", i, " is a string but no UTF-8"));
        }
    }
    return std::nullopt;
}

RuleResult integers_are_minimal(Context& context) {
    const Index& index = context.index;
    if (!has(context, Kind::integer)) return std::nullopt;
    for (std::size_t i = 0; i < index.values.size(); ++i) {
        if (!is(index.values[i], Kind::integer)) continue;
        if (core::is_minimal(
                index.value_bytes.subspan(context.offsets.share[i], context.offsets.value_size[i])))
            continue;
        return Error(Condition::value_kind,
                     message("index: value ", i, " is an int of more bytes than it needs"));
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
