#include <cstddef>
#include <deque>
#include <map>
#include <new>
#include <set>
#include <string>
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
#include "live/load_report.hpp"
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
    ModelLoad(const Reader& reader, std::string_view model, const ModelTarget& target,
              const LoadOptions& options)
        : model_(model),
          prefix_(message(model, "/")),
          target_(target),
          options_(options),
          names_(options),
          report_(options),
          transaction_(reader, options, report_) {}

    Result<LoadReport> run(const StateDict& state_dict) {
        MILEPOST_TRY(is_named() ? pair_by_name(state_dict) : pair_by_order(state_dict));
        finish_extra_state();
        names_.report_unused(report_);
        MILEPOST_TRY(transaction_.finish(message("model '", printable(model_), "'")));
        return report_.take();
    }

private:
    [[nodiscard]] bool is_named() const noexcept {
        for (const Target& tensor : target_.tensors) {
            if (!tensor.name.empty()) return true;
        }
        return target_.tensors.empty();
    }

    Result<void> pair_by_name(const StateDict& state_dict) {
        std::map<std::string_view, const Target*> live;
        for (const Target& tensor : target_.tensors) {
            if (!live.emplace(tensor.name, &tensor).second) return named_twice("targets", tensor.name);
        }
        std::set<std::string> seen;
        for (const auto& [file_name, value] : state_dict) {
            std::string name = names_.live_name(file_name);
            if (!names_.is_selected(name)) continue;
            const auto found = live.find(name);
            pair(file_name, name, value, found == live.end() ? nullptr : found->second);
            if (!seen.insert(name).second) return named_twice("entries of the file", name);
        }
        for (const Target& tensor : target_.tensors) {
            if (names_.is_selected(tensor.name) && !seen.contains(tensor.name))
                transaction_.add_missing({prefix_, {}, tensor.name, {}}, tensor);
        }
        return {};
    }

    Result<void> pair_by_order(const StateDict& state_dict) {
        if (!options_.only.empty() || !options_.rename.empty()) {
            return Error(Condition::option, "`only` and `rename` need targets with names");
        }
        report_.set_matched_by(MatchedBy::order);
        std::size_t next = 0;
        for (const auto& [name, value] : state_dict) {
            const bool is_tensor = value.kind() == Kind::tensor;
            const bool has_target = is_tensor && next < target_.tensors.size();
            pair(name, name, value, has_target ? &target_.tensors[next++] : nullptr);
        }
        for (; next < target_.tensors.size(); ++next)
            transaction_.add_missing({prefix_, {}, numbers_.emplace_back(message("#", next)), {}},
                                     target_.tensors[next]);
        return {};
    }

    void pair(const std::string& file_name, const std::string& name_here, const Value& value,
              const Target* target) {
        if (target != nullptr) {
            transaction_.add({prefix_, {}, file_name, {}}, value, *target);
        } else if (const auto* tensor = value.get_if<TensorView>()) {
            transaction_.add_unexpected({prefix_, {}, file_name, {}}, *tensor);
        } else if (target_.extra_state != nullptr) {
            extra_.add(name_here, value);
            report_.add(&LoadReport::loaded, [&] { return ReportItem{prefix_ + file_name}; });
        } else {
            report_.add(&LoadReport::unexpected, [&] { return ReportItem{prefix_ + file_name}; });
        }
    }

    /// The file's, then what only the live model has.
    void finish_extra_state() {
        if (target_.extra_state == nullptr) return;
        for (const auto& [name, value] : *target_.extra_state) {
            if (names_.is_selected(name) && extra_.find(name) == nullptr)
                report_.add(&LoadReport::missing, [&, &entry = name] { return ReportItem{prefix_ + entry}; });
            extra_.add(name, value);
        }
        transaction_.replace(*target_.extra_state, std::move(extra_));
    }

    std::string model_, prefix_;
    const ModelTarget& target_;
    const LoadOptions& options_;
    live::NameMapping names_;
    live::ReportBuilder report_;
    Entries extra_;
    std::deque<std::string> numbers_;  // what live tensors without names are called
    live::LoadTransaction transaction_;
};

/// The dict at a path, as the state_dict of a model.
Result<StateDict> dict_at(const Reader& reader, std::string_view path) {
    MILEPOST_TRY_ASSIGN(auto dict, reader.get<Dict>(path));
    StateDict state_dict;
    for (auto& [key, value] : dict.items) {
        const auto* name = key.get_if<String>();
        if (name == nullptr)
            return Error(Condition::wrong_type, message(printable(path), ": a key is of type ",
                                                        milepost::name(key.kind()), "; a model has names"));
        state_dict.add(name->text, std::move(value));
    }
    return state_dict;
}

/// A model, or a dict among the values.
Result<StateDict> find_state_dict(const Reader& reader, std::string_view name) {
    auto model = reader.model(name);
    if (model || model.error().condition() != Condition::model) return model;
    auto dict = dict_at(reader, name);
    if (!dict && dict.error().code() == Code::not_found) return model;
    return dict;
}

}  // namespace

Result<LoadReport> load_into(const Reader& reader, std::string_view model, const ModelTarget& target,
                             const LoadOptions& options) try {
    MILEPOST_TRY_ASSIGN(const auto state_dict, find_state_dict(reader, model));
    return ModelLoad(reader, model, target, options).run(state_dict);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
