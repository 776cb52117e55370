#include "format/find_value.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <milepost/value.hpp>

#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/part_names.hpp"
#include "format/paths.hpp"

namespace milepost::format {
namespace {

/// A number as paths write it, and what comes after it and a slash.
std::optional<std::pair<std::uint64_t, std::string_view>> leading_number(std::string_view text) noexcept {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto digits = static_cast<std::size_t>(end - text.data());
    const bool is_canonical = error == std::errc() && (digits == 1 || (digits > 1 && text[0] != '0'));
    if (!is_canonical || (digits < text.size() && text[digits] != '/')) return std::nullopt;
    return std::pair(number, text.substr(std::min(text.size(), digits)));
}

/// What is searched for.
enum class Wanted : std::uint8_t { value, tensor };

class Search {
public:
    Search(const Index& index, const IndexOffsets& offsets, Wanted wanted) noexcept
        : index_(index), offsets_(offsets), wanted_(wanted) {}

    void model(std::uint32_t model, std::string_view below) {
        entry_list(model, below);
        if (below.starts_with(kMetadataStep))
            visit(static_cast<std::uint32_t>(index_.entry_names.size()) + model,
                  below.substr(kMetadataStep.size()));
    }

    /// The lists of an optimizer: its groups, its states, its state extra entries, its extra entries.
    void optimizer(std::uint32_t optimizer, std::string_view below) {
        const OptimizerRecord& record = index_.optimizers[optimizer];
        const std::size_t groups = offsets_.optimizer_entry_list[optimizer];
        const std::size_t state_extra = groups + record.group_count + record.state_count;
        entry_list(state_extra + 1, below);
        if (below.starts_with(kGroupsStep)) {
            const auto group = leading_number(below.substr(kGroupsStep.size()));
            if (group && group->first < record.group_count && !group->second.empty())
                entry_list(groups + static_cast<std::size_t>(group->first), group->second.substr(1));
        }
        if (!below.starts_with(kStateStep)) return;
        below.remove_prefix(kStateStep.size());
        entry_list(state_extra, below);
        if (offsets_.param_keys(optimizer).count != 0) return keyed_states(optimizer, below);
        const auto parameter = leading_number(below);
        if (parameter && !parameter->second.empty())
            state(optimizer, parameter->first, parameter->second.substr(1));
    }

    /// "KEY/NAME": both may contain slashes, so that the path may be cut at each one.
    void keyed_states(std::uint32_t optimizer, std::string_view below) {
        for (std::size_t cut = below.find('/'); cut != std::string_view::npos;
             cut = below.find('/', cut + 1)) {
            const auto parameter =
                find_param_key(index_, offsets_.param_keys(optimizer), below.substr(0, cut));
            if (parameter) state(optimizer, *parameter, below.substr(cut + 1));
        }
    }

    /// The state of a parameter, if it has any.
    void state(std::uint32_t optimizer, std::uint64_t parameter, std::string_view below) {
        const OptimizerRecord& record = index_.optimizers[optimizer];
        const auto records = index_.states.subspan(offsets_.optimizer_state[optimizer], record.state_count);
        const auto at = std::lower_bound(
            records.begin(), records.end(), parameter,
            [](const StateRecord& state, std::uint64_t wanted) { return state.index < wanted; });
        if (at == records.end() || at->index != parameter) return;
        const std::size_t first = std::size_t{offsets_.optimizer_entry_list[optimizer]} + record.group_count;
        entry_list(first + static_cast<std::size_t>(at - records.begin()), below);
    }

    /// Names may contain slashes: each beginning of the path that ends at one may be the name of an entry.
    void entry_list(std::size_t number, std::string_view below) {
        const EntryList entries = offsets_.entry_list(number);
        for (std::size_t slash = below.find('/'); slash != std::string_view::npos;
             slash = below.find('/', slash + 1)) {
            const std::string_view wanted = below.substr(0, slash);
            const auto entry = first_not_before(entries, wanted);
            if (!entry || !index_.entry_names[*entry].starts_with(wanted)) return;  // nor does any with more
            if (index_.entry_names[*entry] == wanted) visit(*entry, below.substr(slash));
        }
        if (const auto entry = find_entry(index_, entries, below)) visit(*entry, {});
    }

