#include <cstddef>
#include <map>
#include <new>
#include <set>
#include <string_view>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/text.hpp"
#include "live/load_transaction.hpp"
#include "live/name_mapping.hpp"

namespace milepost {
namespace {

using base::message;
using core::printable;

Error named_twice(std::string_view whose, std::string_view name) {
    return Error(Condition::option, message("two ", whose, " are called '", printable(name), "'"));
}

/// Pairs the entries of a state_dict with live tensors.
class ModelLoad {
public:
    ModelLoad(std::string_view model, const ModelTarget& target, const LoadOptions& options)
        : model_(model), target_(target), options_(options) {}

    Result<LoadReport> run(const StateDict& state_dict) {
        auto paired = is_named() ? pair_by_name(state_dict) : pair_by_order(state_dict);
        if (!paired) return std::move(paired).error();
        finish_extra_state();
        return transaction_.finish(std::move(report_), options_, message("model '", printable(model_), "'"));
    }

private:
    [[nodiscard]] bool is_named() const noexcept {
        for (const Target& tensor : target_.tensors) {
            if (!tensor.name.empty()) return true;
        }
        return target_.tensors.empty();
    }

    [[nodiscard]] std::string path_of(std::string_view name) const { return message(model_, "/", name); }

    Result<void> pair_by_name(const StateDict& state_dict) {
        std::map<std::string_view, const Target*> live;
        for (const Target& tensor : target_.tensors) {
            if (!live.emplace(tensor.name, &tensor).second) return named_twice("targets", tensor.name);
        }
        std::set<std::string> seen;
        for (const auto& [file_name, value] : state_dict) {
            std::string name = live::live_name(file_name, options_);
            if (!live::is_selected(name, options_)) continue;
            const auto found = live.find(name);
            pair(file_name, name, value, found == live.end() ? nullptr : found->second);
            if (!seen.insert(name).second) return named_twice("entries of the file", name);
        }
        for (const Target& tensor : target_.tensors) {
            if (!seen.contains(tensor.name) && live::is_selected(tensor.name, options_))
                report_.missing.push_back(path_of(tensor.name));
        }
        return {};
    }

    Result<void> pair_by_order(const StateDict& state_dict) {
        if (!options_.only.empty() || !options_.rename.empty()) {
            return Error(Condition::option, "`only` and `rename` need targets with names");
        }
        report_.matched_by = MatchedBy::order;
        std::size_t next = 0;
        for (const auto& [name, value] : state_dict) {
            const bool is_tensor = value.kind() == Kind::tensor;
            const bool has_target = is_tensor && next < target_.tensors.size();
            pair(name, name, value, has_target ? &target_.tensors[next++] : nullptr);
        }
        for (; next < target_.tensors.size(); ++next)
            report_.missing.push_back(path_of(message("#", next)));
        return {};
    }

    void pair(const std::string& file_name, const std::string& name_here, const Value& value,
              const Target* target) {
        std::string path = path_of(file_name);
        const auto* tensor = value.get_if<TensorView>();
        if (tensor != nullptr && target != nullptr) {
            transaction_.add(std::move(path), *tensor, *target, options_, report_);
        } else if (target != nullptr) {
            report_.dtype_mismatches.push_back(
                {std::move(path), std::string(name(value.kind())), std::string(target->tensor.dtype().name)});
        } else if (tensor == nullptr && target_.extra_state != nullptr) {
            extra_.add(name_here, value);
            report_.loaded.push_back(std::move(path));
        } else {
            report_.unexpected.push_back(std::move(path));
        }
    }

    /// The file's, then what only the live model has.
    void finish_extra_state() {
        if (target_.extra_state == nullptr) return;
        for (const auto& [name, value] : *target_.extra_state) {
            if (extra_.add(name, value) && live::is_selected(name, options_))
                report_.missing.push_back(path_of(name));
        }
        transaction_.replace(*target_.extra_state, std::move(extra_));
    }

    std::string model_;
    const ModelTarget& target_;
    const LoadOptions& options_;
    LoadReport report_;
    Entries extra_;
    live::LoadTransaction transaction_;
};

}  // namespace

Result<LoadReport> load_into(const Reader& reader, std::string_view model, const ModelTarget& target,
                             const LoadOptions& options) try {
    auto state_dict = reader.model(model);
    if (!state_dict) return std::move(state_dict).error();
    return ModelLoad(model, target, options).run(*state_dict);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
