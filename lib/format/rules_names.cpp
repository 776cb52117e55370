#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/message.hpp"
#include "core/text.hpp"
#include "format/rules.hpp"

namespace milepost::format::rules {
namespace {

using base::message;
using core::printable;

struct NamedTexts {
    const Texts& texts;
    std::string_view name;
    bool may_be_empty = false;
};

std::array<NamedTexts, 6> all_texts(const Index& index) noexcept {
    return {NamedTexts{index.model_names, "model_names"},
            NamedTexts{index.optimizer_names, "optimizer_names"},
            NamedTexts{index.algorithms, "algorithms", true},
            NamedTexts{index.entry_names, "entry_names"},
            NamedTexts{index.param_names, "param_names"},
            NamedTexts{index.dtype_names, "dtype_names"}};
}

Verdict limit(Condition condition, std::string_view what, std::uint64_t found, std::uint64_t limit) {
    if (found <= limit) return std::nullopt;
    return Error(condition, message("index: ", found, " ", what, ", the limit is ", limit));
}

/// Printable ASCII throughout: no text of the pool can break a rule of encoding, wherever it begins.
bool is_plain(std::span<const std::byte> bytes) noexcept {
    std::byte least{0x20}, greatest{0x20};
    for (const std::byte byte : bytes) {
        least = std::min(least, byte);
        greatest = std::max(greatest, byte);
    }
    return least == std::byte{0x20} && greatest < std::byte{0x7F};
}

/// Whether every text of the pool has a size that `fits`. Requires: the ends ascend.
template <class Fits>
bool all_sizes(const Texts& texts, Fits fits) noexcept {
    if (texts.ends.empty()) return true;
    unsigned char bad = static_cast<unsigned char>(!fits(texts.ends[0]));
    for (std::size_t i = 1; i < texts.ends.size(); ++i) {
        bad |= static_cast<unsigned char>(!fits(texts.ends[i] - texts.ends[i - 1]));
    }
    return bad == 0;
}

bool ascend(std::span<const std::uint32_t> ends) noexcept {
    unsigned char descends = 0;
    for (std::size_t i = 1; i < ends.size(); ++i)
        descends |= static_cast<unsigned char>(ends[i] < ends[i - 1]);
    return descends == 0;
}

/// a < b, bytewise. Names share long beginnings; eight bytes at a time, without a call.
bool is_less(std::string_view a, std::string_view b) noexcept {
    const std::size_t common = std::min(a.size(), b.size());
    std::size_t at = 0;
    for (; at + 8 <= common; at += 8) {
        std::uint64_t left = 0, right = 0;
        std::memcpy(&left, a.data() + at, 8);
        std::memcpy(&right, b.data() + at, 8);
        if (left != right) return __builtin_bswap64(left) < __builtin_bswap64(right);
    }
    for (; at < common; ++at) {
        if (a[at] != b[at]) return static_cast<unsigned char>(a[at]) < static_cast<unsigned char>(b[at]);
    }
    return a.size() < b.size();
}

Verdict mismatch(std::string_view what, std::uint64_t expected, std::uint64_t found) {
    if (expected == found) return std::nullopt;
    return Error(Condition::reference, message("index: ", what, " expected ", expected, ", found ", found));
}

template <class Records, class Count>
std::uint64_t prefix_sums(const Records& records, Count count, std::vector<std::uint32_t>& starts) {
    std::uint64_t total = 0;
    starts.reserve(records.size() + 1);
    for (const auto& record : records) {
        starts.push_back(static_cast<std::uint32_t>(total));
        total += count(record);
    }
    starts.push_back(static_cast<std::uint32_t>(total));
    return total;
}

/// Appends the scopes of the optimizers and that of the values; returns the number of entries in all but the
/// last.
std::uint64_t add_scopes(Context& context) {
    const Index& index = context.index;
    Outline& outline = context.outline;
    std::uint64_t total = 0;
    auto add = [&](std::uint32_t count) {
        outline.scope_first.push_back(static_cast<std::uint32_t>(total));
        total += count;
    };
    outline.scope_first.reserve(index.models.size() + index.groups.size() + index.states.size() +
                                2 * index.optimizers.size() + 2);
    for (const ModelRecord& model : index.models)
        add(model.entry_count);
    for (std::size_t o = 0; o < index.optimizers.size(); ++o) {
        outline.optimizer_scope.push_back(static_cast<std::uint32_t>(outline.scope_first.size()));
        for (auto g = outline.optimizer_group[o]; g < outline.optimizer_group[o + 1]; ++g) {
            add(index.groups[g].hyperparameter_count);
        }
        for (auto s = outline.optimizer_state[o]; s < outline.optimizer_state[o + 1]; ++s) {
            add(index.states[s].entry_count);
        }
        add(index.optimizers[o].state_extra_count);
        add(index.optimizers[o].extra_count);
    }
    outline.optimizer_scope.push_back(static_cast<std::uint32_t>(outline.scope_first.size()));
    outline.scope_first.push_back(static_cast<std::uint32_t>(total));
    outline.scope_first.push_back(static_cast<std::uint32_t>(index.entry_names.size()));
    return total;
}

bool scope_ascends(const Index& index, Scope scope) noexcept {
    std::string_view last;
    for (std::uint32_t i = 0; i < scope.count; ++i) {
        const std::uint32_t number = index.entry_order[scope.first + i];
        if (number >= scope.count) return false;
        const std::string_view name = index.entry_names[scope.first + number];
        if (i != 0 && !is_less(last, name)) return false;
        last = name;
    }
    return true;
}

/// Rules 9, 10 and 11 for one scope, for the one of them that is asked for.
Verdict order_fault(const Index& index, Scope scope, Condition rule) {
    for (std::uint32_t i = 0; i < scope.count; ++i) {
        const std::uint32_t number = index.entry_order[scope.first + i];
        const std::uint32_t before = i == 0 ? scope.count : index.entry_order[scope.first + i - 1];
        if (rule == Condition::order && (number >= scope.count || number == before)) {
            return Error(rule, message("index: entry_order ", scope.first + i, " expected a number below ",
                                       scope.count, " that is not repeated, found ", number));
        }
        if (i == 0 || number >= scope.count || before >= scope.count || number == before) continue;
        const std::string_view name = index.entry_names[scope.first + number];
        const std::string_view last = index.entry_names[scope.first + before];
        if (rule == Condition::name_duplicate && name == last) {
            return Error(rule, message("index: entries ", scope.first + before, " and ", scope.first + number,
                                       " have one name, '", printable(name), "'"));
        }
        if (rule == Condition::name_order && name < last) {
            return Error(rule, message("index: entry_order ", scope.first + i, " puts '", printable(name),
                                       "' behind '", printable(last), "'"));
        }
    }
    return std::nullopt;
}

Verdict taken(std::string_view name, std::string_view where) {
    return Error(Condition::name_duplicate,
                 message("index: the name '", printable(name), "' is taken ", where));
}

Verdict top_names_differ(Context& context) {
    const Index& index = context.index;
    std::vector<std::string_view> names;
    names.reserve(index.models.size() + index.optimizers.size());
    for (std::size_t i = 0; i < index.models.size(); ++i)
        names.push_back(index.model_names[i]);
    for (std::size_t i = 0; i < index.optimizers.size(); ++i)
        names.push_back(index.optimizer_names[i]);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) return taken(*twice, "by two models or optimizers");
    for (const std::string_view name : names) {
        if (find_entry(index, context.outline.values_scope(), name)) return taken(name, "by a value too");
    }
    return std::nullopt;
}

}  // namespace

