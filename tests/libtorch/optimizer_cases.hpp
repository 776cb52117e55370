#pragma once

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "fake_device.hpp"
#include "support.hpp"

namespace libtorch_test {

using OptimizerPtr = std::unique_ptr<torch::optim::Optimizer>;
using Tensors = std::vector<at::Tensor>;

/// The optimizers that are compared, also with Python's of the same settings
/// (tests/pytorch/check_libtorch.py).
inline OptimizerPtr make_optimizer(const std::string& name, const Tensors& params) {
    using namespace torch::optim;
    if (name == "SGD")
        return std::make_unique<SGD>(params, SGDOptions(0.1).momentum(0.9).dampening(0.5).weight_decay(0.01));
    if (name == "SGD plain") return std::make_unique<SGD>(params, SGDOptions(0.1));
    if (name == "Adam")
        return std::make_unique<Adam>(params, AdamOptions(0.01).betas({0.8, 0.99}).weight_decay(0.01));
    if (name == "Adam amsgrad") return std::make_unique<Adam>(params, AdamOptions(0.01).amsgrad(true));
    if (name == "AdamW") return std::make_unique<AdamW>(params, AdamWOptions(0.01).weight_decay(0.1));
    if (name == "RMSprop") return std::make_unique<RMSprop>(params, RMSpropOptions(0.01));
    if (name == "RMSprop all")
        return std::make_unique<RMSprop>(
            params, RMSpropOptions(0.01).centered(true).momentum(0.5).weight_decay(0.01));
    if (name == "Adagrad")
        return std::make_unique<Adagrad>(params,
                                         AdagradOptions(0.05).lr_decay(0.1).initial_accumulator_value(0.5));
    if (name == "LBFGS")
        return std::make_unique<LBFGS>(params, LBFGSOptions(0.5).max_iter(4).history_size(5));
    if (name == "LBFGS search")
        return std::make_unique<LBFGS>(params, LBFGSOptions(1).max_iter(4).line_search_fn("strong_wolfe"));
    throw std::invalid_argument(name);
}

inline const std::vector<std::string> kOptimizers{"SGD",   "SGD plain",   "Adam",        "Adam amsgrad",
                                                  "AdamW", "RMSprop",     "RMSprop all", "Adagrad",
                                                  "LBFGS", "LBFGS search"};

/// A net and its optimizer after some steps.
struct Run {
    Run(const std::string& name, std::uint64_t seed, std::int64_t steps)
        : net(make_net(seed)), optimizer(make_optimizer(name, net->parameters())) {
        step_on(net, *optimizer, 0, steps);
    }
    void save(const std::string& file) const {
        ok(libtorch::save(path_of(file), {{"net", net}, {"optimizer", *optimizer}}, {.durable = false}));
    }
    Net net;
    OptimizerPtr optimizer;
};

/// Saves an optimizer that the test has edited.
inline milepost::Reader saved_as(const std::string& name, const milepost::OptimizerState& state) {
    milepost::Checkpoint checkpoint;
    checkpoint.optimizer("optimizer") = state;
    ok(milepost::save(path_of(name), checkpoint, {.durable = false}));
    return open(path_of(name));
}

/// An optimizer that is not one of LibTorch's.
class OwnOptimizer : public torch::optim::Optimizer {
public:
    explicit OwnOptimizer(const Tensors& params)
        : Optimizer(params, std::make_unique<torch::optim::SGDOptions>(0.1)) {}
    at::Tensor step(LossClosure /*closure*/) override { return {}; }
};

}  // namespace libtorch_test

using namespace libtorch_test;

TEST_CASE("optimizer: each goes on from the file as it would have gone on itself") {
    for (const auto& name : kOptimizers) {
        for (const std::int64_t steps : {0, 1, 3}) {
            CAPTURE(name);
            CAPTURE(steps);
            Run run(name, 1, steps);
            run.save("run.milepost");
            Run fresh(name, 2, 0), used(name, 3, 2);
            for (Run* other : {&fresh, &used}) {
                const auto file = open(path_of("run.milepost"));
                ok(libtorch::load_into(file, "net", *other->net));
                const auto report = ok(libtorch::load_into(file, "optimizer", *other->optimizer));
                CHECK(report.complete());
                CHECK(bits_of(*other->optimizer) == bits_of(*run.optimizer));
            }
            step_on(run.net, *run.optimizer, steps, 2);
            for (Run* other : {&fresh, &used}) {
                step_on(other->net, *other->optimizer, steps, 2);
                CHECK(bits_of(other->net) == bits_of(run.net));
                CHECK(bits_of(*other->optimizer) == bits_of(*run.optimizer));
            }
        }
    }
}

