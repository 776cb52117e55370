#include <milepost/walk.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "core/canonical_key.hpp"

namespace milepost {
namespace {

using Visit = std::function<bool(const std::string& path, const Value& value)>;

/// The parts of one value: its items, or the attributes and then the items of a dict.
class Parts {
public:
    explicit Parts(const Value& whole) {
        if (const auto* list = whole.get_if<List>()) items_ = &list->items;
        if (const auto* tuple = whole.get_if<Tuple>()) items_ = &tuple->items;
        if (const auto* set = whole.get_if<Set>()) items_ = &set->items;
        if (const auto* dict = whole.get_if<Dict>()) {
            if (!dict->attributes.empty()) attributes_ = &dict->attributes;
            pairs_ = &dict->items;
        }
    }

    /// Adds the step of the next part to the path and returns it, or null at the end.
    const Value* next(std::string& path) {
        if (attributes_ != nullptr) {
            if (next_ < attributes_->size()) {
                path += "attributes/";
                return pair((*attributes_)[next_++], path);
            }
            attributes_ = nullptr;
            next_ = 0;
        }
        if (pairs_ != nullptr) return next_ < pairs_->size() ? pair((*pairs_)[next_++], path) : nullptr;
        if (items_ == nullptr || next_ == items_->size()) return nullptr;
        path += std::to_string(next_);
        return &(*items_)[next_++];
    }

private:
    static const Value* pair(const std::pair<Value, Value>& item, std::string& path) {
        path += core::key_text(item.first);
        return &item.second;
    }

    const StableVector<Value>* items_ = nullptr;
    const StableVector<std::pair<Value, Value>>* attributes_ = nullptr;
    const StableVector<std::pair<Value, Value>>* pairs_ = nullptr;
    std::size_t next_ = 0;
};

class Walk {
public:
    explicit Walk(const Visit& visit) : visit_(visit) {}

    /// An entry and its parts. The path is taken as it is.
    void entry(std::string path, const Value& root) {
        path_ = std::move(path);
        if (!visit_(path_, root)) return;
        levels_.push_back({Parts(root), path_.size()});
        while (!levels_.empty()) {
            Level& level = levels_.back();
            path_.resize(level.path_size);
            path_ += '/';
            const Value* part = level.parts.next(path_);
            if (part == nullptr) {
                levels_.pop_back();
            } else if (visit_(path_, *part)) {
                levels_.push_back({Parts(*part), path_.size()});
            }
        }
    }

    void entries(std::string_view prefix, const Entries& entries) {
        for (const auto& [name, value] : entries)
            entry(std::string(prefix) + name, value);
    }

    void optimizer(const std::string& name, const OptimizerState& optimizer) {
        for (std::size_t group = 0; group < optimizer.param_groups.size(); ++group) {
            entries(name + "/param_groups/" + std::to_string(group) + '/',
                    optimizer.param_groups[group].hyperparameters);
        }
        const std::vector<std::string>& keys = optimizer.param_keys;
        const std::string states = name + "/state/";
        for (const auto& [index, state] : optimizer.state) {
            std::string prefix = states;
            prefix += index < keys.size() ? keys[static_cast<std::size_t>(index)] : std::to_string(index);
            entries(prefix += '/', state);
        }
        entries(states, optimizer.state_extra);
        entries(name + '/', optimizer.extra);
    }

private:
    struct Level {
        Parts parts;
        std::size_t path_size;
    };

    const Visit& visit_;
    std::string path_;
    std::vector<Level> levels_;
};

}  // namespace

void walk(const Checkpoint& checkpoint, const Visit& visit) {
    Walk walk(visit);
    for (const auto& [name, model] : checkpoint.models())
        walk.entries(name + '/', model);
    for (const auto& [name, optimizer] : checkpoint.optimizers())
        walk.optimizer(name, optimizer);
    walk.entries("", checkpoint.values());
}

void walk(const std::string& name, const OptimizerState& optimizer, const Visit& visit) {
    Walk(visit).optimizer(name, optimizer);
}

void walk(Checkpoint& checkpoint, const std::function<bool(const std::string& path, Value& value)>& visit) {
    // The checkpoint is the caller's to change, so its values are.
    walk(std::as_const(checkpoint), [&visit](const std::string& path, const Value& value) {
        return visit(path, const_cast<Value&>(value));
    });
}

void walk_tensors(const Checkpoint& checkpoint,
                  const std::function<void(const std::string& path, const TensorView& tensor)>& visit) {
    const Visit visit_tensor = [&visit](const std::string& path, const Value& value) {
        const auto* tensor = value.get_if<TensorView>();
        if (tensor != nullptr) visit(path, *tensor);
        return tensor == nullptr;
    };
    walk(checkpoint, visit_tensor);
    Walk walk(visit_tensor);
    for (const auto& [name, model] : checkpoint.models())
        walk.entry(name + "/_metadata", model.metadata);
}

}  // namespace milepost
