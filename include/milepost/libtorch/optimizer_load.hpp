#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/optim.h>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/libtorch/module.hpp>
#include <milepost/libtorch/optimizer_fields.hpp>
#include <milepost/libtorch/optimizer_readers.hpp>
#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

/// How an optimizer of a file becomes one of LibTorch. Part of <milepost/libtorch.hpp>.
namespace milepost::libtorch {

/// @cond
namespace detail {

/// State that an optimizer has before the first step: none, but for Adagrad, whose step() relies on it.
template <class State, class Options>
[[nodiscard]] std::unique_ptr<State> initial_state(const at::Tensor& param, const Options& options) {
    if constexpr (std::is_same_v<State, torch::optim::AdagradParamState>) {
        auto state = std::make_unique<State>();
        state->step(0);
        state->sum(at::full_like(param, options.initial_accumulator_value(), param.options()));
        return state;
    } else {
        return nullptr;
    }
}

/// Whether the state is as good as none: LibTorch's SGD relies on the buffer of a state that exists.
template <class State>
[[nodiscard]] bool is_unset(const State& state) {
    if constexpr (std::is_same_v<State, torch::optim::SGDParamState>)
        return !state.momentum_buffer().defined();
    return false;
}

/// One load: everything is read and compared first, then milepost::load_into writes the tensors, and then the
/// new options and states take the place of the live ones.
template <class Kind>
class OptimizerLoad {
public:
    OptimizerLoad(const Reader& reader, std::string_view name, torch::optim::Optimizer& live,
                  const LoadOptions& options)
        : reader_(reader),
          name_(name),
          live_(live),
          options_(options),
          findings_(options.max_report_nbytes) {}

    [[nodiscard]] Result<LoadReport> run(std::string_view algorithm) {
        const c10::NoGradGuard no_grad;
        MILEPOST_TRY_ASSIGN(const OptimizerState file, reader_.optimizer(name_));
        if (options_.strict && !file.algorithm.empty() && file.algorithm != algorithm)
            return Error(Condition::unexpected, "optimizer '" + escape(name_) + "' of the file is " +
                                                    escape(file.algorithm, 80) + ", the live one is " +
                                                    std::string(algorithm));
        MILEPOST_TRY(prepare(file));
        MILEPOST_TRY(findings_.result(name_, options_.strict));
        auto report = milepost::load_into(reader_, name_, target_, options_);
        if (!report) return report;
        memory_.finish();
        commit();
        leave_out_skipped(report->loaded);
        leave_out_skipped(report->shape_mismatches);
        findings_.append_to(*report);
        return report;
    }

private:
    using Options = typename Kind::Options;
    using State = typename Kind::State;
    struct NewState {
        void* key;  // of Optimizer::state()
        std::unique_ptr<State> state;
    };

    /// Where the groups differ in number or size, milepost::load_into says so.
    [[nodiscard]] static bool same_sizes(const OptimizerState& file,
                                         const std::vector<torch::optim::OptimizerParamGroup>& live) {
        return std::equal(
            file.param_groups.begin(), file.param_groups.end(), live.begin(), live.end(),
            [](const ParamGroup& a, const auto& b) { return a.params.size() == b.params().size(); });
    }

    [[nodiscard]] Result<void> prepare(const OptimizerState& file) {
        auto& groups = live_.param_groups();
        const bool is_comparable = same_sizes(file, groups);
        for (const auto& group : groups) {
            for (const at::Tensor& param : group.params())
                all_elements_ += static_cast<std::uint64_t>(param.numel());
        }
        for (std::size_t g = 0; g < groups.size(); ++g) {
            MILEPOST_TRY_ASSIGN(const Options* live, options_of<Options>(groups[g]));
            Options& options = new_options_.emplace_back(*live);
            if (is_comparable) read_hyperparameters(file.param_groups[g].hyperparameters, g, options);
            GroupTarget& target = target_.group();
            for (std::size_t p = 0; p < groups[g].params().size(); ++p) {
                const at::Tensor& param = groups[g].params()[p];
                ParamTarget& live_param = target.param("", Shape(param.sizes().begin(), param.sizes().end()));
                if (is_comparable)
                    MILEPOST_TRY(
                        read_state(file, file.param_groups[g].params[p], param, options, live_param));
            }
        }
        live_.state().reserve(live_.state().size() + new_states_.size());
        return {};
    }

    void read_hyperparameters(const Entries& file, std::size_t group, Options& options) {
        HyperparameterReader reader(file, std::string(name_) + "/param_groups/" + std::to_string(group) + "/",
                                    findings_);
        hyperparameters(reader, options);
        reader.finish();
    }

    [[nodiscard]] Result<void> read_state(const OptimizerState& file, std::uint64_t index,
                                          const at::Tensor& param, const Options& options,
                                          ParamTarget& target) {
        void* key = param.unsafeGetTensorImpl();
        const auto found = file.state.find(index);
        if (found == file.state.end()) {
            new_states_.push_back({key, initial_state<State>(param, options)});
            return {};
        }
        const auto held = live_.state().find(key);
        const State* live =
            held != live_.state().end() ? dynamic_cast<const State*>(held->second.get()) : nullptr;
        auto fresh = live != nullptr ? std::make_unique<State>(*live) : std::make_unique<State>();
        const std::string path = std::string(name_) + "/state/" + std::to_string(index) + "/";
        StateReader reader(found->second, path, std::to_string(index), findings_, param, all_elements_,
                           options_.cast, memory_);
        const bool has_any = reader.has_any();
        if (has_any) state(reader, *fresh, options);
        reader.finish();
        target.rest = &rest_.emplace_back();  // takes what has been read here
        if (!reader.matches()) {
            skipped_.push_back(path);
            return {};
        }
        target.tensors = reader.take_targets();
        if (!has_any || is_unset(*fresh)) fresh = initial_state<State>(param, options);
        new_states_.push_back({key, std::move(fresh)});
        return {};
    }

    /// Of a state that does not match, milepost::load_into has seen entries that are not loaded here.
    template <class Item>
    void leave_out_skipped(ReportList<Item>& list) const {
        list.count -= std::erase_if(list.items, [&](const Item& item) {
            return std::any_of(skipped_.begin(), skipped_.end(),
                               [&](const std::string& path) { return item.path.starts_with(path); });
        });
    }

    void commit() {
        for (std::size_t g = 0; g < new_options_.size(); ++g)
            *dynamic_cast<Options*>(&live_.param_groups()[g].options()) = new_options_[g];
        for (NewState& each : new_states_) {
            if (each.state == nullptr)
                live_.state().erase(each.key);
            else
                live_.state()[each.key] = std::move(each.state);
        }
    }

    const Reader& reader_;
    std::string_view name_;
    torch::optim::Optimizer& live_;
    const LoadOptions& options_;
    Findings findings_;
    OptimizerTarget target_;
    LiveTensors memory_;
    std::deque<Entries> rest_;
    std::deque<Options> new_options_;
    std::vector<NewState> new_states_;
    std::vector<std::string> skipped_;  // paths of states that do not match
    std::uint64_t all_elements_ = 0;
};

}  // namespace detail
/// @endcond

}  // namespace milepost::libtorch
