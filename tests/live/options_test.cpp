#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "live.hpp"

// Options that never apply, numbers and one-element tensors, state that is absent, bounded reports, nested
// dicts.
namespace {

using namespace milepost;
using namespace milepost::testing;

Reader adam_with(Value step) {
    Checkpoint checkpoint;
    OptimizerState& adam = checkpoint.optimizer("adam");
    adam.param_groups.emplace_back().params = {0};
    adam.state[0]["step"] = std::move(step);
    return *open_bytes(*save_bytes(checkpoint));
}

template <class T>
Result<LoadReport> load_step(const Reader& file, T& step, bool cast = true) {
    OptimizerTarget adam;
    adam.group().param("", {4}).state("step", step);
    return load_into(file, "adam", adam, {.cast = cast});
}

}  // namespace

TEST_CASE("options: a pattern, a rename or a prefix that never applied is a finding, strict or not") {
    const Reader file = file_of({{"fc3.weight", {2}, 1}});
    std::vector<Live> live = {{"fc3.weight", {2}}};
    for (const LoadOptions& options :
         {LoadOptions{.only = {"fc3.*", "fc3.weigth"}}, LoadOptions{.rename = {{"fc3.weigth", "fc3.weight"}}},
          LoadOptions{.strip_prefixes = {"module."}}}) {
        const auto refused = load_into(file, "net", targets_of(live), options);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == Code::mismatch);
        CHECK(refused.error().message().starts_with("model 'net': options that never applied: "));
        CHECK(live[0].untouched());
        LoadOptions lenient = options;
        lenient.strict = false;
        const auto report = load_into(file, "net", targets_of(live), lenient);
        REQUIRE(report);
        CHECK_FALSE(report->complete());
        CHECK(report->unused_options.size() == 1);
        CHECK(report->loaded.size() == 1);
        live[0].elements = Floats(2, -1);
    }
    const auto typo = load_into(file, "net", targets_of(live), {.strict = false, .only = {"fc3.weigth"}});
    CHECK(typo->loaded.empty());
    CHECK(typo->to_string() == "options that never applied: only 'fc3.weigth'");
    CHECK(load_into(file, "net", targets_of(live), {.only = {"fc*", "*.weight"}}));  // each fits a name
}

TEST_CASE("options: they are findings of an optimizer, and of a match by order, too") {
    Checkpoint checkpoint;
    ParamGroup& group = checkpoint.optimizer("sgd").param_groups.emplace_back();
    group.params = {0};
    group.param_names = {"w"};
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    OptimizerTarget sgd;
    sgd.group().param("w", {2});
    CHECK(load_into(file, "sgd", sgd, {.only = {"v"}}).error().code() == Code::mismatch);
    CHECK(load_into(file, "sgd", sgd, {.only = {"w"}}));
    CHECK_FALSE(load_into(file, "sgd", sgd, {.strip_prefixes = {"module."}}));
    std::vector<Live> nameless = {{"", {2}}};
    CHECK_FALSE(load_into(file_of({{"a", {2}, 1}}), "net", targets_of(nameless), {.strip_prefixes = {"m."}}));
}

TEST_CASE("cast: a number fills a tensor of one element, and an element of another kind an integer") {
    float f = -1;
    std::int64_t i = -1;
    CHECK(load_step(adam_with(7), f, false).error().condition() == Condition::other_dtype);
    CHECK(load_step(adam_with(7), f));
    CHECK(f == 7);
    CHECK(load_step(adam_with(8.5), f));
    CHECK(f == 8.5F);
    CHECK(load_step(adam_with(9.0), i));
    CHECK(i == 9);
    CHECK(load_step(adam_with(9.5), i).error().condition() == Condition::other_dtype);
    CHECK(load_step(adam_with(true), f).error().condition() == Condition::other_dtype);
    CHECK(load_step(adam_with("7"), f).error().condition() == Condition::other_dtype);
    const float steps = 1000, part = 0.5F;
    CHECK(load_step(adam_with(TensorView::of(std::span(&steps, 1), {})), i));
    CHECK(i == 1000);
    std::int8_t small = -1;
    std::uint64_t large = 0;
    CHECK(load_step(adam_with(TensorView::of(std::span(&steps, 1), {})), small).error().condition() ==
          Condition::other_dtype);
    CHECK(load_step(adam_with(TensorView::of(std::span(&part, 1), {})), i).error().condition() ==
          Condition::other_dtype);
    CHECK(load_step(adam_with(-1), large).error().condition() == Condition::other_dtype);
    CHECK(small == -1);
    CHECK(i == 1000);
    const std::int64_t count = std::numeric_limits<std::int64_t>::max();
    CHECK(load_step(adam_with(TensorView::of(std::span(&count, 1), {})), large));
    CHECK(large == static_cast<std::uint64_t>(count));
    CHECK(load_step(adam_with(TensorView::of(std::span(&count, 1), {})), large, false).error().condition() ==
          Condition::other_dtype);
}