TEST_CASE("optimizer: hyperparameters have Python's types, state its form") {
    Run run("Adam", 1, 2);
    const auto state = ok(libtorch::state_dict(*run.optimizer));
    CHECK(state.algorithm == "Adam");
    REQUIRE(state.param_groups.size() == 1);
    std::string text;
    for (const auto& [key, value] : state.param_groups[0].hyperparameters)
        text += key + " " + milepost::to_string(value) + "; ";
    CHECK(text ==
          "lr 0.01; betas (0.8, 0.99); eps 1e-08; weight_decay 0.01; amsgrad False; maximize False; "
          "foreach None; capturable False; differentiable False; fused None; decoupled_weight_decay False; ");
    CHECK(state.param_groups[0].params == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7});
    CHECK_FALSE(state.state.contains(0));  // `unused` has no gradient
    const auto* step = state.state.at(1).find("step")->get_if<milepost::TensorView>();
    CHECK(ok(step->as<float>())[0] == 2);
    CHECK(step->rank() == 0);
    auto& first = static_cast<torch::optim::AdamParamState&>(
        *run.optimizer->state()[run.net->scale.unsafeGetTensorImpl()]);
    first.step((1 << 24) + 1);
    const auto later = ok(libtorch::state_dict(*run.optimizer));
    CHECK(ok(later.state.at(1).find("step")->as_int()) == (1 << 24) + 1);
    Run other("Adam", 2, 0);
    ok(libtorch::load_into(saved_as("step.milepost", later), "optimizer", *other.optimizer));
    CHECK(bits_of(*other.optimizer) == bits_of(*run.optimizer));
}

TEST_CASE("optimizer: groups keep their options, and parameters their numbers") {
    const auto make = [](Net& net) {
        using namespace torch::optim;
        std::vector<OptimizerParamGroup> groups;
        groups.emplace_back(Tensors{net->last->weight, net->last->bias},
                            std::make_unique<SGDOptions>(SGDOptions(0.5).momentum(0.5)));
        groups.emplace_back(Tensors{net->first->weight},
                            std::make_unique<SGDOptions>(SGDOptions(0.25).nesterov(true).momentum(0.9)));
        return std::make_unique<SGD>(groups, SGDOptions(0.1));
    };
    Net net = make_net(1), other = make_net(2);
    const auto sgd = make(net), live = make(other);
    step_on(net, *sgd, 0, 2);
    const auto state = ok(libtorch::state_dict(*sgd));
    CHECK(state.param_groups[1].params == std::vector<std::uint64_t>{2});
    CHECK(milepost::to_string(*state.param_groups[1].hyperparameters.find("lr")) == "0.25");
    CHECK(state.state.size() == 3);
    live->param_groups()[0].options().set_lr(7);
    ok(libtorch::load_into(saved_as("groups.milepost", state), "optimizer", *live));
    CHECK(live->param_groups()[0].options().get_lr() == 0.5);
    CHECK(bits_of(*live) == bits_of(*sgd));
    torch::optim::SGD flat(other->parameters(), 0.1);
    refused(libtorch::load_into(saved_as("groups.milepost", state), "optimizer", flat), Condition::unexpected,
            "group");
}

TEST_CASE("optimizer: tensors of live state are written in place") {
    Run run("Adam", 1, 2), live("Adam", 2, 1);
    run.save("place.milepost");
    const auto state_of = [](const Run& each) -> torch::optim::AdamParamState& {
        return static_cast<torch::optim::AdamParamState&>(
            *each.optimizer->state()[each.net->scale.unsafeGetTensorImpl()]);
    };
    const void* memory = state_of(live).exp_avg().const_data_ptr();
    ok(libtorch::load_into(open(path_of("place.milepost")), "optimizer", *live.optimizer));
    CHECK(state_of(live).exp_avg().const_data_ptr() == memory);
    CHECK(at::equal(state_of(live).exp_avg(), state_of(run).exp_avg()));
    CHECK(state_of(live).step() == 2);
}

