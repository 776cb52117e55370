#include "convert/objects/checkpoint_of.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include <milepost/tensor.hpp>
#include "base/message.hpp"
#include "convert/objects/arrays_record.hpp"
#include "convert/objects/names.hpp"
#include "convert/objects/optimizer_form.hpp"

namespace milepost::convert::objects {
namespace {

using base::message;

constexpr std::string_view kMetadata = "_metadata";

bool is_metadata(const Value& value) {
    const Dict* const dict = value.get_if<Dict>();
    if (dict == nullptr || dict->subtype == DictSubtype::counter) return false;
    return std::all_of(dict->items.begin(), dict->items.end(), [](const auto& item) {
        const String* const key = item.first.template get_if<String>();
        return key != nullptr && key->subtype == StringSubtype::str;
    });
}

/// A dict or an OrderedDict all of whose keys are names.
bool has_names(const Dict& dict, const Limits& limits) {
    return dict.subtype != DictSubtype::counter &&
           std::all_of(dict.items.begin(), dict.items.end(),
                       [&](const auto& item) { return name_of(item.first, limits) != nullptr; });
}

/// A state_dict, or a dict of tensors alone.
bool is_model(const Value& value, const Limits& limits) {
    const Dict* const dict = value.get_if<Dict>();
    if (dict == nullptr || !has_names(*dict, limits)) return false;
    if (dict->attributes.size() == 1 && dict->attributes[0].first.as_string().value_or("") == kMetadata)
        return is_metadata(dict->attributes[0].second);
    return dict->attributes.empty() && !dict->items.empty() &&
           std::all_of(dict->items.begin(), dict->items.end(),
                       [](const auto& item) { return item.second.kind() == Kind::tensor; });
}

/// Makes a checkpoint of parts.
class Parts {
public:
    explicit Parts(const Limits& limits) : limits_(limits) {}

    /// Any object: a model or an optimizer if it is one, else a value.
    void add(const std::string& name, Value part) {
        if (is_model(part, limits_)) {
            add_model(name, std::move(part));
            return;
        }
        names_.push_back(name);
        if (auto params = find_params(part, limits_))
            made_.optimizer(name) = optimizer_of(std::move(part), *std::move(params));
        else
            made_.values()[name] = std::move(part);
    }

    void add_model(const std::string& name, Value part) {
        names_.push_back(name);
        Dict& dict = *part.get_if<Dict>();
        StateDict& model = made_.model(name);
        if (!dict.attributes.empty())
            model.metadata = std::move(dict.attributes[0].second);
        else if (dict.subtype == DictSubtype::ordered_dict)
            ordered_.items.push_back(name);
        for (auto& [key, value] : dict.items)
            model.add(key.get_if<String>()->text, std::move(value));
    }

    [[nodiscard]] bool has(std::string_view name) const {
        return name == kPythonRecord || std::find(names_.begin(), names_.end(), name) != names_.end();
    }

