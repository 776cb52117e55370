#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <torch/optim.h>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/libtorch/optimizer_fields.hpp>
#include <milepost/libtorch/optimizer_load.hpp>
#include <milepost/libtorch/tensor.hpp>
#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/value.hpp>

/// Optimizers of LibTorch: their state_dict, and loading into them. Part of <milepost/libtorch.hpp>.
namespace milepost::libtorch {

/// @cond
namespace detail {

/// Writes hyperparameters with the types that Python gives them.
class HyperparameterWriter {
public:
    explicit HyperparameterWriter(Entries& to) : to_(to) {}

    void number(std::string_view key, double value) { to_[key] = value; }
    void flag(std::string_view key, bool value) { to_[key] = value; }
    void integer(std::string_view key, std::int64_t value) { to_[key] = value; }
    void pair(std::string_view key, const std::tuple<double, double>& value) {
        to_[key] = Tuple{{std::get<0>(value), std::get<1>(value)}};
    }
    void text(std::string_view key, const std::optional<std::string>& value) {
        to_[key] = value ? Value(*value) : Value();
    }
    void fixed(std::string_view key, bool value) { to_[key] = value; }
    void idle(std::string_view key, Value value) { to_[key] = std::move(value); }

private:
    Entries& to_;
};

/// Writes the state of a parameter. What is undefined in C++ is absent in Python.
class StateWriter {
public:
    StateWriter(Entries& to, TensorExporter& exporter) : to_(to), exporter_(exporter) {}

    void step(std::string_view key, std::int64_t value) {
        constexpr std::int64_t kMostExact = 1 << 24;  // from here on an f32 skips integers
        if (value < 0 || value > kMostExact)
            to_[key] = value;  // of which Python makes a tensor, too
        else
            add(key, at::full({}, static_cast<double>(value), at::kFloat));
    }
    void integer(std::string_view key, std::int64_t value) { to_[key] = value; }
    void number(std::string_view key, double value, bool is_set) {
        if (is_set) to_[key] = value;
    }
    void tensor(std::string_view key, const at::Tensor& value, bool /*is_needed*/) { add(key, value); }
    void flat(std::string_view key, const at::Tensor& value, bool /*is_needed*/) { add(key, value); }
    void scalar(std::string_view key, const at::Tensor& value, bool /*is_needed*/) { add(key, value); }
    void flats(std::string_view key, const std::deque<at::Tensor>& values, std::size_t /*least*/,
               std::size_t /*most*/) {
        add_list(key, values);
    }
    void scalars(std::string_view key, const std::deque<at::Tensor>& values, std::size_t /*least*/,
                 std::size_t /*most*/) {
        add_list(key, values);
    }
    void scratch(std::string_view key, const std::optional<std::vector<at::Tensor>>& values,
                 std::size_t /*size*/) {
        if (values) add_list(key, *values);
    }

    /// The first error.
    [[nodiscard]] Result<void> result() const { return result_; }

private:
    [[nodiscard]] Value view_of(std::string_view key, const at::Tensor& tensor) {
        if (!tensor.defined()) return {};
        auto view = exporter_.view(tensor);
        if (view) return *std::move(view);
        if (result_) result_ = view.error().within(key);
        return {};
    }
    void add(std::string_view key, const at::Tensor& tensor) {
        if (tensor.defined()) to_[key] = view_of(key, tensor);
    }
    template <class Tensors>
    void add_list(std::string_view key, const Tensors& tensors) {
        List list;
        for (const at::Tensor& tensor : tensors)
            list.items.push_back(view_of(key, tensor));
        to_[key] = std::move(list);
    }

