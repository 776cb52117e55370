#include <milepost/select.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

#include "base/message.hpp"
#include "convert/content/nothing_matches.hpp"

namespace milepost {
namespace {

using base::message;

/// Copies what stays. `decide` tells of a path whether all at and below it stays, or goes, or nothing.
class Selection {
public:
    enum class Decision : std::uint8_t { stays, goes, undecided };
    using Decide = std::function<Decision(const std::string& path)>;

    Selection(const Checkpoint& from, Decide decide, Decision otherwise)
        : from_(from), decide_(std::move(decide)), otherwise_(otherwise) {}

    [[nodiscard]] Checkpoint made() {
        for (const auto& [name, model] : from_.models())
            add_model(name, model);
        for (const auto& [name, optimizer] : from_.optimizers())
            add_optimizer(name, optimizer);
        for (const auto& [name, value] : from_.values()) {
            if (name == kPythonRecord) continue;
            if (auto kept = part(name, value)) made_.values()[name] = *std::move(kept);
        }
        add_record();
        std::vector<std::string> order;
        for (const std::string& name : from_.order()) {
            if (has_part(name)) order.push_back(name);
        }
        made_.set_order(std::move(order));
        return std::move(made_);
    }

private:
    [[nodiscard]] bool stays(const std::string& path) const {
        const Decision decision = decide_(path);
        return (decision == Decision::undecided ? otherwise_ : decision) == Decision::stays;
    }

    void add_model(const std::string& name, const StateDict& model) {
        if (model.empty() ? !stays(name) : decide_(name) == Decision::goes) return;
        StateDict kept;
        kept.metadata = model.metadata;
        const bool all = decide_(name) == Decision::stays;
        add_entries(name + '/', model, kept, all);
        if (model.empty() || !kept.empty()) made_.model(name) = std::move(kept);
    }

    void add_entries(const std::string& prefix, const Entries& from, Entries& to, bool all) {
        for (const auto& [name, value] : from) {
            if (auto kept = all ? std::optional(value) : part(prefix + name, value)) {
                to.add(name, *std::move(kept));
                ++entries_;
            }
        }
    }

    void add_optimizer(const std::string& name, const OptimizerState& optimizer) {
        if (decide_(name) == Decision::goes) return;
        const bool all = decide_(name) == Decision::stays;
        OptimizerState kept = optimizer;
        kept.state.clear();
        kept.state_extra = {};
        kept.extra = {};
        entries_ = 0;
        for (std::size_t i = 0; i < kept.param_groups.size(); ++i) {
            const std::string prefix = name + "/param_groups/" + std::to_string(i) + '/';
            kept.param_groups[i].hyperparameters = {};
            add_entries(prefix, optimizer.param_groups[i].hyperparameters,
                        kept.param_groups[i].hyperparameters, all);
            // Positions count all keys of a group, and some may be gone.
            if (kept.param_groups[i].hyperparameters.size() !=
                optimizer.param_groups[i].hyperparameters.size()) {
                kept.param_groups[i].params_position.reset();
                kept.param_groups[i].param_names_position.reset();
            }
        }
        for (const auto& [index, state] : optimizer.state) {
            const bool has_key = index < optimizer.param_keys.size();
            const std::string step =
                has_key ? optimizer.param_keys[static_cast<std::size_t>(index)] : std::to_string(index);
            Entries entries;
            add_entries(message(name, "/state/", step, "/"), state, entries, all);
            if (!entries.empty() || state.empty()) kept.state[index] = std::move(entries);
        }
        add_entries(name + "/state/", optimizer.state_extra, kept.state_extra, all);
        add_entries(name + '/', optimizer.extra, kept.extra, all);
        if (all || entries_ != 0) made_.optimizer(name) = std::move(kept);
    }

