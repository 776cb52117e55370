#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/layout.hpp"
#include "core/text.hpp"
#include "live/load_report.hpp"
#include "live/load_transaction.hpp"
#include "live/match_params.hpp"
#include "live/name_mapping.hpp"

namespace milepost {
namespace {

using base::message;
using core::printable;
using live::LiveParam;

/// Rows of Adafactor: [r, 1] of [r, c].
bool broadcasts_to(const Shape& shape, const Shape& parameter) noexcept {
    return std::equal(shape.begin(), shape.end(), parameter.begin(), parameter.end(),
                      [](std::uint64_t size, std::uint64_t wanted) { return size == wanted || size == 1; });
}

/// Whether the shape is that of the parameter with some dimensions taken out: statistics of rows, [r] of
/// [r, c].
bool is_kept_from(const Shape& shape, const Shape& parameter) noexcept {
    auto next = shape.begin();
    for (const std::uint64_t size : parameter) {
        if (next != shape.end() && *next == size) ++next;
    }
    return next == shape.end();
}

/// Whether a tensor of the state that has no target can belong to the parameter: one element; a shape that
/// broadcasts to the parameter's, or is it without some dimensions; or one run over the parameter, or over
/// all of them, as LBFGS keeps them.
bool fits_parameter(const Shape& shape, const Shape& parameter, std::uint64_t all_elements) noexcept {
    std::uint64_t count = 0;
    if (core::element_count(shape, count) && count == 1) return true;
    std::uint64_t own_elements = 0;
    const bool has_count = core::element_count(parameter, own_elements);
    if (shape.size() == 1 && (shape[0] == all_elements || (has_count && shape[0] == own_elements)))
        return true;
    return is_kept_from(shape, parameter) || broadcasts_to(shape, parameter);
}

/// Saturates: then no shape is equal to it.
std::uint64_t total_elements(const std::vector<LiveParam>& params) noexcept {
    std::uint64_t total = 0;
    for (const LiveParam& param : params) {
        std::uint64_t count = 0;
        if (!core::element_count(param.target->shape, count) || !base::checked_add(total, count, total))
            return UINT64_MAX;
    }
    return total;
}

/// Pairs the state_dict of an optimizer with a live one.
class OptimizerLoad {
public:
    OptimizerLoad(const Reader& reader, std::string_view optimizer, const OptimizerTarget& target,
                  const LoadOptions& options)
        : optimizer_(optimizer),
          state_prefix_(message(optimizer, "/state/")),
          target_(target),
          options_(options),
          names_(options),
          report_(options),
          transaction_(reader, options, report_) {}

    Result<LoadReport> run(const OptimizerState& file) {
        MILEPOST_TRY_ASSIGN(match_, live::match_params(optimizer_, file, target_, options_, names_, report_));
        all_elements_ = total_elements(match_.live);
        if (options_.only.empty()) {  // a subset is of parameters, and of nothing that they share
            load_groups(file);
            load_extra(file.state_extra, target_.state_extra, state_prefix_);
            load_extra(file.extra, target_.extra, message(optimizer_, "/"));
        }
        for (const auto& [index, entries] : file.state)
            load_state(file, index, entries);
        for (std::size_t i = 0; i < match_.live.size(); ++i)
            finish_param(i);
        names_.report_unused(report_);
        MILEPOST_TRY(transaction_.finish(message("optimizer '", printable(optimizer_), "'")));
        return report_.take();
    }

private:
    void add_item(ReportList<ReportItem> LoadReport::*list, const std::string& prefix,
                  const std::string& name) {
        report_.add(list, [&] { return ReportItem{prefix + name}; });
    }

    void load_groups(const OptimizerState& file) {
        for (std::size_t g = 0; g < file.param_groups.size(); ++g) {
            if (!match_.groups[g]) continue;
            Entries* live = target_.groups[*match_.groups[g]].hyperparameters;
            if (live == nullptr) continue;
            load_hyperparameters(message(optimizer_, "/param_groups/", g, "/"),
                                 file.param_groups[g].hyperparameters, *live);
        }
    }

