#include "convert/objects/optimizer_form.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/value.hpp>

#include "convert/objects/names.hpp"

namespace milepost::convert::objects {
namespace {

constexpr std::string_view kState = "state", kGroups = "param_groups";
constexpr std::string_view kParams = "params", kNames = "param_names";

bool is_text(const Value& value, std::string_view text) {
    const String* const string = value.get_if<String>();
    return string != nullptr && string->subtype == StringSubtype::str && string->text == text;
}

/// An index of a parameter: an int from 0 to 2^63 - 1.
std::optional<std::uint64_t> index_of(const Value& value) {
    const auto index = value.as_int();
    return index && *index >= 0 ? std::optional(static_cast<std::uint64_t>(*index)) : std::nullopt;
}

/// The parameters of the groups so far.
class ParamList {
public:
    explicit ParamList(const Limits& limits) : limits_(limits) {}

    /// Whether the parameters of the next group are not those of an earlier one, and of one kind with them.
    bool add_group(const List& params) {
        const std::size_t group = group_++;
        return std::all_of(params.items.begin(), params.items.end(),
                           [&](const Value& param) { return add(param, group); });
    }
    ParamNumbers take() { return std::move(made_); }

private:
    bool add(const Value& param, std::size_t group) {
        if (const auto index = index_of(param)) {
            if (!made_.names.empty()) return false;
            const auto [place, is_new] = groups_of_indices_.emplace(*index, group);
            return is_new || place->second == group;
        }
        const std::string* const name = name_of(param, limits_);
        if (name == nullptr || !groups_of_indices_.empty()) return false;
        const auto [place, is_new] = made_.by_name.emplace(*name, made_.names.size());
        if (!is_new) return groups_of_names_[static_cast<std::size_t>(place->second)] == group;
        made_.names.push_back(*name);
        groups_of_names_.push_back(group);
        return true;
    }

