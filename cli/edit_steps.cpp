#include "edit_steps.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

#include "cast_source.hpp"

namespace milepost::cli {
namespace {

bool has_model(const Checkpoint& checkpoint, const std::string& name) {
    const auto& models = checkpoint.models();
    return std::any_of(models.begin(), models.end(),
                       [&name](const auto& model) { return model.first == name; });
}

}  // namespace

Error no_such_path(const std::string& option, const std::string& path) {
    return Error(Condition::option, fmt::format("{}: nothing has the path '{}'", option, escape(path)));
}

Result<void> cast(Checkpoint& checkpoint, const std::string& pattern, const std::string& dtype) {
    const auto target = find_dtype(dtype);
    if (!target || !can_cast(target->code, target->code))
        return Error(Condition::option,
                     fmt::format("--cast: '{}' is not f64, f32, f16 or bf16", escape(dtype)));
    std::map<std::pair<StorageView, Dtype>, StorageView> made;
    Result<void> done = {};
    bool has_matched = false;
    walk(checkpoint, [&](const std::string& path, Value& value) {
        const auto* tensor = value.get_if<TensorView>();
        if (tensor == nullptr || !matches(pattern, path)) return true;
        has_matched = true;
        if (!done || !can_cast(tensor->dtype().code, target->code) || tensor->dtype() == *target)
            return false;
        auto converted = cast_tensor(*tensor, *target, made);
        if (converted) {
            value = *std::move(converted);
        } else {
            done = converted.error().within(escape(path));
        }
        return false;
    });
    if (!has_matched) return no_such_path("--cast", pattern);
    return done;
}

Result<void> set(Checkpoint& checkpoint, const std::string& path, Value value) {
    bool is_set = false;
    bool is_tensor = false;
    walk(checkpoint, [&](const std::string& at, Value& there) {
        if (is_set || at != path) return !is_set && path.starts_with(at);
        is_tensor = there.get_if<TensorView>() != nullptr;
        if (!is_tensor) there = value;
        is_set = true;
        return false;
    });
    if (is_tensor) return Error(Condition::option, fmt::format("--set: '{}' is a tensor", escape(path)));
    if (is_set) return {};
    if (path.find('/') != std::string::npos) return no_such_path("--set", path);
    checkpoint.values()[path] = std::move(value);
    return {};
}

Result<void> merge(Checkpoint& checkpoint, const Checkpoint& other) {
    const auto taken = [](const std::string& name) {
        return Error(Condition::save_name,
                     fmt::format("--merge: both files have '{}'; rename one of them first", escape(name)));
    };
    bool has_new_part = false;
    for (const auto& [name, model] : other.models()) {
        has_new_part = has_new_part || !has_model(checkpoint, name);
        StateDict& to = checkpoint.model(name);
        if (to.metadata.is_null()) to.metadata = model.metadata;
        for (const auto& [entry, value] : model) {
            if (!to.add(entry, value)) return taken(fmt::format("{}/{}", name, entry));
        }
    }
    for (const auto& [name, optimizer] : other.optimizers()) {
        for (const auto& each : checkpoint.optimizers()) {
            if (each.first == name) return taken(name);
        }
        checkpoint.optimizer(name) = optimizer;
        has_new_part = true;
    }
    for (const auto& [name, value] : other.values()) {
        if (name == kPythonRecord) continue;
        if (!checkpoint.values().add(name, value)) return taken(name);
        has_new_part = true;
    }
    Value* record = checkpoint.values().find(kPythonRecord);
    if (has_new_part && record != nullptr) *record = Dict{};  // the object is a dict of parts now
    return {};
}

}  // namespace milepost::cli
