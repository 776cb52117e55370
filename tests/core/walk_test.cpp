#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>
#include <milepost/writer.hpp>

#include "support/samples.hpp"
#include "support/scratch.hpp"

using namespace milepost;
using namespace milepost::testing;

namespace {

std::vector<std::string> entry_paths(const Checkpoint& checkpoint) {
    std::vector<std::string> paths;
    walk(checkpoint, [&paths](const std::string& path, const Value&) {
        paths.push_back(path);
        return false;
    });
    return paths;
}

std::vector<std::string> all_paths(const Checkpoint& checkpoint) {
    std::vector<std::string> paths;
    walk(checkpoint, [&paths](const std::string& path, const Value&) {
        paths.push_back(path);
        return true;
    });
    return paths;
}

}  // namespace

TEST_CASE("walk: entries, in the order of the file") {
    Checkpoint checkpoint;
    checkpoint.values()["epoch"] = 3;
    checkpoint.model("net")["b/w"] = 1;
    checkpoint.model("net")["a"] = 2;
    checkpoint.model("other")["c"] = 1;
    OptimizerState& optimizer = checkpoint.optimizer("opt");
    optimizer.extra["defaults"] = 1;
    optimizer.state_extra["note"] = 1;
    optimizer.state[10]["step"] = 1;
    optimizer.state[2]["step"] = 1;
    optimizer.param_groups.emplace_back().hyperparameters["lr"] = 0.5;
    optimizer.param_groups.emplace_back().hyperparameters["lr"] = 0.5;
    const std::vector<std::string> expected = {"net/b/w",
                                               "net/a",
                                               "other/c",
                                               "opt/param_groups/0/lr",
                                               "opt/param_groups/1/lr",
                                               "opt/state/2/step",
                                               "opt/state/10/step",
                                               "opt/state/note",
                                               "opt/defaults",
                                               "epoch"};
    CHECK(entry_paths(checkpoint) == expected);
}

TEST_CASE("walk: the path of a state has the key of its parameter") {
    OptimizerState optimizer;
    optimizer.param_keys = {"fc.weight", "fc.bias"};
    optimizer.state[1]["step"] = 1;
    std::vector<std::string> paths;
    walk("opt", optimizer, [&paths](const std::string& path, const Value&) {
        paths.push_back(path);
        return true;
    });
    CHECK(paths == std::vector<std::string>{"opt/state/fc.bias/step"});
}

TEST_CASE("walk: parts of values, attributes before items, and keys as paths show them") {
    Dict dict;
    dict.attributes.emplace_back(Value("tag"), Value(1));
    dict.items.emplace_back(Value("k"), Value(List{{Value(1), Value(Tuple{{Value(2)}})}}));
    dict.items.emplace_back(Value(7), Value(Dict{}));
    dict.items.emplace_back(Value(Tuple{{Value(1), Value("a")}}), Value(Set{{Value(3)}}));
    Checkpoint checkpoint;
    checkpoint.values()["d"] = std::move(dict);
    checkpoint.values()["e"] = List{};
    const std::vector<std::string> expected = {
        "d", "d/attributes/tag", "d/k", "d/k/0", "d/k/1", "d/k/1/0", "d/7", "d/(1,a)", "d/(1,a)/0", "e"};
    CHECK(all_paths(checkpoint) == expected);
}

TEST_CASE("walk: tensors have the paths that a Reader gives them") {
    for (Checkpoint (*sample)() : {every_value, odd_names, several_models, several_optimizers, named_params,
                                   every_column, small, example}) {
        const ScratchFolder folder;
        REQUIRE(save(folder / "x", sample(), {.durable = false}));
        const auto reader = Reader::open(folder / "x");
        REQUIRE(reader);
        std::vector<std::string> expected, found;
        for (std::uint32_t i = 0; i < reader->tensor_count(); ++i)
            expected.push_back(reader->tensor_path(i));
        const auto checkpoint = reader->checkpoint();
        REQUIRE(checkpoint);
        walk_tensors(*checkpoint,
                     [&found](const std::string& path, const TensorView&) { found.push_back(path); });
        std::sort(expected.begin(), expected.end());
        std::sort(found.begin(), found.end());
        CHECK(found == expected);
    }
}

TEST_CASE("walk: values can be changed, and what they then hold is walked through") {
    Checkpoint checkpoint;
    checkpoint.values()["a"] = 1;
    checkpoint.values()["b"] = List{{Value(1)}};
    std::vector<std::string> paths;
    walk(checkpoint, [&paths](const std::string& path, Value& value) {
        paths.push_back(path);
        if (path == "a") value = List{{Value(5), Value(6)}};
        if (path == "b") value = Value();
        return true;
    });
    CHECK(paths == std::vector<std::string>{"a", "a/0", "a/1", "b"});
    CHECK(checkpoint.values()["b"].is_null());
}

TEST_CASE("walk: a value of any depth") {
    Value value;
    for (int i = 0; i < 100'000; ++i) {
        List list;
        list.items.push_back(std::move(value));
        value = std::move(list);
    }
    Checkpoint checkpoint;
    checkpoint.values()["deep"] = std::move(value);
    std::size_t longest = 0;
    walk(checkpoint, [&longest](const std::string& path, const Value&) {
        longest = path.size();
        return true;
    });
    CHECK(longest == 4 + 2 * 100'000);
}