    /// The number of a value.
    [[nodiscard]] std::optional<std::uint32_t> found() const noexcept { return found_; }

private:
    struct Place {
        std::uint32_t value;
        std::string_view below;  ///< the path below the value: empty, or it begins with a slash
    };

    [[nodiscard]] Kind kind(std::uint32_t value) const noexcept {
        return static_cast<Kind>(index_.values[value].kind);
    }

    /// The first entry in the order of names whose name is not less.
    [[nodiscard]] std::optional<std::uint32_t> first_not_before(EntryList entries,
                                                                std::string_view name) const noexcept {
        const auto order = index_.entry_order.subspan(entries.first, entries.count);
        const auto at = std::lower_bound(order.begin(), order.end(), name,
                                         [&](std::uint32_t number, std::string_view wanted) {
                                             return index_.entry_names[entries.first + number] < wanted;
                                         });
        if (at == order.end()) return std::nullopt;
        return entries.first + *at;
    }

    /// Each value has one path, so that it is met at most once.
    void visit(std::uint32_t root, std::string_view below) {
        std::vector<Place> places = {{root, below}};
        while (!places.empty()) {
            const Place place = places.back();
            places.pop_back();
            if (!place.below.empty()) {
                add_children(place.value, place.below.substr(1), places);
            } else if (wanted_ == Wanted::value || kind(place.value) == Kind::tensor) {
                found_ = std::min(found_.value_or(place.value), place.value);
            }
        }
    }

    void add_children(std::uint32_t parent, std::string_view below, std::vector<Place>& places) const {
        if (kind(parent) == Kind::dict) return add_items(parent, below, places);
        if (kind(parent) != Kind::list && kind(parent) != Kind::tuple) return;
        const auto item = leading_number(below);
        if (item && item->first < offsets_.value_size[parent]) {
            places.push_back(
                {offsets_.data_begin[parent] + static_cast<std::uint32_t>(item->first), item->second});
        }
    }

    void add_items(std::uint32_t dict, std::string_view below, std::vector<Place>& places) const {
        const auto add = [&](std::string_view step, std::uint32_t child) {
            if (below.starts_with(step) && (below.size() == step.size() || below[step.size()] == '/'))
                places.push_back({child, below.substr(step.size())});
        };
        const bool has_attributes = (index_.values[dict].subtype & kAttributesSubtype) != 0;
        const std::uint32_t begin = offsets_.data_begin[dict], end = begin + offsets_.value_size[dict];
        if (has_attributes) add(kAttributesStep, begin);
        for (std::uint32_t key = begin + (has_attributes ? 1 : 0); key < end; key += 2) {
            if (kind(key) == Kind::string) {
                add(string_of(index_, offsets_, key), key + 1);
            } else {
                add(key_path_step(index_, offsets_, key), key + 1);
            }
        }
    }

    const Index& index_;
    const IndexOffsets& offsets_;
    Wanted wanted_;
    std::optional<std::uint32_t> found_;
};

std::optional<std::uint32_t> find(const Index& index, const IndexOffsets& offsets, const PartNames& parts,
                                  std::string_view path, Wanted wanted) {
    Search search(index, offsets, wanted);
    for (std::size_t slash = path.find('/'); slash <= parts.longest(); slash = path.find('/', slash + 1)) {
        const std::string_view owner = path.substr(0, slash), below = path.substr(slash + 1);
        if (const auto model = parts.model(owner)) search.model(*model, below);
        if (const auto optimizer = parts.optimizer(owner)) search.optimizer(*optimizer, below);
    }
    search.entry_list(offsets.entry_list_first.size() - 2, path);
    return search.found();
}

}  // namespace

std::optional<std::uint32_t> find_value(const Index& index, const IndexOffsets& offsets,
                                        const PartNames& parts, std::string_view path) {
    return find(index, offsets, parts, path, Wanted::value);
}

std::optional<std::uint32_t> find_tensor(const Index& index, const IndexOffsets& offsets,
                                         const PartNames& parts, std::string_view path) {
    const auto value = find(index, offsets, parts, path, Wanted::tensor);
    if (!value) return std::nullopt;
    return offsets.data_begin[*value];
}

}  // namespace milepost::format
