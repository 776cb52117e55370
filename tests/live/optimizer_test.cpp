#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "live.hpp"

// Loading an optimizer into a live one: one test for each rule.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// What a test saves: groups of parameters with a momentum buffer each.
struct Saved {
    std::vector<Live> buffers;
    Checkpoint checkpoint;

    OptimizerState& optimizer() { return checkpoint.optimizer("sgd"); }

    void add_group(std::vector<std::uint64_t> params, double lr, std::vector<std::string> names = {}) {
        ParamGroup& group = optimizer().param_groups.emplace_back();
        group.hyperparameters["lr"] = lr;
        group.params = std::move(params);
        if (!names.empty()) group.param_names = std::move(names);
    }

    [[nodiscard]] Reader open() {
        for (std::size_t i = 0; i < buffers.size(); ++i)
            optimizer().state[i]["momentum_buffer"] = buffers[i].view();
        return *open_bytes(*save_bytes(checkpoint));
    }
};

ParamTarget param(std::string name, Shape shape, Live& momentum) {
    return {std::move(name), std::move(shape), {momentum.target()}};
}

}  // namespace

TEST_CASE("load_into: an optimizer by order where one side has no names") {
    Saved saved{{{"", {2}, 1}, {"", {3}, 2}}, {}};
    saved.add_group({0, 1}, 0.5, {"b", "a"});
    const Reader file = saved.open();
    Live first{"momentum_buffer", {2}}, second{"momentum_buffer", {3}};
    Entries hyperparameters;
    const OptimizerTarget target{{{{param("", {2}, first), param("", {3}, second)}, &hyperparameters}}};
    const auto report = load_into(file, "sgd", target);
    REQUIRE(report);
    CHECK(report->matched_by == MatchedBy::order);
    CHECK(paths(report->loaded) ==
          Paths{"sgd/param_groups/0/lr", "sgd/state/0/momentum_buffer", "sgd/state/1/momentum_buffer"});
    CHECK(first.elements == Floats(2, 1));
    CHECK(second.elements == Floats(3, 2));
    CHECK(*hyperparameters.find("lr")->as_double() == 0.5);
}

TEST_CASE("load_into: an optimizer by name where both sides have names, across groups") {
    Saved saved{{{"", {2}, 1}, {"", {3}, 2}}, {}};
    saved.add_group({0}, 0.5, {"weight"});
    saved.add_group({1}, 0.25, {"bias"});
    const Reader file = saved.open();
    Live weight{"momentum_buffer", {2}}, bias{"momentum_buffer", {3}};
    const OptimizerTarget target{{{{param("bias", {3}, bias), param("weight", {2}, weight)}}, {{}}}};
    const auto report = load_into(file, "sgd", target, kLenient);
    REQUIRE(report);
    CHECK(report->group_mismatches.size() == 2);
    CHECK(report->matched_by == MatchedBy::name);
    CHECK(weight.elements == Floats(2, 1));
    CHECK(bias.elements == Floats(3, 2));
}

TEST_CASE("load_into: a 99-element momentum buffer for a 2-element parameter is an error that names both") {
    Saved saved{{{"", {99}, 1}}, {}};
    saved.add_group({0}, 0.5, {"fc.weight"});
    const Reader file = saved.open();
    Entries rest, hyperparameters;
    rest["old"] = 1;
    hyperparameters["lr"] = 0.125;
    const OptimizerTarget without_buffer{{{{{"fc.weight", {2}, {}, &rest}}, &hyperparameters}}};
    const auto report = load_into(file, "sgd", without_buffer);
    REQUIRE_FALSE(report);
    CHECK(report.error().condition() == Condition::other_shape);
    CHECK(report.error().message() ==
          "optimizer 'sgd': sgd/state/0/momentum_buffer: shape [99] in the file, parameter 'fc.weight' [2]");
    CHECK(rest.size() == 1);
    CHECK(*hyperparameters.find("lr")->as_double() == 0.125);
    Live buffer{"momentum_buffer", {2}};
    const OptimizerTarget with_buffer{{{{param("", {2}, buffer)}}}};
    const auto by_order = load_into(file, "sgd", with_buffer);
    REQUIRE_FALSE(by_order);
    CHECK(by_order.error().message().find("momentum_buffer: shape [99] in the file, parameter 0 [2]") !=
          std::string::npos);
    CHECK(buffer.untouched());
}