    /// The file's, then what only the live group has.
    void load_hyperparameters(const std::string& prefix, const Entries& file, Entries& live) {
        Entries merged = file;
        for (const auto& [name, value] : file)
            add_item(&LoadReport::loaded, prefix, name);
        for (const auto& [name, value] : live) {
            if (merged.add(name, value)) add_item(&LoadReport::missing, prefix, name);
        }
        transaction_.replace(live, std::move(merged));
    }

    /// What leads to the state of a parameter: its key where the file has keys, else its index.
    std::string_view step_of(const OptimizerState& file, std::uint64_t index) {
        if (index < file.param_keys.size()) return file.param_keys[static_cast<std::size_t>(index)];
        return numbers_.emplace_back(std::to_string(index));
    }

    void load_state(const OptimizerState& file, std::uint64_t index, const Entries& entries) {
        const auto found = match_.by_index.find(index);
        if (found != match_.by_index.end()) {
            LiveParam& param = match_.live[found->second];
            const std::string_view step = step_of(file, index);
            for (const auto& [key, value] : entries)
                load_entry(param, {state_prefix_, step, key, param.name}, key, value);
            return;
        }
        const bool has_any = std::any_of(entries.begin(), entries.end(),
                                         [](const auto& entry) { return !entry.second.is_null(); });
        if (has_any && !match_.left_out.contains(index))
            add_item(&LoadReport::unexpected, state_prefix_, std::to_string(index));
    }

    void load_entry(LiveParam& param, const live::Place& place, const std::string& key, const Value& value) {
        const auto* tensor = value.get_if<TensorView>();
        const auto& targets = param.target->tensors;
        const auto target = std::find_if(targets.begin(), targets.end(),
                                         [&](const Target& candidate) { return candidate.name == key; });
        if (target != targets.end()) {
            param.seen.insert(key);
            transaction_.add(place, value, *target);
        } else if (tensor != nullptr &&
                   !fits_parameter(tensor->shape(), param.target->shape, all_elements_)) {
            report_.add(&LoadReport::shape_mismatches, [&] {
                return ShapeMismatch{place.path(), tensor->shape(), param.target->shape, param.name};
            });
        } else if (param.target->rest != nullptr) {
            param.rest.add(key, value);
            report_.add(&LoadReport::loaded, [&] { return place.item(); });
        } else if (!value.is_null()) {
            report_.add(&LoadReport::unexpected, [&] { return place.item(); });
        }
    }

    void finish_param(std::size_t number) {
        LiveParam& param = match_.live[number];
        if (!param.in_file) return;
        std::string_view step;
        for (const Target& target : param.target->tensors) {
            if (param.seen.contains(target.name)) continue;
            if (step.empty()) step = numbers_.emplace_back(std::to_string(number));
            transaction_.add_missing({state_prefix_, step, target.name, param.name}, target);
        }
        if (param.target->rest != nullptr) transaction_.replace(*param.target->rest, std::move(param.rest));
    }

    void load_extra(const Entries& file, Entries* live, const std::string& prefix) {
        for (const auto& [name, value] : file)
            add_item(live == nullptr ? &LoadReport::unexpected : &LoadReport::loaded, prefix, name);
        if (live != nullptr) transaction_.replace(*live, file);
    }

    std::string optimizer_, state_prefix_;
    const OptimizerTarget& target_;
    const LoadOptions& options_;
    live::NameMapping names_;
    live::ReportBuilder report_;
    live::ParamMatch match_;
    std::uint64_t all_elements_ = 0;
    std::deque<std::string> numbers_;  // of parameters, as text
    live::LoadTransaction transaction_;
};

}  // namespace

Result<LoadReport> load_into(const Reader& reader, std::string_view optimizer, const OptimizerTarget& target,
                             const LoadOptions& options) try {
    MILEPOST_TRY_ASSIGN(auto file, reader.optimizer(optimizer));
    return OptimizerLoad(reader, optimizer, target, options).run(file);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
