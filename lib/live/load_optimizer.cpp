#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
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
#include "live/load_transaction.hpp"
#include "live/match_params.hpp"

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
    OptimizerLoad(std::string_view optimizer, const OptimizerTarget& target, const LoadOptions& options)
        : optimizer_(optimizer), target_(target), options_(options) {}

    Result<LoadReport> run(const OptimizerState& file) {
        auto matched = live::match_params(optimizer_, file, target_, options_, report_);
        if (!matched) return std::move(matched).error();
        match_ = *std::move(matched);
        all_elements_ = total_elements(match_.live);
        if (options_.only.empty()) {  // a subset is of parameters, and of nothing that they share
            load_groups(file);
            load_extra(file.state_extra, target_.state_extra, message(optimizer_, "/state/"));
            load_extra(file.extra, target_.extra, message(optimizer_, "/"));
        }
        for (const auto& [index, entries] : file.state)
            load_state(index, entries);
        for (std::size_t i = 0; i < match_.live.size(); ++i)
            finish_param(i);
        return transaction_.finish(std::move(report_), options_,
                                   message("optimizer '", printable(optimizer_), "'"));
    }

private:
    void load_groups(const OptimizerState& file) {
        for (std::size_t g = 0; g < std::max(file.param_groups.size(), target_.groups.size()); ++g) {
            const std::string path = message(optimizer_, "/param_groups/", g);
            if (g >= file.param_groups.size()) {
                report_.missing.push_back(path);
            } else if (g >= target_.groups.size()) {
                report_.unexpected.push_back(path);
            } else if (target_.groups[g].hyperparameters != nullptr) {
                load_hyperparameters(path, file.param_groups[g].hyperparameters,
                                     *target_.groups[g].hyperparameters);
            }
        }
    }

    /// The file's, then what only the live group has.
    void load_hyperparameters(const std::string& path, const Entries& file, Entries& live) {
        Entries merged = file;
        for (const auto& [name, value] : file)
            report_.loaded.push_back(message(path, "/", name));
        for (const auto& [name, value] : live) {
            if (merged.add(name, value)) report_.missing.push_back(message(path, "/", name));
        }
        transaction_.replace(live, std::move(merged));
    }

    void load_state(std::uint64_t index, const Entries& entries) {
        const auto found = match_.by_index.find(index);
        if (found == match_.by_index.end()) {
            if (!match_.left_out.contains(index))
                report_.unexpected.push_back(message(optimizer_, "/state/", index));
            return;
        }
        LiveParam& param = match_.live[found->second];
        for (const auto& [key, value] : entries)
            load_entry(param, message(optimizer_, "/state/", index, "/", key), key, value);
    }

    void load_entry(LiveParam& param, std::string path, const std::string& key, const Value& value) {
        const auto* tensor = value.get_if<TensorView>();
        const auto& targets = param.target->state;
        const auto target = std::find_if(targets.begin(), targets.end(),
                                         [&](const Target& candidate) { return candidate.name == key; });
        if (target != targets.end()) {
            param.seen.insert(key);
            if (tensor != nullptr) {
                transaction_.add(std::move(path), *tensor, *target, options_, report_, param.name);
            } else {
                report_.dtype_mismatches.push_back({std::move(path), std::string(name(value.kind())),
                                                    std::string(target->tensor.dtype().name)});
            }
        } else if (tensor != nullptr &&
                   !fits_parameter(tensor->shape(), param.target->shape, all_elements_)) {
            report_.shape_mismatches.push_back(
                {std::move(path), tensor->shape(), param.target->shape, param.name});
        } else if (param.target->rest == nullptr) {
            report_.unexpected.push_back(std::move(path));
        } else {
            param.rest.add(key, value);
            report_.loaded.push_back(std::move(path));
        }
    }

    void finish_param(std::size_t number) {
        LiveParam& param = match_.live[number];
        if (!param.in_file) return;
        for (const Target& target : param.target->state) {
            if (!param.seen.contains(target.name))
                report_.missing.push_back(message(optimizer_, "/state/", number, "/", target.name));
        }
        if (param.target->rest != nullptr) transaction_.replace(*param.target->rest, std::move(param.rest));
    }

    void load_extra(const Entries& file, Entries* live, const std::string& path) {
        for (const auto& [name, value] : file)
            (live == nullptr ? report_.unexpected : report_.loaded).push_back(message(path, name));
        if (live != nullptr) transaction_.replace(*live, file);
    }

    std::string optimizer_;
    const OptimizerTarget& target_;
    const LoadOptions& options_;
    LoadReport report_;
    live::ParamMatch match_;
    std::uint64_t all_elements_ = 0;
    live::LoadTransaction transaction_;
};

}  // namespace

Result<LoadReport> load_into(const Reader& reader, std::string_view optimizer, const OptimizerTarget& target,
                             const LoadOptions& options) try {
    auto file = reader.optimizer(optimizer);
    if (!file) return std::move(file).error();
    return OptimizerLoad(optimizer, target, options).run(*file);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