TEST_CASE("load_into: state without a target fits its parameter, by element, broadcast or as one flat run") {
    const Shape parameter = {4, 3};
    auto fits = [&](const Shape& shape) {
        const Live state{"", shape};
        Checkpoint checkpoint;
        OptimizerState& optimizer = checkpoint.optimizer("sgd");
        optimizer.param_groups.emplace_back().params = {0, 1};
        optimizer.state[0]["state"] = state.view();
        const Reader file = *open_bytes(*save_bytes(checkpoint));
        Entries rest, other;
        const OptimizerTarget target{{{{{"", parameter, {}, &rest}, {"", {5}, {}, &other}}}}};
        return load_into(file, "sgd", target).has_value() && rest.size() == 1 && other.empty();
    };
    for (const Shape& shape :
         {Shape{}, Shape{1}, Shape{4, 3}, Shape{4, 1}, Shape{1, 3}, Shape{4}, Shape{3}, Shape{12}, Shape{17}})
        CHECK(fits(shape));
    for (const Shape& shape : {Shape{3, 4}, Shape{2}, Shape{2, 3}, Shape{1, 4, 3}, Shape{16}, Shape{4, 2}})
        CHECK_FALSE(fits(shape));
}

TEST_CASE("load_into: a group without lr is reported, and the live one stays") {
    Checkpoint checkpoint;
    ParamGroup& group = checkpoint.optimizer("sgd").param_groups.emplace_back();
    group.hyperparameters["momentum"] = 0;
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    Entries live;
    live["lr"] = 0.1;
    live["momentum"] = 0.9;
    const OptimizerTarget target{{{{}, &live}}};
    const auto refused = load_into(file, "sgd", target);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() == "optimizer 'sgd': missing: sgd/param_groups/0/lr");
    CHECK(*live.find("momentum")->as_double() == 0.9);
    const auto report = load_into(file, "sgd", target, kLenient);
    CHECK(paths(report->missing) == Paths{"sgd/param_groups/0/lr"});
    CHECK(*live.find("lr")->as_double() == 0.1);
    CHECK(*live.find("momentum")->as_int() == 0);
}

TEST_CASE("load_into: every hyperparameter as it was: int 0, null, false, text, unknown keys, their order") {
    Checkpoint checkpoint;
    Entries& saved = checkpoint.optimizer("sgd").param_groups.emplace_back().hyperparameters;
    saved["initial_lr"] = 0.5;
    saved["dampening"] = 0;
    saved["fused"] = nullptr;
    saved["nesterov"] = false;
    saved["note"] = "warm";
    saved["betas"] = Tuple{{0.9, 1}};
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    Entries live;
    live["fused"] = false;
    REQUIRE(load_into(file, "sgd", OptimizerTarget{{{{}, &live}}}));
    Paths names;
    for (const auto& [name, value] : live)
        names.push_back(name);
    CHECK(names == Paths{"initial_lr", "dampening", "fused", "nesterov", "note", "betas"});
    CHECK(live.find("dampening")->kind() == Kind::integer);
    CHECK(live.find("fused")->is_null());
    CHECK(live.find("nesterov")->kind() == Kind::boolean);
    CHECK(*live.find("note")->as_string() == "warm");
    CHECK(live.find("betas")->get_if<Tuple>()->items[1].kind() == Kind::integer);
}

TEST_CASE("load_into: groups of another number or size cannot be matched by order, strict or not") {
    Saved saved{{}, {}};
    saved.add_group({0, 1}, 0.5);
    const Reader file = saved.open();
    const auto two_groups = load_into(file, "sgd", OptimizerTarget{{{}, {}}}, kLenient);
    REQUIRE_FALSE(two_groups);
    CHECK(two_groups.error().condition() == Condition::missing);
    CHECK(two_groups.error().message().find("param groups: 1 in the file, live 2") != std::string::npos);
    const auto one_param = load_into(file, "sgd", OptimizerTarget{{{{{"", {1}}}}}}, kLenient);
    REQUIRE_FALSE(one_param);
    CHECK(one_param.error().condition() == Condition::unexpected);
    CHECK(one_param.error().message().find("param group 0, params: 2 in the file, live 1") !=
          std::string::npos);
}

