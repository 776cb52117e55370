#include "python_repr.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

namespace lenet {
namespace {

using Item = std::pair<milepost::Value, milepost::Value>;

template <class Container, class Elements>
Container values_of(const Elements& elements) {
    Container container;
    container.items.assign(elements.begin(), elements.end());
    return container;
}

/// The keys of parameters: their names, or their indices where there are no names.
milepost::List keys_of(const std::vector<std::uint64_t>& params, const std::vector<std::string>& param_keys) {
    if (param_keys.empty()) return values_of<milepost::List>(params);
    milepost::List keys;
    for (const std::uint64_t index : params)
        keys.items.emplace_back(param_keys.at(index));
    return keys;
}

milepost::Dict dict_of(const milepost::ParamGroup& group, const std::vector<std::string>& param_keys) {
    auto dict = values_of<milepost::Dict>(group.hyperparameters);
    std::vector<std::pair<std::size_t, Item>> later;
    if (group.param_names) {
        later.emplace_back(group.param_names_position.value_or(dict.items.size()),
                           Item("param_names", values_of<milepost::List>(*group.param_names)));
    }
    later.emplace_back(group.params_position.value_or(dict.items.size() + later.size()),
                       Item("params", keys_of(group.params, param_keys)));
    // In ascending order each position counts the key that was inserted before.
    std::stable_sort(later.begin(), later.end(),
                     [](const auto& left, const auto& right) { return left.first < right.first; });
    for (auto& [position, item] : later) {
        const auto place = static_cast<std::ptrdiff_t>(std::min(position, dict.items.size()));
        dict.items.insert(dict.items.begin() + place, std::move(item));
    }
    return dict;
}

}  // namespace

std::string python_repr(const milepost::Shape& shape) {
    auto size = values_of<milepost::Tuple>(shape);
    size.subtype = milepost::TupleSubtype::size;
    return milepost::to_string(std::move(size));
}

std::string python_repr_state(const milepost::OptimizerState& optimizer) {
    milepost::Dict dict;
    for (const auto& [index, entries] : optimizer.state) {
        milepost::List key = keys_of({index}, optimizer.param_keys);
        dict.items.emplace_back(std::move(key.items.front()), values_of<milepost::Dict>(entries));
    }
    for (const auto& [key, value] : optimizer.state_extra)
        dict.items.emplace_back(key, value);
    return milepost::to_string(std::move(dict));
}

std::string python_repr_groups(const milepost::OptimizerState& optimizer) {
    milepost::List list;
    for (const milepost::ParamGroup& group : optimizer.param_groups)
        list.items.emplace_back(dict_of(group, optimizer.param_keys));
    return milepost::to_string(std::move(list));
}

}  // namespace lenet