TEST_CASE("state: null or absent blocks nothing where the live side has none either") {
    Checkpoint checkpoint;
    OptimizerState& sgd = checkpoint.optimizer("sgd");
    sgd.param_groups.emplace_back().params = {0, 1, 2};
    const Floats one(2, 1);
    sgd.state[0]["momentum_buffer"] = TensorView::of(std::span(one), {2});
    sgd.state[1]["momentum_buffer"] = nullptr;
    sgd.state[9]["momentum_buffer"] = nullptr;  // of no parameter
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    Floats buffer(2, -1), frozen(2, -1);
    OptimizerTarget live;
    GroupTarget& group = live.group();
    group.param("", {2}).state("momentum_buffer", buffer);
    ParamTarget& second = group.param("", {2});
    ParamTarget& third = group.param("", {2});
    CHECK(load_into(file, "sgd", live)->complete());
    CHECK(buffer == Floats(2, 1));
    second.state("momentum_buffer", frozen);
    CHECK(load_into(file, "sgd", live).error().condition() == Condition::other_dtype);
    second.tensors.clear();
    third.state("momentum_buffer", frozen);
    CHECK(load_into(file, "sgd", live).error().condition() == Condition::missing);
    CHECK(frozen == Floats(2, -1));
}

TEST_CASE("report: lists are bounded, and count what they leave out") {
    Checkpoint checkpoint;
    const std::string model(4000, 'm');
    constexpr std::size_t kCount = 10'000;
    for (std::size_t i = 0; i < kCount; ++i)
        checkpoint.model(model)[std::to_string(i)] = TensorView();
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    const auto report = load_into(file, model, ModelTarget{}, kLenient);
    REQUIRE(report);
    CHECK(report->unexpected.size() == kCount);
    CHECK(report->unexpected.items.size() > 100);
    CHECK(report->unexpected.items.size() * model.size() < (std::size_t{5} << 20U));
    CHECK(report->to_string().size() < 100'000);
    CHECK(report->to_string().ends_with(" more"));
    const auto small = load_into(file, model, ModelTarget{}, {.strict = false, .max_report_nbytes = 0});
    CHECK(small->unexpected.items.empty());
    CHECK(small->to_string() == "unexpected: 10000");
    CHECK_FALSE(load_into(file, model, ModelTarget{}, {.max_report_nbytes = 0}));
}

TEST_CASE("report: state is named by its parameter") {
    Checkpoint checkpoint;
    OptimizerState& sgd = checkpoint.optimizer("sgd");
    sgd.param_groups.emplace_back().params = {0};
    sgd.param_groups[0].param_names = {"fc3.weight"};
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    Floats buffer(2, -1);
    OptimizerTarget live;
    live.group().param("fc3.weight", {2}).state("momentum_buffer", buffer);
    const auto refused = load_into(file, "sgd", live);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() ==
          "optimizer 'sgd': missing: sgd/state/0/momentum_buffer of 'fc3.weight'");
    const auto report = load_into(file, "sgd", live, kLenient);
    CHECK(report->missing.items == std::vector<ReportItem>{{"sgd/state/0/momentum_buffer", "'fc3.weight'"}});
}

TEST_CASE("load_into: a dict of tensors at a path is a model") {
    const Floats weight(2, 5);
    Dict state_dict, model;
    state_dict.items.emplace_back("w", TensorView::of(std::span(weight), {2}));
    model.items.emplace_back("state_dict", state_dict);
    model.items.emplace_back("epoch", 3);
    Checkpoint checkpoint;
    checkpoint.values()["checkpoint"] = model;
    checkpoint.values()["plain"] = state_dict;
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    for (const char* path : {"checkpoint/state_dict", "plain"}) {
        std::vector<Live> live = {{"w", {2}}};
        const auto report = load_into(file, path, targets_of(live));
        REQUIRE(report);
        CHECK(paths(report->loaded) == Paths{std::string(path) + "/w"});
        CHECK(live[0].elements == weight);
    }
    std::vector<Live> live = {{"w", {2}}};
    CHECK(load_into(file, "checkpoint", targets_of(live)).error().condition() == Condition::missing);
    CHECK(load_into(file, "checkpoint/epoch", targets_of(live)).error().condition() == Condition::wrong_type);
    CHECK(load_into(file, "checkpoint/state", targets_of(live)).error().condition() == Condition::model);
    CHECK(load_into(file, "state_dict", targets_of(live)).error().condition() == Condition::model);
    CHECK(live[0].untouched());
}
