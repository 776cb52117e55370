#include "convert/content/content_items.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

namespace milepost::convert {
namespace {

Value texts(const std::vector<std::string>& names) {
    List list;
    for (const std::string& name : names)
        list.items.emplace_back(name);
    return list;
}

}  // namespace

ContentItems::ContentItems(const Checkpoint& checkpoint) {
    add_all(checkpoint);
    for (const auto& [name, optimizer] : checkpoint.optimizers())
        add_optimizer(name, optimizer);
    Checkpoint& metadata = metadata_.emplace_back();
    for (const auto& [name, model] : checkpoint.models()) {
        if (!model.metadata.is_null()) metadata.values()[name + "/_metadata"] = model.metadata;
    }
    add_all(metadata);
    make_index();
}

ContentItems ContentItems::flat(const Checkpoint& checkpoint) {
    ContentItems made;
    for (NamedTensor& each : named_tensors(checkpoint))
        made.add_made(each.name, std::move(each.tensor));
    made.make_index();
    return made;
}

void ContentItems::add_all(const Checkpoint& checkpoint) {
    walk(checkpoint, [this](const std::string& path, const Value& value) {
        items_.push_back({path, &value});
        return true;
    });
}

void ContentItems::add_made(const std::string& path, Value value) {
    items_.push_back({path, &made_.emplace_back(std::move(value))});
}

void ContentItems::add_optimizer(const std::string& name, const OptimizerState& optimizer) {
    if (!optimizer.algorithm.empty()) add_made(name + "/algorithm", optimizer.algorithm);
    if (!optimizer.param_keys.empty()) add_made(name + "/param_keys", texts(optimizer.param_keys));
    for (std::size_t i = 0; i < optimizer.param_groups.size(); ++i) {
        const ParamGroup& group = optimizer.param_groups[i];
        const std::string prefix = name + "/param_groups/" + std::to_string(i) + '/';
        List params;
        for (const std::uint64_t param : group.params)
            params.items.emplace_back(param);
        add_made(prefix + "params", std::move(params));
        if (group.param_names) add_made(prefix + "param_names", texts(*group.param_names));
    }
}

void ContentItems::make_index() {
    for (std::size_t i = items_.size(); i-- > 0;)
        by_path_[items_[i].path].push_back(i);
    taken_.assign(items_.size(), false);
}

const ContentItems::Item* ContentItems::take(const std::string& path) {
    const auto found = by_path_.find(path);
    if (found == by_path_.end() || found->second.empty()) return nullptr;
    const std::size_t item = found->second.back();
    found->second.pop_back();
    taken_[item] = true;
    return &items_[item];
}

}  // namespace milepost::convert