TEST_CASE("optimizer: what does not match is an error, and nothing has changed") {
    struct Case {
        const char* what;
        Condition condition;
        const char* words;
        std::function<void(milepost::OptimizerState&)> edit;
    };
    const auto group = [](milepost::OptimizerState& state) -> milepost::Entries& {
        return state.param_groups[0].hyperparameters;
    };
    const std::vector<float> numbers(100);
    const auto wrong_shape = milepost::TensorView::of(std::span<const float>(numbers), {100});
    const std::vector<Case> cases{
        {"another class", Condition::unexpected, "is AdamW, the live one is Adam",
         [](auto& s) { s.algorithm = "AdamW"; }},
        {"a hyperparameter less", Condition::missing, "optimizer/param_groups/0/betas",
         [&](auto& s) {
             milepost::Entries kept;
             for (const auto& [key, value] : group(s))
                 if (key != "betas") kept.add(key, value);
             group(s) = kept;
         }},
        {"a hyperparameter more", Condition::unexpected, "optimizer/param_groups/0/mine",
         [&](auto& s) { group(s)["mine"] = 1; }},
        {"maximize", Condition::unexpected, "optimizer/param_groups/0/maximize",
         [&](auto& s) { group(s)["maximize"] = true; }},
        {"decoupled_weight_decay", Condition::unexpected, "decoupled_weight_decay",
         [&](auto& s) { group(s)["decoupled_weight_decay"] = true; }},
        {"lr a text", Condition::other_dtype, "optimizer/param_groups/0/lr",
         [&](auto& s) { group(s)["lr"] = "fast"; }},
        {"betas of three", Condition::other_dtype, "betas",
         [&](auto& s) {
             group(s)["betas"] = milepost::Tuple{{1, 2, 3}};
         }},
        {"amsgrad an int", Condition::other_dtype, "amsgrad", [&](auto& s) { group(s)["amsgrad"] = 0; }},
        {"amsgrad without its state", Condition::missing, "optimizer/state/1/max_exp_avg_sq",
         [&](auto& s) { group(s)["amsgrad"] = true; }},
        {"state less", Condition::missing, "optimizer/state/3/exp_avg",
         [](auto& s) { s.state[3]["exp_avg"] = nullptr; }},
        {"state more", Condition::unexpected, "optimizer/state/3/mine",
         [](auto& s) { s.state[3]["mine"] = 1; }},
        {"state of another shape", Condition::other_shape, "optimizer/state/3/exp_avg",
         [&](auto& s) { s.state[3]["exp_avg"] = wrong_shape; }},
        {"state not a tensor", Condition::other_dtype, "optimizer/state/3/exp_avg",
         [](auto& s) { s.state[3]["exp_avg"] = 0.5; }},
        {"half a step", Condition::other_dtype, "optimizer/state/3/step",
         [](auto& s) { s.state[3]["step"] = 2.5; }},
        {"a parameter less", Condition::missing, "", [](auto& s) { s.param_groups[0].params.pop_back(); }},
        {"state of no parameter", Condition::unexpected, "optimizer/state/shared",
         [](auto& s) { s.state_extra["shared"] = 1; }},
    };
    Run run("Adam", 1, 2), live("Adam", 2, 1);
    const auto state = ok(libtorch::state_dict(*run.optimizer));
    const auto before = bits_of(*live.optimizer);
    for (const Case& each : cases) {
        CAPTURE(std::string(each.what));
        milepost::OptimizerState edited = state;
        each.edit(edited);
        refused(libtorch::load_into(saved_as("edited.milepost", edited), "optimizer", *live.optimizer),
                each.condition, each.words);
        CHECK(bits_of(*live.optimizer) == before);
    }
    refused(libtorch::load_into(saved_as("edited.milepost", state), "nothing", *live.optimizer),
            Condition::optimizer, "nothing");
    for (const char* tensor : {"optimizer/state/7/exp_avg", "optimizer/state/7/step"}) {
        saved_as("edited.milepost", state);
        damage(path_of("edited.milepost"), tensor);
        refused(libtorch::load_into(open(path_of("edited.milepost")), "optimizer", *live.optimizer),
                Condition::chunk_checksum, tensor);
        CHECK(bits_of(*live.optimizer) == before);
    }
}