TEST_CASE("load_into: by name, parameters and groups of one side only are reported") {
    Saved saved{{{"", {2}, 1}, {"", {2}, 2}}, {}};
    saved.add_group({0, 1}, 0.5, {"kept", "dropped"});
    const Reader file = saved.open();
    Live kept{"momentum_buffer", {2}}, added{"momentum_buffer", {2}};
    Entries first, second;
    const OptimizerTarget target{
        {{{param("kept", {2}, kept), param("added", {2}, added)}, &first}, {{}, &second}}};
    const auto report = load_into(file, "sgd", target, kLenient);
    REQUIRE(report);
    CHECK(paths(report->missing) == Paths{"sgd/params/added", "sgd/param_groups/1"});
    CHECK(paths(report->unexpected) == Paths{"sgd/param_groups/0/params/dropped"});
    CHECK(kept.elements == Floats(2, 1));
    CHECK(added.untouched());
}

TEST_CASE("load_into: parameters are renamed and selected by their names") {
    Saved saved{{{"", {2}, 1}, {"", {2}, 2}}, {}};
    saved.add_group({0, 1}, 0.5, {"module.old.a", "module.old.b"});
    const Reader file = saved.open();
    Live a{"momentum_buffer", {2}}, b{"momentum_buffer", {2}};
    const OptimizerTarget target{{{{param("new.a", {2}, a), param("new.b", {2}, b)}}}};
    const LoadOptions options{
        .strip_prefixes = {"module."}, .rename = {{"old.*", "new.*"}}, .only = {"new.b"}};
    const auto report = load_into(file, "sgd", target, options);
    REQUIRE(report);
    CHECK(a.untouched());
    CHECK(b.elements == Floats(2, 2));
    Entries hyperparameters;
    const OptimizerTarget with_group{{{{param("new.b", {2}, b)}, &hyperparameters}, {}}};
    const auto subset = load_into(file, "sgd", with_group, options);
    REQUIRE(subset);
    CHECK(paths(subset->loaded) == Paths{"sgd/state/1/momentum_buffer"});
    CHECK(hyperparameters.empty());
    const OptimizerTarget nameless{{{{param("", {2}, a), param("", {2}, b)}}}};
    CHECK(load_into(file, "sgd", nameless, options).error().condition() == Condition::option);
}

TEST_CASE("load_into: sparse state: what the file has not is missing, what is live only stays") {
    Saved saved{{{"", {2}, 1}}, {}};
    saved.add_group({0, 1}, 0.5);
    const Reader file = saved.open();
    Live first{"momentum_buffer", {2}}, second{"momentum_buffer", {2}};
    const OptimizerTarget target{{{{param("", {2}, first), param("", {2}, second)}}}};
    CHECK(load_into(file, "sgd", target).error().condition() == Condition::missing);
    CHECK(first.untouched());
    const auto report = load_into(file, "sgd", target, kLenient);
    CHECK(paths(report->missing) == Paths{"sgd/state/1/momentum_buffer"});
    CHECK(first.elements == Floats(2, 1));
    CHECK(second.untouched());
    // With `rest` the state is as sparse as it was.
    Entries rest0, rest1;
    rest1["stale"] = 1;
    const OptimizerTarget open_target{{{{{"", {2}, {}, &rest0}, {"", {2}, {}, &rest1}}}}};
    REQUIRE(load_into(file, "sgd", open_target));
    CHECK(rest0.size() == 1);
    CHECK(rest1.empty());
}

TEST_CASE("load_into: the stored dtype of state is kept, and cast only when asked") {
    Saved saved{{{"", {2}, 1.5F}}, {}};
    saved.add_group({0}, 0.5);
    const Reader file = saved.open();
    std::vector<bf16> moments(2);
    const Target buffer{"momentum_buffer", TensorSpan::of(std::span(moments), {2})};
    const OptimizerTarget target{{{{{"", {2}, {buffer}}}}}};
    CHECK(load_into(file, "sgd", target).error().condition() == Condition::other_dtype);
    CHECK(moments[0].bits == 0);
    REQUIRE(load_into(file, "sgd", target, {.cast = true}));
    CHECK(moments[1].bits == 0x3FC0);
}

