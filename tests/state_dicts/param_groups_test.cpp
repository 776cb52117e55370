#include <string>
#include <vector>

#include "state_dicts/round_trip.hpp"

// What param groups and the state of an optimizer may look like, beyond what PyTorch's own optimizers write.
namespace {

using namespace milepost;
using milepost::state_dicts::check_round_trip;

OptimizerState loaded(const OptimizerState& given) {
    Checkpoint checkpoint;
    checkpoint.optimizer("optimizer") = given;
    const Reader reader = check_round_trip(checkpoint);
    auto optimizer = reader.optimizer("optimizer");
    REQUIRE(optimizer);
    REQUIRE(optimizer->param_groups.size() == given.param_groups.size());
    return *std::move(optimizer);
}

std::vector<std::string> names_of(const Entries& entries) {
    std::vector<std::string> names;
    for (const auto& entry : entries)
        names.push_back(entry.first);
    return names;
}

}  // namespace

TEST_CASE("param groups: param_names in the middle of a group written by hand") {
    OptimizerState given;
    ParamGroup& group = given.param_groups.emplace_back();
    group.hyperparameters["lr"] = 0.1;
    group.hyperparameters["momentum"] = 0;
    group.params = {0, 1};
    group.param_names = std::vector<std::string>{"weight", "bias"};
    group.param_names_position = 1;  // lr, param_names, momentum, params
    group.params_position = 3;
    const OptimizerState found = loaded(given);
    CHECK(found.param_groups[0].param_names == group.param_names);
    CHECK(found.param_groups[0].param_names_position == 1U);
    CHECK_FALSE(found.param_groups[0].params_position);  // last: its usual position
    CHECK(names_of(found.param_groups[0].hyperparameters) == std::vector<std::string>{"lr", "momentum"});
}

TEST_CASE("param groups: without positions, param_names and then params come last") {
    OptimizerState given;
    ParamGroup& group = given.param_groups.emplace_back();
    group.hyperparameters["lr"] = 0.1;
    group.params = {0};
    group.param_names = std::vector<std::string>{"weight"};
    CHECK_FALSE(loaded(given).param_groups[0].param_names_position);
    CHECK_FALSE(loaded(given).param_groups[0].params_position);
}

TEST_CASE("param groups: a parameter given twice, indices that are not dense, a group without any") {
    OptimizerState given;
    given.param_groups.resize(4);
    given.param_groups[0].params = {1, 1, 2};
    given.param_groups[1].params = {3};
    given.param_groups[3].params = {UINT64_MAX, 42, 77};
    const OptimizerState found = loaded(given);
    for (std::size_t i = 0; i < 4; ++i)
        CHECK(found.param_groups[i].params == given.param_groups[i].params);
}

TEST_CASE("param groups: a parameter in two groups is refused") {
    Checkpoint checkpoint;
    OptimizerState& given = checkpoint.optimizer("optimizer");
    given.param_groups.resize(2);
    given.param_groups[0].params = {0, 1};
    given.param_groups[1].params = {1};
    CHECK(testing::save_bytes(checkpoint).error().condition() == Condition::layout);
}

TEST_CASE("param groups: 0, 0.0, False and None stay what they are; a tuple is not a list") {
    OptimizerState given;
    ParamGroup& group = given.param_groups.emplace_back();
    group.hyperparameters["int"] = 0;
    group.hyperparameters["float"] = 0.0;
    group.hyperparameters["bool"] = false;
    group.hyperparameters["none"] = nullptr;
    group.hyperparameters["tuple"] = Tuple{{1, 2}};
    group.hyperparameters["list"] = List{{1, 2}};
    const OptimizerState found = loaded(given);
    const std::vector<Kind> expected = {Kind::integer, Kind::floating, Kind::boolean,
                                        Kind::null,    Kind::tuple,    Kind::list};
    for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(found.param_groups[0].hyperparameters.items()[i].second.kind() == expected[i]);
}

TEST_CASE("optimizer state: keys that are not a parameter, keys beside state, a parameter of no group") {
    static const std::vector<float> kMemory = {0.5F, -0.5F};
    OptimizerState given;
    given.param_groups.emplace_back().params = {0};
    given.state[0];  // without entries
    given.state[UINT64_MAX]["step"] = 5;
    given.state_extra["ema"] = Dict{{{"decay", 0.99}, {0, TensorView::of(std::span(kMemory), {2})}}, {}};
    given.state_extra["0"] = "a string is not an index";
    given.extra["defaults"] = nullptr;
    given.extra["initial_lr"] = List{{0.1}};
    const OptimizerState found = loaded(given);
    CHECK(found.state.size() == 2);
    CHECK(found.state.at(0).empty());
    CHECK(names_of(found.state_extra) == std::vector<std::string>{"ema", "0"});
    CHECK(names_of(found.extra) == std::vector<std::string>{"defaults", "initial_lr"});
}

TEST_CASE("optimizer state: nothing at all") {
    const OptimizerState found = loaded(OptimizerState{});
    CHECK(found.algorithm.empty());
    CHECK(found.state.empty());
}

// As get_optimizer_state_dict of torch.distributed.checkpoint gives it: {"state": {"fc.weight": {...}},
// "param_groups": [{"params": ["fc.weight"], ...}]}.
TEST_CASE("optimizer state: parameters keyed by names") {
    static const std::vector<float> kMemory = {0.5F, -0.5F};
    OptimizerState given;
    given.param_groups.resize(2);
    given.param_groups[0].params = {2, 0};
    given.param_groups[0].param_names = std::vector<std::string>{"first", "second"};
    given.param_groups[1].params = {1, 1};
    given.param_keys = {"fc.weight", "fc/bias", "état"};
    given.state[0]["exp_avg"] = TensorView::of(std::span(kMemory), {2});
    given.state[0]["step"] = 3;
    given.state[1]["exp_avg"] = TensorView::of(std::span(kMemory), {2});
    given.state_extra["frozen.weight"] = Dict{{{"step", 1}}, {}};  // a name that no group lists
    given.extra["defaults"] = nullptr;
    const OptimizerState found = loaded(given);
    CHECK(found.param_keys == given.param_keys);
    CHECK(found.param_groups[0].params == given.param_groups[0].params);
    CHECK(found.param_groups[0].param_names == given.param_groups[0].param_names);
    CHECK(found.state.size() == 2);
    CHECK(names_of(found.state.at(0)) == std::vector<std::string>{"exp_avg", "step"});
    CHECK(names_of(found.state_extra) == std::vector<std::string>{"frozen.weight"});
}

TEST_CASE("optimizer state: one optimizer keyed by names, another one by indices") {
    Checkpoint checkpoint;
    for (const char* name : {"by index", "by name", "by index again"}) {
        OptimizerState& optimizer = checkpoint.optimizer(name);
        optimizer.param_groups.emplace_back().params = {0, 1};
        optimizer.state[1]["step"] = 5;
    }
    checkpoint.optimizer("by name").param_keys = {"b", "a"};
    const Reader reader = check_round_trip(checkpoint);
    CHECK(reader.optimizer("by index")->param_keys.empty());
    CHECK(reader.optimizer("by name")->param_keys == std::vector<std::string>{"b", "a"});
    CHECK(reader.optimizer("by index again")->param_keys.empty());
}
