#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/value.hpp>

#include "convert/objects/checkpoint_of.hpp"
#include "convert/objects/optimizer_form.hpp"

namespace milepost::convert::objects {
namespace {

/// The names of all parts: those of the order, then the others.
std::vector<std::string> names_of(const Checkpoint& checkpoint) {
    std::vector<std::string> all;
    for (const auto& [name, model] : checkpoint.models())
        all.push_back(name);
    for (const auto& [name, optimizer] : checkpoint.optimizers())
        all.push_back(name);
    for (const auto& [name, value] : checkpoint.values())
        all.push_back(name);
    std::vector<std::string> names;
    const std::set<std::string_view> existing(all.begin(), all.end());
    std::set<std::string_view> ordered;
    for (const std::string& name : checkpoint.order()) {
        if (existing.contains(name) && ordered.insert(name).second) names.push_back(name);
    }
    for (const std::string& name : all) {
        if (ordered.insert(name).second) names.push_back(name);
    }
    return names;
}

/// What the record holds; what is not as Python writes it counts as absent.
struct Record {
    std::string root;
    std::set<std::string, std::less<>> ordered;
};

Record record_of(const Checkpoint& checkpoint) {
    Record record;
    const Value* const value = checkpoint.values().find(kPythonRecord);
    const Dict* const dict = value == nullptr ? nullptr : value->get_if<Dict>();
    if (dict == nullptr) return record;
    if (const Value* const root = dict->find("root")) record.root = root->as_string().value_or("");
    const Value* const ordered = dict->find("ordered");
    if (const List* const names = ordered == nullptr ? nullptr : ordered->get_if<List>()) {
        for (const Value& name : names->items)
            record.ordered.insert(name.as_string().value_or(""));
    }
    return record;
}

Value object_of_model(const StateDict& model, bool is_ordered) {
    Dict made;
    for (const auto& [name, value] : model)
        made.items.push_back({name, value});
    if (!model.metadata.is_null()) made.attributes.push_back({"_metadata", model.metadata});
    if (is_ordered || !model.metadata.is_null()) made.subtype = DictSubtype::ordered_dict;
    return made;
}

}  // namespace

Value object_of(const Checkpoint& checkpoint) {
    const Record record = record_of(checkpoint);
    std::map<std::string_view, Value> parts;
    for (const auto& [name, model] : checkpoint.models())
        parts[name] = object_of_model(model, record.ordered.contains(name));
    for (const auto& [name, optimizer] : checkpoint.optimizers())
        parts[name] = object_of_optimizer(optimizer);
    for (const auto& [name, value] : checkpoint.values()) {
        if (name != kPythonRecord) parts[name] = value;
    }
    if (const auto root = parts.find(record.root); root != parts.end()) return std::move(root->second);
    Dict made;
    for (const std::string& name : names_of(checkpoint)) {
        const auto part = parts.find(name);
        if (part != parts.end()) made.items.push_back({name, std::move(part->second)});
    }
    return made;
}

}  // namespace milepost::convert::objects
