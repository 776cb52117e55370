#include <doctest/doctest.h>

#include <complex>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/memory.hpp"

// Reader::get, and TensorView::check.
namespace {

using namespace milepost;
using namespace milepost::testing;

const std::vector<float> kWeight = {1, 2, 3};

Dict dict_of(std::initializer_list<std::pair<Value, Value>> items) {
    Dict dict;
    for (const auto& [key, value] : items)
        dict.items.emplace_back(key, value);
    return dict;
}

Checkpoint sample() {
    Checkpoint checkpoint;
    const TensorView weight = TensorView::of(std::span(kWeight), {3});
    checkpoint.model("net")["fc.weight"] = weight;
    checkpoint.model("net")["_extra_state"] = dict_of({{"scale", 2}});
    OptimizerState& sgd = checkpoint.optimizer("sgd");
    ParamGroup& group = sgd.param_groups.emplace_back();
    group.hyperparameters["lr"] = 1;
    group.hyperparameters["betas"] = Tuple{{0.5, 0.25}};
    group.params = {0};
    sgd.state[0]["step"] = weight;
    sgd.state_extra["global_step"] = 9;
    sgd.extra["defaults"] = "none";
    Entries& values = checkpoint.values();
    values["epoch"] = 3;
    values["negative"] = -1;
    values["loss"] = 0.5;
    values["name"] = "a run";
    values["done"] = true;
    values["z"] = std::complex<double>(1, 2);
    values["nothing"] = nullptr;
    values["losses"] = List{{1, 2.5}};
    values["config"] = dict_of(
        {{"lr", 0.1}, {"a", dict_of({{"b", 1}, {"b/c", 2}})}, {"a/b", 3}, {7, "seven"}, {"w", weight}});
    return checkpoint;
}

template <class T>
Condition fault(const Reader& file, std::string_view path) {
    const auto found = file.get<T>(path);
    if (found) return Condition::magic;
    CHECK(found.error().message().find(path) != std::string::npos);
    return found.error().condition();
}

}  // namespace

TEST_CASE("get: each type, and an int as a number") {
    const Reader file = *open_bytes(*save_bytes(sample()));
    CHECK(*file.get<std::int64_t>("epoch") == 3);
    CHECK(*file.get<std::uint8_t>("epoch") == 3);
    CHECK(*file.get<std::size_t>("epoch") == 3);
    CHECK(*file.get<int>("negative") == -1);
    CHECK(*file.get<double>("loss") == 0.5);
    CHECK(*file.get<float>("epoch") == 3.0F);
    CHECK(*file.get<std::string>("name") == "a run");
    CHECK(*file.get<bool>("done"));
    CHECK(*file.get<std::complex<double>>("z") == std::complex<double>(1, 2));
    CHECK(file.get<Value>("nothing")->is_null());
    CHECK(file.get<List>("losses")->items.size() == 2);
    CHECK(*file.get<std::vector<double>>("losses") == std::vector<double>{1, 2.5});
    CHECK(file.get<Dict>("config")->items.size() == 5);
    CHECK(file.get<TensorView>("net/fc.weight")->shape() == Shape{3});
    const auto weight = file.get<std::span<const float>>("net/fc.weight");
    REQUIRE(weight);
    CHECK(std::vector<float>(weight->begin(), weight->end()) == kWeight);
}

TEST_CASE("get: paths of every part, and into values") {
    const Reader file = *open_bytes(*save_bytes(sample()));
    CHECK(*file.get<double>("sgd/param_groups/0/lr") == 1);
    CHECK(*file.get<double>("sgd/param_groups/0/betas/1") == 0.25);
    CHECK(*file.get<int>("sgd/state/global_step") == 9);
    CHECK(*file.get<std::string>("sgd/defaults") == "none");
    CHECK(file.get<TensorView>("sgd/state/0/step"));
    CHECK(*file.get<int>("net/_extra_state/scale") == 2);
    CHECK(*file.get<double>("config/lr") == 0.1);
    CHECK(*file.get<std::string>("config/7") == "seven");
    CHECK(*file.get<double>("losses/1") == 2.5);
    CHECK(file.get<std::span<const float>>("config/w"));
    // Of several keys that a path could mean, the longest.
    CHECK(*file.get<int>("config/a/b") == 3);
    for (const TensorView& tensor : file.tensors())
        CHECK(file.get<TensorView>(file.tensor_path(*tensor.index())));
}