    const Limits& limits_;
    ParamNumbers made_;
    std::map<std::uint64_t, std::size_t> groups_of_indices_;
    std::vector<std::size_t> groups_of_names_;  ///< by number
    std::size_t group_ = 0;
};

bool is_group(const Value& value, const Limits& limits) {
    const Dict* const group = named_dict(value, limits);
    if (group == nullptr) return false;
    const Value* const params = group->find(kParams);
    if (params == nullptr || params->kind() != Kind::list) return false;
    const Value* const names = group->find(kNames);
    if (names == nullptr) return true;
    const List* const list = names->get_if<List>();
    return list != nullptr && list->items.size() == params->get_if<List>()->items.size() &&
           std::all_of(list->items.begin(), list->items.end(),
                       [&](const Value& name) { return name_of(name, limits) != nullptr; });
}

/// The number of the parameter that a key of the state names; nothing for other keys.
std::optional<std::uint64_t> param_of(const Value& key, const ParamNumbers& params) {
    if (params.names.empty()) return index_of(key);
    const String* const string = key.get_if<String>();
    if (string == nullptr || string->subtype != StringSubtype::str) return std::nullopt;
    const auto found = params.by_name.find(string->text);
    return found == params.by_name.end() ? std::nullopt : std::optional(found->second);
}

bool is_state(const Dict& state, const ParamNumbers& params, const Limits& limits) {
    return std::all_of(state.items.begin(), state.items.end(), [&](const auto& item) {
        if (param_of(item.first, params)) return named_dict(item.second, limits) != nullptr;
        return name_of(item.first, limits) != nullptr;
    });
}

Entries entries_of(Dict& dict) {
    Entries entries;
    for (auto& [key, value] : dict.items)
        entries.add(key.get_if<String>()->text, std::move(value));
    return entries;
}

ParamGroup group_of(Dict& dict, const ParamNumbers& params) {
    ParamGroup group;
    std::uint32_t position = 0;
    for (auto& [key, value] : dict.items) {
        const std::string& name = key.get_if<String>()->text;
        if (name == kParams) {
            group.params_position = position;
            for (const Value& param : value.get_if<List>()->items)
                group.params.push_back(*param_of(param, params));
        } else if (name == kNames) {
            group.param_names_position = position;
            std::vector<std::string>& names = group.param_names.emplace();
            for (const Value& each : value.get_if<List>()->items)
                names.push_back(each.get_if<String>()->text);
        } else {
            group.hyperparameters.add(name, std::move(value));
        }
        ++position;
    }
    return group;
}

Value object_of_group(const ParamGroup& group, const std::vector<std::string>& keys) {
    Dict made;
    for (const auto& [name, value] : group.hyperparameters)
        made.items.push_back({name, value});
    List params;
    for (const std::uint64_t param : group.params)
        params.items.push_back(keys.empty() ? Value(param) : Value(keys[static_cast<std::size_t>(param)]));
    std::vector<std::pair<std::size_t, std::pair<Value, Value>>> placed;
    const std::size_t count = made.items.size();
    placed.push_back(
        {group.params_position.value_or(static_cast<std::uint32_t>(count + (group.param_names ? 1 : 0))),
         {kParams, std::move(params)}});
    if (group.param_names) {
        List names;
        for (const std::string& name : *group.param_names)
            names.items.push_back(name);
        placed.push_back({group.param_names_position.value_or(static_cast<std::uint32_t>(count)),
                          {kNames, std::move(names)}});
    }
    std::stable_sort(placed.begin(), placed.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    StableVector<std::pair<Value, Value>> items;
    std::size_t next_placed = 0;
    for (std::size_t i = 0; i <= count; ++i) {
        while (next_placed < placed.size() && (i == count || placed[next_placed].first == items.size()))
            items.push_back(std::move(placed[next_placed++].second));
        if (i < count) items.push_back(std::move(made.items[i]));
    }
    made.items = std::move(items);
    return made;
}

Value dict_of(const Entries& entries) {
    Dict made;
    for (const auto& [name, value] : entries)
        made.items.push_back({name, value});
    return made;
}

}  // namespace

std::optional<ParamNumbers> find_params(const Value& object, const Limits& limits) {
    const Dict* const dict = named_dict(object, limits);
    if (dict == nullptr || dict->items.size() < 2 || !is_text(dict->items[0].first, kState) ||
        !is_text(dict->items[1].first, kGroups))
        return std::nullopt;
    const Dict* const state = dict->items[0].second.get_if<Dict>();
    const List* const groups = dict->items[1].second.get_if<List>();
    if (state == nullptr || state->subtype != DictSubtype::dict || groups == nullptr) return std::nullopt;
    ParamList params(limits);
    for (const Value& group : groups->items) {
        if (!is_group(group, limits)) return std::nullopt;
        if (!params.add_group(*group.get_if<Dict>()->find(kParams)->get_if<List>())) return std::nullopt;
    }
    ParamNumbers numbers = params.take();
    if (!is_state(*state, numbers, limits)) return std::nullopt;
    return numbers;
}

OptimizerState optimizer_of(Value object, ParamNumbers params) {
    OptimizerState made;
    Dict& dict = *object.get_if<Dict>();
    for (std::size_t i = 2; i < dict.items.size(); ++i)
        made.extra.add(dict.items[i].first.get_if<String>()->text, std::move(dict.items[i].second));
    for (Value& group : dict.items[1].second.get_if<List>()->items)
        made.param_groups.push_back(group_of(*group.get_if<Dict>(), params));
    for (auto& [key, value] : dict.items[0].second.get_if<Dict>()->items) {
        if (const auto param = param_of(key, params))
            made.state[*param] = entries_of(*value.get_if<Dict>());
        else
            made.state_extra.add(key.get_if<String>()->text, std::move(value));
    }
    made.param_keys = std::move(params.names);
    return made;
}

Value object_of_optimizer(const OptimizerState& optimizer) {
    Dict state;
    for (const auto& [index, entries] : optimizer.state) {
        Value key = optimizer.param_keys.empty()
                        ? Value(index)
                        : Value(optimizer.param_keys[static_cast<std::size_t>(index)]);
        state.items.push_back({std::move(key), dict_of(entries)});
    }
    for (const auto& [name, value] : optimizer.state_extra)
        state.items.push_back({name, value});
    List groups;
    for (const ParamGroup& group : optimizer.param_groups)
        groups.items.push_back(object_of_group(group, optimizer.param_keys));
    Dict made;
    made.items.push_back({kState, std::move(state)});
    made.items.push_back({kGroups, std::move(groups)});
    for (const auto& [name, value] : optimizer.extra)
        made.items.push_back({name, value});
    return made;
}

}  // namespace milepost::convert::objects
