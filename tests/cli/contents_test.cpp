#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/writer.hpp>

#include "any_file.hpp"
#include "contents.hpp"
#include "summary.hpp"
#include "support/scratch.hpp"
#include "terminal.hpp"

using namespace milepost;
using namespace milepost::cli;

TEST_CASE("entries: tensors are counted at any depth") {
    Dict dict;
    dict.items.emplace_back(Value("k"), Value(TensorView()));
    dict.attributes.emplace_back(Value("a"), Value(TensorView()));
    const Value value =
        List{{Value(Tuple{{Value(TensorView()), Value(1)}, TupleSubtype::tuple}), Value(dict)}};
    CHECK(tensor_count(value) == 3);
    CHECK(tensor_count(Value(TensorView())) == 1);
    CHECK(tensor_count(Value(Set{{Value(1)}})) == 0);
    CHECK(tensor_count(Value()) == 0);
}

TEST_CASE("strides of a contiguous tensor") {
    CHECK(contiguous_strides({}).empty());
    CHECK(contiguous_strides({7}) == Strides{1});
    CHECK(contiguous_strides({6, 3, 5, 4}) == Strides{60, 20, 4, 1});
    CHECK(contiguous_strides({2, 1, 3}) == Strides{3, 3, 1});
    CHECK(contiguous_strides({2, 0, 3}) == Strides{0, 3, 1});
}

TEST_CASE("errors: a file is named once, in front") {
    const Palette plain(Stream::out, true);
    CHECK(error_text("a b", Error(Condition::cut, "a b: ends early"), plain) ==
          "a b: truncated/cut: ends early");
    CHECK(error_text("a", Error(Condition::cut, "ends early"), plain) == "a: truncated/cut: ends early");
    CHECK(error_text("a", Error(Condition::cut, "ab: ends"), plain) == "a: truncated/cut: ab: ends");
    CHECK(error_text("\n", Error(Condition::cut, "\\u{a}: ends"), plain) == "\\u{a}: truncated/cut: ends");
}

TEST_CASE("summary: parameters of state_dicts inside of values are counted, other tensors are not") {
    const std::vector<float> weight(6);
    const std::vector<std::uint8_t> random(100);
    const TensorView floats = TensorView::of(std::span(weight), {2, 3});
    const TensorView bytes = TensorView::of(std::span(random), {100});
    Dict state_dict, model, optimizer, state, moments, rng;
    state_dict.items = {{"w", floats}, {"n", bytes}, {"m._extra_state", 1}};
    model.items = {{"state_dict", state_dict}, {"args", "large"}};
    moments.items = {{"exp_avg", floats}};
    state.items = {{0, moments}};
    optimizer.items = {{"state", state}, {"param_groups", List{}}};
    rng.items = {{"cpu", bytes}};
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = floats;
    checkpoint.values()["checkpoint"] = model;
    checkpoint.values()["list"] = List{{state_dict}};
    checkpoint.values()["optimizer"] = optimizer;
    checkpoint.values()["rng"] = rng;
    checkpoint.values()["single"] = floats;
    const testing::ScratchFolder folder;
    REQUIRE(save(folder / "x", checkpoint, {.durable = false}));
    const auto file = AnyFile::open(folder / "x");
    REQUIRE(file);
    CHECK(summarize(*file, file->checkpoint().value()).parameters == 6 + 2 * 106);
}
