// Rules 1 to 13: limits, texts, sums, names and orders.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "naive_reading.hpp"

namespace milepost::fuzz::naive {
namespace {

using format::Index;
using format::StringTable;

std::array<const StringTable*, 7> all_texts(const Index& index) {
    return {&index.model_names, &index.optimizer_names, &index.algorithms, &index.entry_names,
            &index.param_names, &index.dtype_names,     &index.param_keys};
}

/// Returns the code point that begins at `at` and moves `at` to its end; none if there is none.
std::optional<std::uint32_t> take_code_point(const std::string& text, std::size_t& at) {
    constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    const std::uint32_t lead = byte_at(text, at++);
    std::size_t more = 0;
    std::uint32_t point = lead;
    if (lead >= 0x80) {
        if (lead < 0xC0 || lead > 0xF7) return std::nullopt;
        more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        point = lead & (0x3FU >> more);
    }
    if (text.size() - at < more) return std::nullopt;
    for (std::size_t i = 0; i < more; ++i) {
        const std::uint32_t next = byte_at(text, at++);
        if (next < 0x80 || next > 0xBF) return std::nullopt;
        point = point * 64 + (next - 0x80);
    }
    if (point < kLeast[more] || point > 0x10FFFF) return std::nullopt;
    if (point >= 0xD800 && point <= 0xDFFF) return std::nullopt;
    return point;
}

/// Of models, groups, states and extras.
Wide owned_entries(const Index& index) {
    Wide entries = 0;
    for (const format::ModelRecord& model : index.models)
        entries += model.entry_count;
    for (const format::GroupRecord& group : index.groups)
        entries += group.hyperparameter_count;
    for (const format::StateRecord& state : index.states)
        entries += state.entry_count;
    for (const format::OptimizerRecord& optimizer : index.optimizers)
        entries += Wide{optimizer.state_extra_count} + optimizer.extra_count;
    return entries;
}

/// Section 6.1, "Entries". Requires: the sums match.
std::vector<Run> runs_of(const Index& index) {
    std::vector<Run> runs;
    std::size_t first = 0, group = 0, state = 0;
    const auto add = [&](Owner owner, std::size_t count) {
        runs.push_back({owner, first, count});
        first += count;
    };
    for (const format::ModelRecord& model : index.models)
        add(Owner::model, model.entry_count);
    for (const format::OptimizerRecord& optimizer : index.optimizers) {
        for (std::uint32_t i = 0; i < optimizer.group_count; ++i)
            add(Owner::group, index.groups[group++].hyperparameter_count);
        for (std::uint32_t i = 0; i < optimizer.state_count; ++i)
            add(Owner::state, index.states[state++].entry_count);
        add(Owner::state_extra, optimizer.state_extra_count);
        add(Owner::extra, optimizer.extra_count);
    }
    add(Owner::top, index.entry_names.ends.size() - first);
    return runs;
}

/// Section 6.1, "Param keys". Requires: the sums match.
std::vector<Run> key_runs_of(const Index& index) {
    std::vector<Run> runs;
    std::size_t first = 0;
    for (std::size_t i = 0; i < index.optimizers.size(); ++i) {
        const std::uint32_t count = index.param_key_counts.empty() ? 0 : index.param_key_counts[i];
        runs.push_back({Owner::keys, first, count});
        first += count;
    }
    return runs;
}

/// The name lists of rules 9 to 11.
std::vector<Run> name_lists(const Reading& reading) {
    std::vector<Run> all = reading.runs;
    all.insert(all.end(), reading.keys.begin(), reading.keys.end());
    return all;
}

std::uint32_t ordered_number(const Reading& reading, const Run& run, std::size_t place) {
    const auto& order = run.owner == Owner::keys ? reading.index.param_key_order : reading.index.entry_order;
    return order[run.first + place];
}

/// Of what the order of the list puts at `place`.
const std::string& ordered_name(const Reading& reading, const Run& run, std::size_t place) {
    const std::size_t texts = run.owner == Owner::keys ? kParamKeys : kEntryNames;
    return reading.texts[texts][run.first + ordered_number(reading, run, place)];
}

/// The state extra entries of an optimizer, from its param keys.
bool extras_differ_from_keys(const Reading& reading) {
    std::size_t optimizer = 0;
    for (const Run& run : reading.runs) {
        if (run.owner != Owner::state_extra) continue;
        const Run& keys = reading.keys[optimizer++];
        for (std::size_t i = run.first; i < run.first + run.count; ++i) {
            for (std::size_t k = keys.first; k < keys.first + keys.count; ++k) {
                if (reading.texts[kEntryNames][i] == reading.texts[kParamKeys][k]) return false;
            }
        }
    }
    return true;
}

}  // namespace

std::uint8_t byte_at(const std::string& text, std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
}

bool is_utf8(const std::string& text, Control control) {
    for (std::size_t at = 0; at < text.size();) {
        const std::optional<std::uint32_t> point = take_code_point(text, at);
        if (!point) return false;
        const bool is_control = *point < 0x20 || (*point >= 0x7F && *point <= 0x9F);
        if (is_control && control == Control::refused) return false;
    }
    return true;
}

/// Rule 1.
bool tables_within_limit(Reading& reading) {
    return reading.index.models.size() + reading.index.optimizers.size() <= reading.limits.max_tables;
}

/// Rule 2.
bool records_within_limit(Reading& reading) {
    const Index& index = reading.index;
    for (const std::size_t records :
         {index.groups.size(), index.states.size(), index.entry_names.ends.size(), index.values.size(),
          index.layouts.size(), index.tensor_layouts.size(), storage_count(index)}) {
        if (records > reading.limits.max_records) return false;
    }
    return true;
}

/// Rule 3. Copies the texts.
bool texts_tile(Reading& reading) {
    for (std::size_t i = 0; i < reading.texts.size(); ++i) {
        const StringTable& texts = *all_texts(reading.index)[i];
        std::size_t begin = 0;
        for (const std::uint32_t end : texts.ends) {
            if (end < begin || end > texts.bytes.size()) return false;
            const std::span<const std::byte> bytes = texts.bytes.subspan(begin, end - begin);
            reading.texts[i].emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            begin = end;
        }
        if (begin != texts.bytes.size()) return false;
    }
    return true;
}

/// Rule 4.
bool texts_have_bytes(Reading& reading) {
    for (std::size_t i = 0; i < reading.texts.size(); ++i) {
        for (const std::string& text : reading.texts[i]) {
            if (i != kAlgorithms && text.empty()) return false;
        }
    }
    return true;
}

/// Rule 5.
bool texts_within_limit(Reading& reading) {
    for (const std::vector<std::string>& texts : reading.texts) {
        for (const std::string& text : texts) {
            if (text.size() > reading.limits.max_name_bytes) return false;
        }
    }
    return true;
}

/// Rule 6.
bool texts_are_utf8(Reading& reading) {
    for (const std::vector<std::string>& texts : reading.texts) {
        for (const std::string& text : texts) {
            if (!is_utf8(text, Control::refused)) return false;
        }
    }
    return true;
}

/// Rule 7.
bool sums_match(Reading& reading) {
    const Index& index = reading.index;
    Wide groups = 0, states = 0, params = 0, param_names = 0, keys = 0;
    for (const format::OptimizerRecord& optimizer : index.optimizers) {
        groups += optimizer.group_count;
        states += optimizer.state_count;
    }
    for (const format::GroupRecord& group : index.groups) {
        params += group.param_count;
        if (group.param_names_position != kNoNames) param_names += group.param_count;
    }
    for (const std::uint32_t count : index.param_key_counts)
        keys += count;
    const std::size_t counts = index.param_key_counts.size();
    if (counts != 0 && counts != index.optimizers.size()) return false;
    const std::size_t entries = index.entry_names.ends.size();
    return reading.texts[kModelNames].size() == index.models.size() &&
           reading.texts[kOptimizerNames].size() == index.optimizers.size() &&
           reading.texts[kAlgorithms].size() == index.optimizers.size() && groups == index.groups.size() &&
           states == index.states.size() && params == index.params.size() &&
           param_names == reading.texts[kParamNames].size() && keys == reading.texts[kParamKeys].size() &&
           reading.texts[kDtypeNames].size() == index.dtypes.size() && owned_entries(index) <= entries &&
           index.values.size() >= entries + index.models.size();
}

/// Rule 8.
bool orders_have_numbers(Reading& reading) {
    const Index& index = reading.index;
    reading.runs = runs_of(index);
    reading.keys = key_runs_of(index);
    if (index.param_key_order.size() != index.param_keys.ends.size()) return false;
    return index.entry_order.size() == index.entry_names.ends.size() &&
           index.top_order.size() ==
               index.models.size() + index.optimizers.size() + reading.runs.back().count;
}

/// Rule 9.
bool entry_order_in_range(Reading& reading) {
    for (const Run& run : name_lists(reading)) {
        for (std::size_t i = 0; i < run.count; ++i) {
            const std::uint32_t number = ordered_number(reading, run, i);
            if (number >= run.count) return false;
            if (i > 0 && number == ordered_number(reading, run, i - 1)) return false;
        }
    }
    return true;
}

/// Rule 10.
bool names_differ_from_the_last(Reading& reading) {
    for (const Run& run : name_lists(reading)) {
        for (std::size_t i = 1; i < run.count; ++i) {
            if (ordered_name(reading, run, i) == ordered_name(reading, run, i - 1)) return false;
        }
    }
    return true;
}

/// Rule 11.
bool names_ascend(Reading& reading) {
    for (const Run& run : name_lists(reading)) {
        for (std::size_t i = 1; i < run.count; ++i) {
            if (ordered_name(reading, run, i) < ordered_name(reading, run, i - 1)) return false;
        }
    }
    return true;
}

/// Rule 12.
bool top_order_has_each_once(Reading& reading) {
    std::set<std::uint32_t> seen;
    for (const std::uint32_t number : reading.index.top_order) {
        if (number >= reading.index.top_order.size() || !seen.insert(number).second) return false;
    }
    return true;
}

/// Rule 13.
bool names_differ(Reading& reading) {
    std::set<std::string> seen;
    for (const std::size_t named : {kModelNames, kOptimizerNames}) {
        for (const std::string& name : reading.texts[named]) {
            if (!seen.insert(name).second) return false;
        }
    }
    for (const Run& run : reading.runs) {
        for (std::size_t i = run.first; i < run.first + run.count; ++i) {
            const std::string& name = reading.texts[kEntryNames][i];
            if (run.owner == Owner::group && (name == "params" || name == "param_names")) return false;
            if (run.owner == Owner::extra && (name == "state" || name == "param_groups")) return false;
            if (run.owner == Owner::top && !seen.insert(name).second) return false;
        }
    }
    return extras_differ_from_keys(reading);
}

}  // namespace milepost::fuzz::naive