Verdict tables_within_limit(Context& context) {
    return limit(Condition::tables, "models and optimizers",
                 std::uint64_t{context.index.models.size()} + context.index.optimizers.size(),
                 context.limits.max_tables);
}

Verdict records_within_limit(Context& context) {
    const Index& index = context.index;
    const std::pair<std::string_view, std::size_t> counts[] = {
        {"groups", index.groups.size()},       {"states", index.states.size()},
        {"entries", index.entry_names.size()}, {"values", index.values.size()},
        {"tensors", index.tensors.size()},     {"storages", index.storages.size()}};
    for (const auto& [what, count] : counts) {
        if (auto broken = limit(Condition::records, what, count, context.limits.max_records)) return broken;
    }
    return std::nullopt;
}

Verdict texts_tile(Context& context) {
    for (const auto& [texts, name, may_be_empty] : all_texts(context.index)) {
        const bool ascends = ascend(texts.ends);
        const std::uint64_t end = texts.ends.empty() ? 0 : texts.ends.back();
        if (!ascends || end != texts.bytes.size()) {
            return Error(Condition::name,
                         message("index: ", name, " expected ascending ends up to ", texts.bytes.size(),
                                 ascends ? ", found " : ", found descending ones up to ", end));
        }
    }
    return std::nullopt;
}

Verdict texts_not_empty(Context& context) {
    for (const auto& [texts, name, may_be_empty] : all_texts(context.index)) {
        if (may_be_empty || all_sizes(texts, [](std::uint32_t nbytes) { return nbytes != 0; })) continue;
        std::uint32_t begin = 0;
        for (std::size_t i = 0; i < texts.size(); begin = texts.ends[i++]) {
            if (texts.ends[i] == begin)
                return Error(Condition::name, message("index: ", name, " ", i, " is empty"));
        }
    }
    return std::nullopt;
}

Verdict texts_within_limit(Context& context) {
    for (const auto& [texts, name, may_be_empty] : all_texts(context.index)) {
        const std::uint32_t most = context.limits.max_name_bytes;
        if (all_sizes(texts, [most](std::uint32_t nbytes) { return nbytes <= most; })) continue;
        std::uint32_t begin = 0;
        for (std::size_t i = 0; i < texts.size(); begin = texts.ends[i++]) {
            const std::uint32_t nbytes = texts.ends[i] - begin;
            if (nbytes > context.limits.max_name_bytes) {
                return Error(Condition::name_bytes,
                             message("index: ", name, " ", i, " has ", nbytes, " bytes, the limit is ",
                                     context.limits.max_name_bytes));
            }
        }
    }
    return std::nullopt;
}