TEST_CASE("load_into: state that is not a tensor, and state of no parameter") {
    Saved saved{{}, {}};
    saved.add_group({0}, 0.5);
    saved.optimizer().state[0]["step"] = 7;
    saved.optimizer().state[5]["lost"] = 1;
    saved.optimizer().state_extra["global_step"] = 9;
    saved.optimizer().extra["defaults"] = "kept";
    const Reader file = saved.open();
    Live step{"step", {}};
    const OptimizerTarget strict_target{{{{param("", {2}, step)}}}};
    const auto report = load_into(file, "sgd", strict_target, kLenient);
    REQUIRE(report->dtype_mismatches.size() == 1);
    CHECK(report->dtype_mismatches.items[0].path == "sgd/state/0/step");
    CHECK(paths(report->unexpected) == Paths{"sgd/state/global_step", "sgd/defaults", "sgd/state/5"});
    Entries rest, state_extra, extra;
    const OptimizerTarget target{{{{{"", {2}, {}, &rest}}}}, &state_extra, &extra};
    CHECK(paths(load_into(file, "sgd", target, kLenient)->unexpected) == Paths{"sgd/state/5"});
    CHECK(*rest.find("step")->as_int() == 7);
    CHECK(*state_extra.find("global_step")->as_int() == 9);
    CHECK(*extra.find("defaults")->as_string() == "kept");
}

TEST_CASE("load_into: a parameter that occurs twice in its group") {
    Saved saved{{}, {}};
    saved.add_group({1, 1, 2}, 0.5);
    const Live buffer{"", {2}, 4}, other{"", {3}, 5};
    saved.optimizer().state[1]["momentum_buffer"] = buffer.view();
    saved.optimizer().state[2]["momentum_buffer"] = other.view();
    const Reader file = saved.open();
    Live twice{"momentum_buffer", {2}}, once{"momentum_buffer", {3}};
    const OptimizerTarget target{{{{param("", {2}, twice), param("", {2}, twice), param("", {3}, once)}}}};
    REQUIRE(load_into(file, "sgd", target));
    CHECK(twice.elements == Floats(2, 4));
    CHECK(once.elements == Floats(3, 5));
}

TEST_CASE("load_into: an optimizer that is not there, and two parameters of one name") {
    Saved saved{{}, {}};
    saved.add_group({0, 1}, 0.5, {"a", "b"});
    const Reader file = saved.open();
    CHECK(load_into(file, "adam", OptimizerTarget{}).error().condition() == Condition::optimizer);
    const OptimizerTarget target{{{{{"a", {1}}, {"a", {1}}}}}};
    CHECK(load_into(file, "sgd", target).error().condition() == Condition::option);
}

TEST_CASE("load_into: two things that would go to one place are refused") {
    Saved saved{{{"", {2}, 1}, {"", {2}, 2}}, {}};
    saved.add_group({0, 1}, 0.5, {"module.a", "a"});
    const Reader file = saved.open();
    Entries one;
    const OptimizerTarget twice_rest{{{{{"", {2}, {}, &one}, {"", {2}, {}, &one}}}}};
    CHECK(load_into(file, "sgd", twice_rest).error().condition() == Condition::option);
    Live a{"momentum_buffer", {2}}, b{"momentum_buffer", {2}};
    const OptimizerTarget one_param{{{{param("a", {2}, a)}}}};
    CHECK(load_into(file, "sgd", one_param, {.strict = false, .strip_prefixes = {"module."}})
              .error()
              .condition() == Condition::option);
    const OptimizerTarget twice_key{{{{{"", {2}, {a.target(), b.target()}}, {"", {2}}}}}};
    CHECK(load_into(file, "sgd", twice_key).error().condition() == Condition::option);
    CHECK(one.empty());
    CHECK(a.untouched());
}

TEST_CASE("load_into: an index that occurs twice does not give its state to two parameters") {
    Saved saved{{{"", {2}, 1}}, {}};
    saved.add_group({0, 0}, 0.5);
    const Reader file = saved.open();
    Live first{"momentum_buffer", {2}}, second{"momentum_buffer", {2}};
    const OptimizerTarget target{{{{param("", {2}, first), param("", {2}, second)}}}};
    CHECK(load_into(file, "sgd", target).error().condition() == Condition::missing);
    CHECK(paths(load_into(file, "sgd", target, kLenient)->missing) == Paths{"sgd/params/1"});
    CHECK(first.elements == Floats(2, 1));
    CHECK(second.untouched());
}