TEST_CASE("optimizer: if not strict, what matches is loaded, and the report has the rest") {
    Run run("Adam", 1, 2), live("Adam", 2, 1);
    auto state = ok(libtorch::state_dict(*run.optimizer));
    state.algorithm = "AdamW";
    state.param_groups[0].hyperparameters["lr"] = 0.75;
    state.param_groups[0].hyperparameters["eps"] = "small";
    state.param_groups[0].hyperparameters["mine"] = 1;
    state.state[3]["exp_avg"] = 0.5;
    const std::vector<float> numbers(100);
    state.state[7]["exp_avg_sq"] = milepost::TensorView::of(std::span<const float>(numbers), {100});
    const auto third = at::clone(static_cast<torch::optim::AdamParamState&>(
                                     *live.optimizer->state()[live.net->first->bias.unsafeGetTensorImpl()])
                                     .exp_avg());
    const auto report = ok(libtorch::load_into(saved_as("loose.milepost", state), "optimizer",
                                               *live.optimizer, {.strict = false}));
    CHECK(report.unexpected.items.front().path == "optimizer/param_groups/0/mine");
    CHECK(report.dtype_mismatches.size() == 2);
    CHECK(report.shape_mismatches.size() == 1);
    CHECK(std::none_of(report.loaded.items.begin(), report.loaded.items.end(),
                       [](const auto& item) { return item.path.starts_with("optimizer/state/7/"); }));
    const auto after = ok(libtorch::state_dict(*live.optimizer));
    CHECK(milepost::to_string(*after.param_groups[0].hyperparameters.find("lr")) == "0.75");
    CHECK(milepost::to_string(*after.param_groups[0].hyperparameters.find("eps")) == "1e-08");
    const auto& kept = static_cast<torch::optim::AdamParamState&>(
        *live.optimizer->state()[live.net->first->bias.unsafeGetTensorImpl()]);
    CHECK(kept.step() == 1);
    void* last = live.net->last->bias.unsafeGetTensorImpl();
    CHECK(static_cast<torch::optim::AdamParamState&>(*live.optimizer->state()[last]).step() == 1);
    CHECK(at::equal(kept.exp_avg(), third));
    CHECK(static_cast<torch::optim::AdamParamState&>(
              *live.optimizer->state()[live.net->scale.unsafeGetTensorImpl()])
              .step() == 2);
}

TEST_CASE(
    "optimizer: a parameter without state in the file has none afterwards, with Adagrad its first one") {
    for (const std::string name : {"Adam", "Adagrad"}) {
        CAPTURE(name);
        Run run(name, 1, 2), live(name, 2, 1);
        auto state = ok(libtorch::state_dict(*run.optimizer));
        state.state.erase(1);
        ok(libtorch::load_into(saved_as("sparse.milepost", state), "optimizer", *live.optimizer));
        const auto& states = live.optimizer->state();
        const auto found = states.find(live.net->scale.unsafeGetTensorImpl());
        if (name == "Adam") {
            CHECK(found == states.end());
        } else {
            REQUIRE(found != states.end());
            const auto& first = static_cast<const torch::optim::AdagradParamState&>(*found->second);
            CHECK(first.step() == 0);
            CHECK(first.sum().item<float>() == 0.5F);
        }
        step_on(live.net, *live.optimizer, 0, 1);
    }
}

TEST_CASE("optimizer: keys of Python's schedulers and of its implementations are left out") {
    Run run("SGD", 1, 2), live("SGD", 2, 0);
    auto state = ok(libtorch::state_dict(*run.optimizer));
    auto& group = state.param_groups[0].hyperparameters;
    group["initial_lr"] = 0.5;
    group["foreach"] = true;
    group["lr"] = ok(libtorch::view(torch::tensor(0.5, at::kDouble)));
    group["momentum"] = 1;
    state.state[0]["momentum_buffer"] = nullptr;  // as old versions of Python's SGD have it
    const auto report =
        ok(libtorch::load_into(saved_as("scheduled.milepost", state), "optimizer", *live.optimizer));
    CHECK(report.complete());
    CHECK(live.optimizer->param_groups()[0].options().get_lr() == 0.5);
    CHECK(live.optimizer->state().size() == run.optimizer->state().size());
    step_on(live.net, *live.optimizer, 0, 1);
    state.state[1]["momentum_buffer"] = nullptr;
    state.state[1]["mine"] = 1;
    ok(libtorch::load_into(saved_as("scheduled.milepost", state), "optimizer", *live.optimizer,
                           {.strict = false}));
    step_on(live.net, *live.optimizer, 0, 1);
}

TEST_CASE("optimizer: state keeps its dtype, or is converted on request") {
    Run run("Adam", 1, 2);
    Net half = make_net(2);
    half->to(at::kBFloat16);
    run.save("half.milepost");
    const auto dtype_of = [&](torch::optim::Optimizer& optimizer) {
        return static_cast<torch::optim::AdamParamState&>(
                   *optimizer.state()[half->scale.unsafeGetTensorImpl()])
            .exp_avg()
            .scalar_type();
    };
    torch::optim::Adam kept(half->parameters()), cast(half->parameters());
    ok(libtorch::load_into(open(path_of("half.milepost")), "optimizer", kept));
    CHECK((dtype_of(kept) == at::kFloat));
    ok(libtorch::load_into(open(path_of("half.milepost")), "optimizer", cast, {.cast = true}));
    CHECK((dtype_of(cast) == at::kBFloat16));
}

