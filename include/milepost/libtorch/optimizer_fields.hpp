#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <typeinfo>

#include <ATen/ATen.h>
#include <c10/util/Type.h>
#include <torch/optim.h>

#include <milepost/error.hpp>
#include <milepost/value.hpp>

/// What LibTorch's optimizers hold, under the names that Python gives it, in Python's order. Each optimizer
/// is described once: what saves and what loads are both a `Fields`. Part of <milepost/libtorch.hpp>.
namespace milepost::libtorch {

/// @cond
namespace detail {

// Hyperparameters: number, flag, integer, ... are those that both languages have. `fixed` is one that C++
// does not have, and works as if it had this value: another one would change what the optimizer computes.
// `idle` is one that C++ does not have and that changes nothing but how Python computes.

template <class Fields>
void hyperparameters(Fields& fields, torch::optim::SGDOptions& options) {
    fields.number("lr", options.lr());
    fields.number("momentum", options.momentum());
    fields.number("dampening", options.dampening());
    fields.number("weight_decay", options.weight_decay());
    fields.flag("nesterov", options.nesterov());
    fields.fixed("maximize", false);
    fields.idle("foreach", nullptr);
    fields.idle("differentiable", false);
    fields.idle("fused", nullptr);
}

template <class Fields, class Options>
void adam_hyperparameters(Fields& fields, Options& options, bool is_decoupled) {
    fields.number("lr", options.lr());
    fields.pair("betas", options.betas());
    fields.number("eps", options.eps());
    fields.number("weight_decay", options.weight_decay());
    fields.flag("amsgrad", options.amsgrad());
    fields.fixed("maximize", false);
    fields.idle("foreach", nullptr);
    fields.idle("capturable", false);
    fields.idle("differentiable", false);
    fields.idle("fused", nullptr);
    fields.fixed("decoupled_weight_decay", is_decoupled);
}

template <class Fields>
void hyperparameters(Fields& fields, torch::optim::AdamOptions& options) {
    adam_hyperparameters(fields, options, false);
}

template <class Fields>
void hyperparameters(Fields& fields, torch::optim::AdamWOptions& options) {
    adam_hyperparameters(fields, options, true);
}

template <class Fields>
void hyperparameters(Fields& fields, torch::optim::RMSpropOptions& options) {
    fields.number("lr", options.lr());
    fields.number("momentum", options.momentum());
    fields.number("alpha", options.alpha());
    fields.number("eps", options.eps());
    fields.flag("centered", options.centered());
    fields.number("weight_decay", options.weight_decay());
    fields.idle("capturable", false);
    fields.idle("foreach", nullptr);
    fields.fixed("maximize", false);
    fields.idle("differentiable", false);
}

template <class Fields>
void hyperparameters(Fields& fields, torch::optim::AdagradOptions& options) {
    fields.number("lr", options.lr());
    fields.number("lr_decay", options.lr_decay());
    fields.number("eps", options.eps());
    fields.number("weight_decay", options.weight_decay());
    fields.number("initial_accumulator_value", options.initial_accumulator_value());
    fields.idle("foreach", nullptr);
    fields.fixed("maximize", false);
    fields.idle("differentiable", false);
    fields.idle("fused", nullptr);
}

template <class Fields>
void hyperparameters(Fields& fields, torch::optim::LBFGSOptions& options) {
    fields.number("lr", options.lr());
    fields.integer("max_iter", options.max_iter());
    if (!options.max_eval()) options.max_eval(options.max_iter() * 5 / 4);  // as both constructors do
    fields.integer("max_eval", *options.max_eval());
    fields.number("tolerance_grad", options.tolerance_grad());
    fields.number("tolerance_change", options.tolerance_change());
    fields.integer("history_size", options.history_size());
    fields.text("line_search_fn", options.line_search_fn());
    fields.fixed("maximize", false);  // newer versions of Python's LBFGS have it
}

// State: `tensor` has the shape of the parameter; `step` is an int64 in C++ and a tensor in Python; `scalar`
// is a tensor of one element, `flat` one of one dimension over all parameters, and `scalars` and `flats` are
// lists of these. A bool tells whether the optimizer needs it.

template <class Fields>
void state(Fields& fields, torch::optim::SGDParamState& held, const torch::optim::SGDOptions&) {
    fields.tensor("momentum_buffer", held.momentum_buffer(), false);
}

template <class Fields, class State, class Options>
void adam_state(Fields& fields, State& held, const Options& options) {
    fields.step("step", held.step());
    fields.tensor("exp_avg", held.exp_avg(), true);
    fields.tensor("exp_avg_sq", held.exp_avg_sq(), true);
    fields.tensor("max_exp_avg_sq", held.max_exp_avg_sq(), options.amsgrad());
}

template <class Fields>
void state(Fields& fields, torch::optim::AdamParamState& held, const torch::optim::AdamOptions& options) {
    adam_state(fields, held, options);
}

template <class Fields>
void state(Fields& fields, torch::optim::AdamWParamState& held, const torch::optim::AdamWOptions& options) {
    adam_state(fields, held, options);
}

template <class Fields>
void state(Fields& fields, torch::optim::RMSpropParamState& held,
           const torch::optim::RMSpropOptions& options) {
    fields.step("step", held.step());
    fields.tensor("square_avg", held.square_avg(), true);
    fields.tensor("momentum_buffer", held.momentum_buffer(), options.momentum() > 0);
    fields.tensor("grad_avg", held.grad_avg(), options.centered());
}

template <class Fields>
void state(Fields& fields, torch::optim::AdagradParamState& held, const torch::optim::AdagradOptions&) {
    fields.step("step", held.step());
    fields.tensor("sum", held.sum(), true);
}

/// LBFGS has one state, which is that of the first parameter.
template <class Fields>
void state(Fields& fields, torch::optim::LBFGSParamState& held, const torch::optim::LBFGSOptions& options) {
    const auto most = static_cast<std::size_t>(options.history_size() < 0 ? 0 : options.history_size());
    fields.integer("func_evals", held.func_evals());
    fields.integer("n_iter", held.n_iter());
    const bool has_stepped = held.n_iter() > 0;
    fields.scratch("al", held.al(), most);
    fields.flat("d", held.d(), has_stepped);
    fields.number("t", held.t(), has_stepped);
    fields.flats("old_dirs", held.old_dirs(), 0, most);
    const std::size_t count = held.old_dirs().size();
    fields.flats("old_stps", held.old_stps(), count, count);
    fields.scalars("ro", held.ro(), count, count);
    fields.scalar("H_diag", held.H_diag(), has_stepped);
    fields.flat("prev_flat_grad", held.prev_flat_grad(), has_stepped);
    fields.number("prev_loss", held.prev_loss(), has_stepped);
}

template <class OptionsType, class StateType>
struct OptimizerKind {
    using Options = OptionsType;
    using State = StateType;
    const char* name;  // of the class, in Python too
};

/// Calls `function` with the OptimizerKind of the optimizer. Errors: invalid_argument/wrong_type for a class
/// that is not one of LibTorch's; those of `function`.
template <class Function>
auto with_kind(const torch::optim::Optimizer& optimizer, const Function& function)
    -> decltype(function(OptimizerKind<torch::optim::SGDOptions, torch::optim::SGDParamState>{})) {
    using namespace torch::optim;
    const auto is = [&]<class Class>(const Class*) {
        return dynamic_cast<const Class*>(&optimizer) != nullptr;
    };
    if (is(static_cast<SGD*>(nullptr))) return function(OptimizerKind<SGDOptions, SGDParamState>{"SGD"});
    if (is(static_cast<Adam*>(nullptr))) return function(OptimizerKind<AdamOptions, AdamParamState>{"Adam"});
    if (is(static_cast<AdamW*>(nullptr)))
        return function(OptimizerKind<AdamWOptions, AdamWParamState>{"AdamW"});
    if (is(static_cast<RMSprop*>(nullptr)))
        return function(OptimizerKind<RMSpropOptions, RMSpropParamState>{"RMSprop"});
    if (is(static_cast<Adagrad*>(nullptr)))
        return function(OptimizerKind<AdagradOptions, AdagradParamState>{"Adagrad"});
    if (is(static_cast<LBFGS*>(nullptr)))
        return function(OptimizerKind<LBFGSOptions, LBFGSParamState>{"LBFGS"});
    return Error(Condition::wrong_type, "an optimizer of class " + c10::demangle(typeid(optimizer).name()) +
                                            "; known are SGD, Adam, AdamW, RMSprop, Adagrad and LBFGS");
}

/// The options of a group. Errors: invalid_argument/wrong_type if they are of another optimizer, or none.
template <class Options, class Group>
[[nodiscard]] Result<Options*> options_of(Group& group) {
    auto* options =
        group.has_options() ? const_cast<Options*>(dynamic_cast<const Options*>(&group.options())) : nullptr;
    if (options == nullptr)
        return Error(Condition::wrong_type, "a param group has not the options of its optimizer");
    return options;
}

}  // namespace detail
/// @endcond

}  // namespace milepost::libtorch