TEST_CASE("get: what is not there, and what is of another type") {
    const Reader file = *open_bytes(*save_bytes(sample()));
    for (const char* path : {"", "/", "epoch/", "epoch/0", "losses/2", "losses/01", "losses/-1", "losses/x",
                             "config/", "config/l", "config/lr/0", "net", "net/fc", "sgd/param_groups/1/lr",
                             "sgd/param_groups/0", "sgd/state/1/step", "config/7/0", "nothing/0"}) {
        INFO(path);
        CHECK(fault<Value>(file, path) == Condition::value);
    }
    CHECK(fault<std::int64_t>(file, "loss") == Condition::wrong_type);
    CHECK(fault<std::int64_t>(file, "done") == Condition::wrong_type);
    CHECK(fault<bool>(file, "epoch") == Condition::wrong_type);
    CHECK(fault<std::uint64_t>(file, "negative") == Condition::wrong_type);
    CHECK(fault<double>(file, "name") == Condition::wrong_type);
    CHECK(fault<std::string>(file, "epoch") == Condition::wrong_type);
    CHECK(fault<std::string>(file, "nothing") == Condition::wrong_type);
    CHECK(fault<List>(file, "config") == Condition::wrong_type);
    CHECK(fault<TensorView>(file, "epoch") == Condition::wrong_type);
    CHECK(fault<std::span<const float>>(file, "config") == Condition::wrong_type);
    CHECK(fault<std::span<const double>>(file, "net/fc.weight") == Condition::wrong_type);
    CHECK(fault<std::vector<int>>(file, "losses") == Condition::wrong_type);
    CHECK(fault<std::vector<int>>(file, "epoch") == Condition::wrong_type);
    CHECK(file.get<std::vector<int>>("losses").error().message().starts_with("losses: element 1: "));
    CHECK(file.get<List>("config").error().message() == "config: expected list, found dict");
    Checkpoint large;
    large.values()["n"] = 300;
    large.values()["low"] = -129;
    const Reader numbers = *open_bytes(*save_bytes(large));
    CHECK(fault<std::uint8_t>(numbers, "n") == Condition::wrong_type);
    CHECK(fault<std::int8_t>(numbers, "low") == Condition::wrong_type);
}

TEST_CASE("check: damage to stored bytes is found without decoding, and only that of the tensor") {
    std::vector<float> large(600'000, 1), other(10, 2);
    Checkpoint checkpoint;
    checkpoint.values()["large"] = TensorView::of(std::span<const float>(large), {large.size()});
    checkpoint.values()["other"] = TensorView::of(std::span<const float>(other), {other.size()});
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        FileBytes bytes = *save_bytes(checkpoint, {.codec = codec});
        const StorageInfo storage = open_bytes(bytes)->storages()[0];
        bytes[static_cast<std::size_t>(storage.offset + storage.stored_nbytes) - 1] ^= std::byte{1};
        const Reader file = *open_bytes(bytes);
        const TensorView damaged = *file.tensor("large");
        CHECK(damaged.check().error().condition() == Condition::chunk_checksum);
        CHECK(damaged.slice({{0, 1000}})->check());
        CHECK_FALSE(damaged.slice({{599'000}})->check());
        CHECK(file.tensor("other")->check());
    }
    CHECK(TensorView::of(std::span(kWeight), {3}).check());
    CHECK(TensorView::of(std::span(kWeight), {4}).check().error().condition() == Condition::layout);
}