Verdict texts_are_utf8(Context& context) {
    for (const auto& [texts, name, may_be_empty] : all_texts(context.index)) {
        if (is_plain(texts.bytes)) continue;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if (core::is_utf8(texts[i]) && !core::has_control(texts[i])) continue;
            return Error(Condition::name, message("index: ", name, " ", i, ", '", printable(texts[i]),
                                                  "', is no UTF-8 or has control characters"));
        }
    }
    return std::nullopt;
}

Verdict sums_match(Context& context) {
    const Index& index = context.index;
    Outline& outline = context.outline;
    const auto groups = prefix_sums(
        index.optimizers, [](const OptimizerRecord& o) { return o.group_count; }, outline.optimizer_group);
    const auto states = prefix_sums(
        index.optimizers, [](const OptimizerRecord& o) { return o.state_count; }, outline.optimizer_state);
    const auto params = prefix_sums(
        index.groups, [](const GroupRecord& g) { return g.param_count; }, outline.group_param);
    const auto names = prefix_sums(
        index.groups,
        [](const GroupRecord& g) { return g.param_names_position == kNoPosition ? 0 : g.param_count; },
        outline.group_name);
    if (auto broken = mismatch("model_names", index.models.size(), index.model_names.size())) return broken;
    if (auto broken = mismatch("optimizer_names", index.optimizers.size(), index.optimizer_names.size()))
        return broken;
    if (auto broken = mismatch("algorithms", index.optimizers.size(), index.algorithms.size())) return broken;
    if (auto broken = mismatch("groups", groups, index.groups.size())) return broken;
    if (auto broken = mismatch("states", states, index.states.size())) return broken;
    if (auto broken = mismatch("params", params, index.params.size())) return broken;
    if (auto broken = mismatch("param_names", names, index.param_names.size())) return broken;
    if (auto broken = mismatch("dtype_names", index.dtypes.size(), index.dtype_names.size())) return broken;
    const std::uint64_t entries = add_scopes(context);
    if (entries > index.entry_names.size()) {
        return Error(Condition::reference, message("index: entry_names expected at least ", entries,
                                                   ", found ", index.entry_names.size()));
    }
    const std::uint64_t roots = std::uint64_t{index.entry_names.size()} + index.models.size();
    if (index.values.size() < roots) {
        return Error(Condition::reference,
                     message("index: values expected at least ", roots, ", found ", index.values.size()));
    }
    return std::nullopt;
}

Verdict orders_complete(Context& context) {
    const Index& index = context.index;
    const std::uint64_t parts =
        std::uint64_t{index.models.size()} + index.optimizers.size() + context.outline.values_scope().count;
    if (index.entry_order.size() != index.entry_names.size()) {
        return Error(Condition::order, message("index: entry_order expected ", index.entry_names.size(),
                                               " numbers, found ", index.entry_order.size()));
    }
    if (index.top_order.size() != parts) {
        return Error(Condition::order, message("index: top_order expected ", parts, " numbers, found ",
                                               index.top_order.size()));
    }
    return std::nullopt;
}

Verdict names_ascend(Context& context) {
    const Index& index = context.index;
    const std::size_t scopes = context.outline.scope_first.size() - 1;
    bool ascends = true;
    for (std::size_t i = 0; i < scopes && ascends; ++i)
        ascends = scope_ascends(index, context.outline.scope(i));
    if (ascends) return std::nullopt;
    for (const Condition rule : {Condition::order, Condition::name_duplicate, Condition::name_order}) {
        for (std::size_t i = 0; i < scopes; ++i) {
            if (auto broken = order_fault(index, context.outline.scope(i), rule)) return broken;
        }
    }
    return std::nullopt;
}

Verdict top_order_is_permutation(Context& context) {
    const auto order = context.index.top_order;
    std::vector<bool> seen(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (order[i] >= order.size() || seen[order[i]]) {
            return Error(Condition::order, message("index: top_order ", i, " expected a number below ",
                                                   order.size(), " that is not repeated, found ", order[i]));
        }
        seen[order[i]] = true;
    }
    return std::nullopt;
}

Verdict names_share_no_space(Context& context) {
    if (auto broken = top_names_differ(context)) return broken;
    const Outline& outline = context.outline;
    for (std::size_t o = 0; o < context.index.optimizers.size(); ++o) {
        const OptimizerRecord& optimizer = context.index.optimizers[o];
        for (std::uint32_t g = 0; g < optimizer.group_count; ++g) {
            const Scope scope = outline.scope(outline.optimizer_scope[o] + g);
            for (const std::string_view name : {"params", "param_names"}) {
                if (find_entry(context.index, scope, name)) return taken(name, "by the group itself");
            }
        }
        const Scope extra = outline.scope(outline.optimizer_scope[o + 1] - 1);
        for (const std::string_view name : {"state", "param_groups"}) {
            if (find_entry(context.index, extra, name)) return taken(name, "by the optimizer itself");
        }
    }
    return std::nullopt;
}

}  // namespace milepost::format::rules
