#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "live.hpp"

// Groups that are matched by the names of their parameters, and targets that are built by calls.
namespace {

using namespace milepost;
using namespace milepost::testing;

struct SavedGroup {
    std::vector<std::string> names;
    double weight_decay;
};

Checkpoint adamw(const std::vector<SavedGroup>& groups) {
    Checkpoint checkpoint;
    OptimizerState& optimizer = checkpoint.optimizer("adamw");
    std::uint64_t index = 0;
    for (const SavedGroup& saved : groups) {
        ParamGroup& group = optimizer.param_groups.emplace_back();
        group.hyperparameters["weight_decay"] = saved.weight_decay;
        for (std::size_t i = 0; i < saved.names.size(); ++i)
            group.params.push_back(index++);
        group.param_names = saved.names;
    }
    return checkpoint;
}

Reader file_with(const std::vector<SavedGroup>& groups) {
    return *open_bytes(*save_bytes(adamw(groups)));
}

double decay_of(const Entries& hyperparameters) {
    const Value* value = hyperparameters.find("weight_decay");
    return value == nullptr ? -1 : *value->as_double();
}

}  // namespace

TEST_CASE("groups: in another order they keep their parameters' hyperparameters") {
    const Reader file = file_with({{{"w", "v"}, 0.01}, {{"b"}, 0.0}, {{}, 0.5}});
    Entries of_b, of_w, of_none;
    OptimizerTarget live;
    live.group(of_none);
    live.group(of_b).param("b", {2});
    GroupTarget& weights = live.group(of_w);
    weights.param("v", {4});
    weights.param("w", {4});
    const auto report = load_into(file, "adamw", live);
    REQUIRE(report);
    CHECK(report->complete());
    CHECK(decay_of(of_b) == 0.0);
    CHECK(decay_of(of_w) == 0.01);
    CHECK(decay_of(of_none) == 0.5);
}

TEST_CASE("groups: other sets of names are an error that lists them, and load no hyperparameters") {
    const Reader file = file_with({{{"w", "v"}, 0.01}, {{"b"}, 0.0}});
    Entries first, second;
    first["weight_decay"] = 7.0, second["weight_decay"] = 7.0;
    OptimizerTarget live;
    live.group(first).param("w", {4});
    GroupTarget& other = live.group(second);
    other.param("v", {4});
    other.param("b", {2});
    const auto refused = load_into(file, "adamw", live);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().condition() == Condition::unexpected);
    CHECK(refused.error().message() ==
          "optimizer 'adamw': other groups: adamw/param_groups/0: parameters ['w', 'v'] in the file, live "
          "['w'], adamw/param_groups/1: parameters ['b'] in the file, live ['v', 'b']");
    const auto report = load_into(file, "adamw", live, kLenient);
    CHECK(report->group_mismatches.size() == 2);
    CHECK(decay_of(first) == 7.0);
    CHECK(decay_of(second) == 7.0);
}

TEST_CASE("groups: names of one side only do not count; groups of one side only are reported") {
    const Reader file = file_with({{{"w", "old"}, 0.01}, {{"gone"}, 0.0}});
    Entries first, second;
    OptimizerTarget live;
    GroupTarget& group = live.group(first);
    group.param("w", {4});
    group.param("new", {4});
    GroupTarget& empty = live.group(second);
    const auto report = load_into(file, "adamw", live, kLenient);
    REQUIRE(report);
    CHECK(decay_of(first) == 0.01);
    CHECK(decay_of(second) == 0.0);
    CHECK(paths(report->missing) == Paths{"adamw/params/new"});
    CHECK(paths(report->unexpected) ==
          Paths{"adamw/param_groups/0/params/old", "adamw/param_groups/1/params/gone"});
    empty.param("w2", {1});
    live.groups.pop_back();
    CHECK(paths(load_into(file, "adamw", live, kLenient)->unexpected).back() == "adamw/param_groups/1");
}

TEST_CASE("groups: a dict that is keyed by names is matched by its keys") {
    Checkpoint checkpoint = adamw({{{"w"}, 0.01}, {{"b"}, 0.0}});
    OptimizerState& optimizer = checkpoint.optimizer("adamw");
    optimizer.param_keys = {"w", "b"};
    for (ParamGroup& group : optimizer.param_groups)
        group.param_names.reset();
    const Live saved{"", {2}, 3};
    optimizer.state[1]["exp_avg"] = saved.view();
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    Floats exp_avg(2, -1);
    Entries of_b, of_w;
    OptimizerTarget live;
    live.group(of_b).param("b", {2}).state("exp_avg", exp_avg);
    live.group(of_w).param("w", {4});
    const auto report = load_into(file, "adamw", live);
    REQUIRE(report);
    CHECK(report->matched_by == MatchedBy::name);
    CHECK(exp_avg == Floats(2, 3));
    CHECK(decay_of(of_b) == 0.0);
    CHECK(paths(report->loaded).back() == "adamw/state/b/exp_avg");
}

TEST_CASE("targets: references that the builders return stay valid") {
    OptimizerTarget live;
    std::vector<GroupTarget*> groups;
    std::vector<ParamTarget*> params;
    Floats buffer(4);
    float step = 0;
    for (int g = 0; g < 20; ++g) {
        groups.push_back(&live.group());
        for (int i = 0; i < 20; ++i)
            params.push_back(&groups.front()->param("p" + std::to_string(params.size()), {2, 2}));
    }
    for (std::size_t i = 0; i < params.size(); ++i)
        CHECK(params[i]->name == "p" + std::to_string(i));
    ParamTarget& first = params[0]->state("exp_avg", buffer).state("step", step);
    CHECK(&first == params[0]);
    CHECK(first.tensors[0].tensor.shape() == Shape{2, 2});
    CHECK(first.tensors[1].tensor.shape().empty());
    CHECK(groups[3] == &live.groups[3]);
    ModelTarget net;
    CHECK(&net.tensor("w", buffer, {4}).tensor("v", std::span(buffer), {2, 2}) == &net);
    CHECK(net.tensors.size() == 2);
}