    /// The checkpoint, with the record if there is anything to record.
    Checkpoint take(std::string_view root, std::span<const StorageView> arrays) {
        made_.set_order(names_);
        Dict record;
        if (!root.empty()) record["root"] = root;
        if (!ordered_.items.empty()) record["ordered"] = std::move(ordered_);
        if (Value paths = arrays_record(made_, arrays); !paths.is_null()) record["arrays"] = std::move(paths);
        if (!record.items.empty()) {
            made_.values()[kPythonRecord] = std::move(record);
            names_.emplace_back(kPythonRecord);
        }
        made_.set_order(std::move(names_));
        return std::move(made_);
    }

private:
    const Limits& limits_;
    Checkpoint made_;
    std::vector<std::string> names_;
    List ordered_;
};

/// A value within another one, and where it is.
struct Place {
    Dict* dict = nullptr;  ///< the one that has it; null for an item of a list
    std::size_t item = 0;
    Value* value = nullptr;
};

/// The rest of a path after its first step, if that is `step`.
std::optional<std::string_view> after(std::string_view path, std::string_view step) {
    if (!path.starts_with(step)) return std::nullopt;
    path.remove_prefix(step.size());
    if (path.empty()) return path;
    return path[0] == '/' ? std::optional(path.substr(1)) : std::nullopt;
}

/// The item of a dict with which the path begins. Keys may contain `/`: the longest one that fits is meant.
std::optional<Place> step_into(Dict& dict, std::string_view& path) {
    std::optional<Place> found;
    std::optional<std::string_view> rest;
    for (std::size_t i = 0; i < dict.items.size(); ++i) {
        const Value& key = dict.items[i].first;
        const String* const text = key.get_if<String>();
        const auto after_key = after(path, text != nullptr ? text->text : to_string(key));
        if (!after_key || (rest && rest->size() <= after_key->size())) continue;
        rest = after_key;
        found = Place{&dict, i, &dict.items[i].second};
    }
    if (found) path = *rest;
    return found;
}

std::optional<Place> step_into(StableVector<Value>& items, std::string_view& path) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
    const auto rest = after(path, path.substr(0, static_cast<std::size_t>(end - path.data())));
    if (error != std::errc() || !rest || number >= items.size()) return std::nullopt;
    path = *rest;
    return Place{nullptr, number, &items[number]};
}

std::optional<Place> find_place(Value& object, std::string_view path) {
    Place place{nullptr, 0, &object};
    for (bool is_first = true; is_first || !path.empty(); is_first = false) {
        std::optional<Place> next;
        if (Dict* const dict = place.value->get_if<Dict>())
            next = step_into(*dict, path);
        else if (List* const list = place.value->get_if<List>())
            next = step_into(list->items, path);
        else if (Tuple* const tuple = place.value->get_if<Tuple>())
            next = step_into(tuple->items, path);
        if (!next) return std::nullopt;
        place = *next;
    }
    return place;
}

/// Takes the dict at a path out of the object.
Result<Value> take_model(Value& object, const std::string& path, const Limits& limits) {
    const auto place = find_place(object, path);
    if (!place) return Error(Condition::value, message("there is no value at ", escape(path, 120)));
    const Dict* const dict = place->value->get_if<Dict>();
    if (dict == nullptr || !has_names(*dict, limits) || place->dict == nullptr)
        return Error(Condition::wrong_type, message("the value at ", escape(path, 120),
                                                    " cannot become a model: it is not a dict whose keys are "
                                                    "names, in another dict"));
    if (!dict->attributes.empty() && !is_model(*place->value, limits))
        return Error(Condition::wrong_type, message("the value at ", escape(path, 120), " has attributes"));
    Value taken = std::move(*place->value);
    auto& items = place->dict->items;
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(place->item));
    return taken;
}

}  // namespace

Result<Checkpoint> checkpoint_of(Value object, std::span<const std::pair<std::string, std::string>> models,
                                 const Limits& limits, std::span<const StorageView> arrays) {
    std::vector<Value> taken;
    for (const auto& [path, name] : models) {
        MILEPOST_TRY_ASSIGN(Value model, take_model(object, path, limits));
        taken.push_back(std::move(model));
    }
    Parts parts(limits);
    std::string root;
    const bool is_one_model = is_model(object, limits);
    const bool is_one = is_one_model || find_params(object, limits);
    Dict* const dict = named_dict(object, limits);
    if (is_one || dict == nullptr) {
        root = is_one_model ? "model" : is_one ? "optimizer" : "object";
        parts.add(root, std::move(object));
    } else if (dict->find(kPythonRecord) != nullptr) {
        return Error(Condition::feature,
                     message("the object has the key ", kPythonRecord, ", which is reserved"));
    } else {
        for (auto& [key, value] : dict->items)
            parts.add(key.get_if<String>()->text, std::move(value));
    }
    for (std::size_t i = 0; i < models.size(); ++i) {
        const std::string& name = models[i].second;
        if (!is_name(name, limits) || parts.has(name))
            return Error(Condition::save_name, message("a model cannot be called ", escape(name, 120),
                                                       parts.has(name) ? ": the name is taken" : ""));
        parts.add_model(name, std::move(taken[i]));
    }
    return parts.take(root, arrays);
}

}  // namespace milepost::convert::objects