TEST_CASE("optimizer: damaged and impossible state of LBFGS is refused") {
    Run run("LBFGS", 1, 3), live("LBFGS", 2, 1);
    const auto state = ok(libtorch::state_dict(*run.optimizer));
    const auto before = bits_of(*live.optimizer);
    const auto expect = [&](Condition condition, const char* words, auto edit) {
        milepost::OptimizerState edited = state;
        edit(edited.state[0]);
        refused(libtorch::load_into(saved_as("lbfgs.milepost", edited), "optimizer", *live.optimizer),
                condition, words);
        CHECK(bits_of(*live.optimizer) == before);
    };
    const std::vector<float> numbers(100);
    const auto wrong = milepost::TensorView::of(std::span<const float>(numbers), {100});
    expect(Condition::missing, "optimizer/state/0/d", [](auto& s) { s["d"] = nullptr; });
    expect(Condition::other_shape, "optimizer/state/0/d", [&](auto& s) { s["d"] = wrong; });
    expect(Condition::other_shape, "optimizer/state/0/ro",
           [&](auto& s) { s["ro"] = milepost::List{{wrong}}; });
    expect(Condition::other_dtype, "optimizer/state/0/prev_loss", [](auto& s) { s["prev_loss"] = "low"; });
    expect(Condition::missing, "optimizer/state/0/ro", [](auto& s) { s["ro"] = nullptr; });
    expect(Condition::other_shape, "optimizer/state/0/old_stps",
           [](auto& s) { s["old_stps"].template get_if<milepost::List>()->items.pop_back(); });
    expect(Condition::other_shape, "optimizer/state/0/old_dirs", [](auto& s) {
        auto& items = s["old_dirs"].template get_if<milepost::List>()->items;
        while (items.size() < 6)
            items.push_back(milepost::Value(items[0]));
    });
    saved_as("lbfgs.milepost", state);
    damage(path_of("lbfgs.milepost"), "optimizer/state/0/prev_flat_grad");
    refused(libtorch::load_into(open(path_of("lbfgs.milepost")), "optimizer", *live.optimizer),
            Condition::chunk_checksum, "prev_flat_grad");
    CHECK(bits_of(*live.optimizer) == before);
}

TEST_CASE("optimizer: misuse is named") {
    Net net;
    OwnOptimizer own(net->parameters());
    refused(libtorch::save(path_of("y.milepost"), {{"own", own}}), Condition::wrong_type, "OwnOptimizer");
    Run run("Adam", 1, 1);
    run.save("y.milepost");
    const auto file = open(path_of("y.milepost"));
    refused(libtorch::load_into(file, "optimizer", own), Condition::wrong_type, "OwnOptimizer");
    refused(libtorch::load_into(file, "optimizer", *run.optimizer, {.only = {"*"}}), Condition::option,
            "only");
    refused(libtorch::load_into(file, "optimizer", *run.optimizer, {.rename = {{"a", "b"}}}),
            Condition::option, "rename");
    run.optimizer->param_groups()[0].set_options(std::make_unique<torch::optim::SGDOptions>(0.1));
    refused(libtorch::state_dict(*run.optimizer), Condition::wrong_type, "options of its optimizer");
    refused(libtorch::load_into(file, "optimizer", *run.optimizer), Condition::wrong_type,
            "options of its optimizer");
}

TEST_CASE("optimizer: state of parameters on another device goes to the device") {
    const auto make = [](float value, at::Tensor& param) {
        param = torch::full({3}, value).to(fake_device());
        auto adam = std::make_unique<torch::optim::Adam>(Tensors{param});
        return adam;
    };
    at::Tensor param, other;
    const auto adam = make(1, param), live = make(2, other);
    auto state = std::make_unique<torch::optim::AdamParamState>();
    state->step(5);
    state->exp_avg(torch::full({3}, 6.0F).to(fake_device()));
    state->exp_avg_sq(torch::full({3}, 7.0F).to(fake_device()));
    adam->state()[param.unsafeGetTensorImpl()] = std::move(state);
    ok(libtorch::load_into(saved_as("device-adam.milepost", ok(libtorch::state_dict(*adam))), "optimizer",
                           *live));
    auto& loaded = static_cast<torch::optim::AdamParamState&>(*live->state()[other.unsafeGetTensorImpl()]);
    CHECK(loaded.step() == 5);
    CHECK((loaded.exp_avg_sq().device().type() == kFake));
    CHECK(at::equal(loaded.exp_avg_sq().cpu(), torch::full({3}, 7.0F)));
}