    /// What stays of a value: all of it, or the items of a dict that stay.
    [[nodiscard]] std::optional<Value> part(const std::string& path, const Value& value) {
        const Decision decision = decide_(path);
        if (decision == Decision::stays) return value;
        if (decision == Decision::goes) return std::nullopt;
        const auto* dict = value.get_if<Dict>();
        if (dict == nullptr || dict->items.empty())
            return otherwise_ == Decision::stays ? std::optional(value) : std::nullopt;
        return part_of_dict(path, *dict);
    }

    /// Recursive; Limits::max_depth bounds the depth of what was read.
    [[nodiscard]] std::optional<Value> part_of_dict(const std::string& path, const Dict& dict) {
        Dict kept;
        kept.attributes = dict.attributes;
        kept.subtype = dict.subtype;
        for (const auto& [key, value] : dict.items) {
            const auto* text = key.get_if<String>();
            const std::string step = text != nullptr ? text->text : to_string(key);
            if (auto item = part(message(path, "/", step), value))
                kept.items.emplace_back(key, *std::move(item));
        }
        if (kept.items.empty()) return std::nullopt;
        return Value(std::move(kept));
    }

    [[nodiscard]] bool has_part(const std::string& name) const {
        const auto named = [&name](const auto& each) { return each.first == name; };
        const auto in = [&named](const auto& parts) {
            return std::any_of(parts.begin(), parts.end(), named);
        };
        return in(made_.models()) || in(made_.optimizers()) || made_.values().find(name) != nullptr;
    }

    /// The object that was saved is one part: if that is gone, the rest is a dict of parts.
    void add_record() {
        const Value* value = from_.values().find(kPythonRecord);
        const auto* record = value == nullptr ? nullptr : value->get_if<Dict>();
        if (record == nullptr) return;
        Dict kept;
        for (const auto& [key, item] : record->items) {
            const auto* text = key.get_if<String>();
            const auto* root = item.get_if<String>();
            if (text != nullptr && text->text == "root" && root != nullptr && !has_part(root->text)) continue;
            kept.items.emplace_back(key, item);
        }
        if (!kept.items.empty()) made_.values()[kPythonRecord] = std::move(kept);
    }

    const Checkpoint& from_;
    Decide decide_;
    Decision otherwise_;
    Checkpoint made_;
    std::uint64_t entries_ = 0;
};

using Decision = Selection::Decision;

}  // namespace

Error convert::nothing_matches(const std::string& pattern) {
    const std::string shown = escape(pattern, 200);
    std::string text = message("nothing has a path that matches '", shown, "'");
    if (pattern.find('*') == std::string::npos)
        text += message("; to find it anywhere in a path, use '*", shown, "*'");
    return Error(Condition::option, text);
}

bool matches_any(const std::vector<std::string>& patterns, const std::string& path) {
    return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                           [&path](const auto& pattern) { return matches(pattern, path); });
}

Result<void> check_matches(const Checkpoint& checkpoint, const std::vector<std::string>& patterns) {
    std::vector<std::string> unmatched = patterns;
    const auto see = [&unmatched](const std::string& path) {
        std::erase_if(unmatched, [&path](const std::string& pattern) { return matches(pattern, path); });
    };
    for (const auto& [name, _] : checkpoint.models())
        see(name);
    for (const auto& [name, _] : checkpoint.optimizers())
        see(name);
    walk(checkpoint, [&](const std::string& path, const Value& value) {
        see(path);
        return value.get_if<Dict>() != nullptr;  // items of lists cannot be chosen
    });
    return unmatched.empty() ? Result<void>() : convert::nothing_matches(unmatched.front());
}

Checkpoint keep(const Checkpoint& from, const std::vector<std::string>& patterns) {
    const auto decide = [&patterns](const std::string& path) {
        return matches_any(patterns, path) ? Decision::stays : Decision::undecided;
    };
    return Selection(from, decide, Decision::goes).made();
}

Checkpoint drop(const Checkpoint& from, const std::vector<std::string>& patterns) {
    const auto decide = [&patterns](const std::string& path) {
        return matches_any(patterns, path) ? Decision::goes : Decision::undecided;
    };
    return Selection(from, decide, Decision::stays).made();
}

}  // namespace milepost