    Entries& to_;
    TensorExporter& exporter_;
    Result<void> result_;
};

/// The indices of the parameters of a group, the first of which has the number `first`: as in
/// Python's state_dict, where a parameter that is given twice has its last place.
[[nodiscard]] inline std::vector<std::uint64_t> number_params(const std::vector<at::Tensor>& params,
                                                              std::uint64_t first,
                                                              std::map<const void*, std::uint64_t>& numbers) {
    std::map<const void*, std::uint64_t> own;
    for (std::size_t i = 0; i < params.size(); ++i)
        own[params[i].unsafeGetTensorImpl()] = first + i;
    numbers.insert(own.begin(), own.end());
    std::vector<std::uint64_t> indices;
    for (const at::Tensor& param : params)
        indices.push_back(numbers.at(param.unsafeGetTensorImpl()));
    return indices;
}

template <class Options, class State>
[[nodiscard]] Result<Entries> state_entries(const torch::optim::OptimizerParamState& held,
                                            const Options& options, TensorExporter& exporter) {
    const auto* typed = dynamic_cast<const State*>(&held);
    if (typed == nullptr)
        return Error(Condition::wrong_type, "the state of a parameter is of another optimizer");
    State copy = *typed;  // of references to tensors; the description of the fields is for writing, too
    Entries entries;
    StateWriter writer(entries, exporter);
    state(writer, copy, options);
    MILEPOST_TRY(writer.result());
    return entries;
}

template <class Kind>
[[nodiscard]] Result<OptimizerState> optimizer_state(const torch::optim::Optimizer& optimizer, Kind kind,
                                                     TensorExporter& exporter) {
    using Options = typename Kind::Options;
    OptimizerState result;
    result.algorithm = kind.name;
    std::map<const void*, std::uint64_t> numbers;
    std::uint64_t first = 0;
    for (const auto& live : optimizer.param_groups()) {
        MILEPOST_TRY_ASSIGN(const Options* held, options_of<Options>(live));
        Options options = *held;
        ParamGroup& group = result.param_groups.emplace_back();
        HyperparameterWriter writer(group.hyperparameters);
        hyperparameters(writer, options);
        group.params = number_params(live.params(), first, numbers);
        first += group.params.size();
        for (const at::Tensor& param : live.params()) {
            const auto found = optimizer.state().find(param.unsafeGetTensorImpl());
            if (found == optimizer.state().end()) continue;
            const std::uint64_t number = numbers.at(param.unsafeGetTensorImpl());
            auto entries = state_entries<Options, typename Kind::State>(*found->second, options, exporter);
            if (!entries) return entries.error().within("state/" + std::to_string(number));
            result.state[number] = *std::move(entries);
        }
    }
    return result;
}

}  // namespace detail
/// @endcond

/// The state_dict of an optimizer of LibTorch (SGD, Adam, AdamW, RMSprop, Adagrad, LBFGS), as that of the
/// same class in Python, so that its load_state_dict takes it. Hyperparameters have Python's names, order and
/// types: `betas` is a tuple, numbers are floats. Those that only Python has (maximize, foreach, fused, ...)
/// have the values that C++ works by, which are Python's defaults. `step` is a tensor f32[] as in Python;
/// above 2^24, where f32 is not exact, an int, which Python takes as well. `algorithm` is the name of the
/// class.
///
///     auto state = milepost::libtorch::state_dict(adam);
///     if (!state) return state.error();
///     checkpoint.optimizer("optimizer") = *state;
///
/// Views share ownership as those of state_dict(module), and exporter is what it is there. State is sparse: a
/// parameter without a step has none. C++ does not know the names of parameters, so there are none.
/// Threads: nothing else may use the optimizer meanwhile.
/// Errors: invalid_argument/wrong_type if the class is not one of these, with its name; those of
/// TensorExporter::view, led by the path of the state.
///@{
[[nodiscard]] inline Result<OptimizerState> state_dict(const torch::optim::Optimizer& optimizer,
                                                       TensorExporter& exporter) {
    return detail::guarded([&]() -> Result<OptimizerState> {
        return detail::with_kind(optimizer, [&](auto kind) -> Result<OptimizerState> {
            return detail::optimizer_state(optimizer, kind, exporter);
        });
    });
}
[[nodiscard]] inline Result<OptimizerState> state_dict(const torch::optim::Optimizer& optimizer) {
    TensorExporter exporter;
    return state_dict(optimizer, exporter);
}
///@}

/// Loads an optimizer of the file, which C++ or Python wrote, into one of the same class: hyperparameters and
/// state. Groups and their parameters are matched by order, and LibTorch knows no names of parameters.
///
///     auto report = milepost::libtorch::load_into(*file, "optimizer", adam);
///     if (!report) return report.error();                          // and nothing of it has changed
///
/// State of a parameter is replaced by that of the file: a parameter that has none there has none afterwards,
/// or with Adagrad that of a new optimizer. Its tensors keep the dtype of the file; with LoadOptions::cast
/// they get that of the live state, else of the parameter. They are decoded into the live tensors where these
/// have the same dtype and shape, else into new ones on the device of the parameter. `step` may be an int or
/// a tensor.
///
/// What the file has and LibTorch does not:
/// - foreach, fused, capturable and differentiable change nothing, and the keys that Python's schedulers add
///   (initial_lr, max_lr, ...) are for Python's schedulers: they are left out, and in no list of the report;
/// - maximize and decoupled_weight_decay are unexpected if they differ from what the class does;
/// - any other key is unexpected.
///
/// If LoadOptions::strict, whatever does not match is an error, and another algorithm is one, too; nothing
/// has changed then. Else a hyperparameter that does not match keeps its value, and so does the whole state
/// of a parameter of which any entry does not match. If a device fails at the end, tensors on it may have
/// been written, as with modules.
/// Threads: nothing else may use the optimizer and its parameters meanwhile.
/// Errors: those of milepost::load_into for optimizers; mismatch/unexpected for another algorithm;
/// invalid_argument/wrong_type as state_dict; /option for LoadOptions::only and rename, which need names;
/// /callback for what LibTorch throws.
[[nodiscard]] inline Result<LoadReport> load_into(const Reader& reader, std::string_view optimizer,
                                                  torch::optim::Optimizer& live,
                                                  const LoadOptions& options = {}) {
    return detail::guarded([&]() -> Result<LoadReport> {
        return detail::with_kind(live, [&](auto kind) -> Result<LoadReport> {
            return detail::OptimizerLoad<decltype(kind)>(reader, optimizer, live, options).run(kind.name);
        });
    });
}

}  // namespace milepost::libtorch
