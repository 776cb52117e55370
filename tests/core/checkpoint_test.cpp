#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>

using milepost::Checkpoint;
using milepost::Entries;

TEST_CASE("entries: keep the order in which they were added") {
    Entries entries;
    CHECK(entries.empty());
    entries["b"] = 1;
    entries["a"] = 2;
    entries["c"] = 3;
    entries["a"] = 4;
    CHECK(entries.size() == 3);
    std::string names;
    for (const auto& [name, value] : entries)
        names += name;
    CHECK(names == "bac");
    CHECK(*entries.items()[1].second.as_int() == 4);
}

TEST_CASE("entries: a new name starts as null") {
    Entries entries;
    CHECK(entries["a"].is_null());
    CHECK(entries.size() == 1);
}

TEST_CASE("entries: find") {
    Entries entries;
    entries["a"] = 1;
    entries[""] = 2;
    CHECK(*entries.find("a")->as_int() == 1);
    CHECK(*entries.find("")->as_int() == 2);
    CHECK(entries.find("b") == nullptr);
}

TEST_CASE("entries: add refuses a name that is taken, and changes nothing") {
    Entries entries;
    CHECK(entries.add("a", 1));
    CHECK_FALSE(entries.add("a", 2));
    CHECK(entries.size() == 1);
    CHECK(*entries.find("a")->as_int() == 1);
    CHECK(entries.add("b", 2));
    CHECK(*entries.find("b")->as_int() == 2);
}

TEST_CASE("entries: a copy is its own") {
    Entries entries;
    entries["a"] = 1;
    Entries copy = entries;
    copy["a"] = 2;
    copy["b"] = 3;
    CHECK(entries.size() == 1);
    CHECK(*entries.find("a")->as_int() == 1);
    CHECK(*copy.find("b")->as_int() == 3);
}

TEST_CASE("checkpoint: parts are added once, in order") {
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = 1;
    checkpoint.model("ema")["w"] = 2;
    checkpoint.model("net")["b"] = 3;
    checkpoint.optimizer("sgd").algorithm = "SGD";
    checkpoint.optimizer("sgd").param_groups.emplace_back().hyperparameters["lr"] = 0.001;
    checkpoint.values()["epoch"] = 3;
    REQUIRE(checkpoint.models().size() == 2);
    CHECK(checkpoint.models()[0].first == "net");
    CHECK(checkpoint.models()[0].second.size() == 2);
    CHECK(checkpoint.models()[1].first == "ema");
    REQUIRE(checkpoint.optimizers().size() == 1);
    CHECK(checkpoint.optimizers()[0].second.algorithm == "SGD");
    CHECK(checkpoint.optimizers()[0].second.param_groups.size() == 1);
    CHECK(std::as_const(checkpoint).values().size() == 1);
}

TEST_CASE("checkpoint: references to parts stay valid") {
    Checkpoint checkpoint;
    auto& first = checkpoint.model("0");
    for (int i = 1; i < 1000; ++i)
        checkpoint.model(std::to_string(i));
    CHECK(&first == &checkpoint.model("0"));
}

TEST_CASE("checkpoint: order is what was set") {
    Checkpoint checkpoint;
    CHECK(checkpoint.order().empty());
    checkpoint.set_order({"b", "a"});
    CHECK(checkpoint.order() == std::vector<std::string>{"b", "a"});
}
