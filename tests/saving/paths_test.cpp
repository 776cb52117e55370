#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"

// An error about one part of a checkpoint begins with the path of that part.
namespace {

using namespace milepost;
using namespace milepost::testing;

TensorView float_tensor(Shape shape) {
    return TensorView(*find_dtype(Dtype::f32), std::move(shape), StorageView(std::as_bytes(six_floats())));
}

/// A checkpoint with many parts, none of them wrong.
Checkpoint whole() {
    Checkpoint c;
    for (int i = 0; i < 500; ++i)
        c.model("net")["layer" + std::to_string(i)] = float_tensor({6});
    c.model("net").metadata = dict_of({{"version", 1}});
    c.model("ema")["w"] = float_tensor({2});
    for (const char* name : {"sgd", "adam"}) {
        OptimizerState& optimizer = c.optimizer(name);
        for (std::uint64_t g = 0; g < 2; ++g) {
            ParamGroup group;
            group.params = {2 * g, 2 * g + 1};
            group.param_names = {{"w" + std::to_string(g), "b" + std::to_string(g)}};
            group.hyperparameters["lr"] = 0.1;
            optimizer.param_groups.push_back(std::move(group));
        }
        for (std::uint64_t p = 0; p < 4; ++p)
            optimizer.state[p]["exp_avg"] = float_tensor({3});
        optimizer.state_extra["func_evals"] = 1;
        optimizer.extra["seed"] = 1;
    }
    c.values()["epoch"] = 1;
    c.values()["config"] = dict_of({{"layers", List{{1, dict_of({{"size", 3}})}}}, {7, "seven"}});
    return c;
}

Value with_equal_keys() {
    return dict_of({{1, "x"}, {true, "y"}});
}

struct Case {
    std::string_view path;
    Condition condition;
    void (*spoil)(Checkpoint&);
};

const Value kNotUtf8 = std::string("\xFF");

const Case kCases[] = {
    {"net/layer321", Condition::layout,
     [](Checkpoint& c) { c.model("net")["layer321"] = float_tensor({7}); }},
    {"ema/w", Condition::rank, [](Checkpoint& c) { c.model("ema")["w"] = float_tensor(Shape(65, 1)); }},
    {"net/layer2", Condition::layout,
     [](Checkpoint& c) {
         c.model("net")["layer2"] =
             TensorView({Dtype::f32, 8, "f32"}, {1}, StorageView(std::as_bytes(six_floats())));
     }},
    {"net/layer3", Condition::save_name,
     [](Checkpoint& c) {
         c.model("net")["layer3"] =
             TensorView({static_cast<Dtype>(100), 32, ""}, {1}, StorageView(std::as_bytes(six_floats())));
     }},
    {"net/layer4", Condition::layout,
     [](Checkpoint& c) {
         c.model("net")["layer4"] =
             TensorView({static_cast<Dtype>(28), 8, "i8x"}, {1}, StorageView(std::as_bytes(six_floats())));
     }},
    {"net/layer5", Condition::layout,
     [](Checkpoint& c) { c.model("net")["layer5"] = float_tensor({6}).with_role(static_cast<Role>(3)); }},
    {"net/", Condition::save_name, [](Checkpoint& c) { c.model("net")[""] = 1; }},
    {"ema/a\\u{a}b", Condition::save_name, [](Checkpoint& c) { c.model("ema")["a\nb"] = 1; }},
    {"adam/param_groups/1/lr", Condition::save_name,
     [](Checkpoint& c) { c.optimizer("adam").param_groups[1].hyperparameters["lr"] = kNotUtf8; }},
    {"sgd/param_groups/0/params", Condition::save_name,
     [](Checkpoint& c) { c.optimizer("sgd").param_groups[0].hyperparameters["params"] = 1; }},
    {"adam/state", Condition::save_name, [](Checkpoint& c) { c.optimizer("adam").extra["state"] = 1; }},
    {"adam/param_groups/1/param_names/1", Condition::save_name,
     [](Checkpoint& c) { (*c.optimizer("adam").param_groups[1].param_names)[1] = ""; }},
    {"adam/param_groups/1", Condition::layout,
     [](Checkpoint& c) { c.optimizer("adam").param_groups[1].param_names->pop_back(); }},
    {"adam/param_groups/0", Condition::layout,
     [](Checkpoint& c) { c.optimizer("adam").param_groups[0].params_position = 77; }},
    {"adam/state/3/exp_avg (parameter 'b1')", Condition::layout,
     [](Checkpoint& c) { c.optimizer("adam").state[3]["exp_avg"] = float_tensor({9}); }},
    {"sgd/state/func_evals", Condition::save_name,
     [](Checkpoint& c) { c.optimizer("sgd").state_extra["func_evals"] = kNotUtf8; }},
    {"adam/seed", Condition::save_name, [](Checkpoint& c) { c.optimizer("adam").extra["seed"] = kNotUtf8; }},
    {"adam", Condition::save_name, [](Checkpoint& c) { c.optimizer("adam").algorithm = "\xC3"; }},
    {"host", Condition::save_name, [](Checkpoint& c) { c.values()["host"] = kNotUtf8; }},
    {"config", Condition::save_name, [](Checkpoint& c) { c.values()["config"] = with_equal_keys(); }},
    {"config/layers/1", Condition::save_name,
     [](Checkpoint& c) {
         c.values()["config"] = dict_of({{"layers", List{{1, with_equal_keys()}}}});
     }},
    {"config/9/attributes/owner", Condition::save_name,
     [](Checkpoint& c) {
         Dict dict;
         dict.attributes = {{"owner", kNotUtf8}};
         c.values()["config"] = dict_of({{9, std::move(dict)}});
     }},
    {"config/set", Condition::save_name,
     [](Checkpoint& c) {
         c.values()["config"] = dict_of({{"set", Set{{List{}}}}});
     }},
    {"config/1/0", Condition::layout,
     [](Checkpoint& c) {
         c.values()["config"] = List{{1, Tuple{{Integer{}}}}};
     }},
    {"config/t", Condition::layout,
     [](Checkpoint& c) {
         c.values()["config"] = dict_of({{"t", float_tensor({100})}});
     }},
    {"net/_metadata/key", Condition::save_name,
     [](Checkpoint& c) {
         c.model("net").metadata = dict_of({{"key", kNotUtf8}});
     }},
    {"ema/_metadata", Condition::save_name, [](Checkpoint& c) { c.model("ema").metadata = List{}; }},
};

}  // namespace

TEST_CASE("paths: each error of save begins with the path of what it is about") {
    REQUIRE(save_bytes(whole()));
    for (const Case& row : kCases) {
        Checkpoint checkpoint = whole();
        row.spoil(checkpoint);
        const auto saved = save_bytes(checkpoint);
        INFO(row.path);
        REQUIRE_FALSE(saved);
        CHECK(saved.error().condition() == row.condition);
        const std::string expected = std::string(row.path) + ": ";
        CHECK_MESSAGE(saved.error().message().substr(0, expected.size()) == expected,
                      saved.error().message());
    }
}

TEST_CASE("paths: a value that is too deep is named down to the limit") {
    Value value;
    for (int i = 0; i < 70; ++i)
        value = List{{std::move(value)}};
    Checkpoint checkpoint = whole();
    checkpoint.values()["deep"] = std::move(value);
    const auto saved = save_bytes(checkpoint, {.limits = {.max_depth = 5}});
    REQUIRE_FALSE(saved);
    CHECK(saved.error().condition() == Condition::depth);
    CHECK_MESSAGE(saved.error().message().find("deep/0/0/0/0/0: ") == 0, saved.error().message());
}

TEST_CASE("paths: a parameter of two groups has its name in the message") {
    Checkpoint checkpoint = whole();
    checkpoint.optimizer("adam").param_groups[1].params = {1, 3};
    const auto saved = save_bytes(checkpoint);
    REQUIRE_FALSE(saved);
    CHECK_MESSAGE(saved.error().message().find("adam/param_groups/1: ") == 0, saved.error().message());
    CHECK_MESSAGE(saved.error().message().find("parameter 1 ('w1')") != std::string::npos,
                  saved.error().message());
}

TEST_CASE("paths: a tensor of a damaged file is named as in the checkpoint that is saved") {
    FileBytes bytes = *save_bytes(many_chunks());
    bytes[static_cast<std::size_t>(take_apart(bytes)->begin_of(1))] ^= std::byte{1};
    const auto file = open_bytes(bytes);
    REQUIRE(file);
    const std::vector<TensorView> tensors = file->tensors();
    for (const Codec codec : {Codec::raw, Codec::zstd, Codec::automatic}) {
        for (const unsigned threads : {1U, 3U}) {
            Checkpoint checkpoint;
            for (std::size_t i = 0; i < tensors.size(); ++i)
                checkpoint.model("copy")["t" + std::to_string(i)] = tensors[i];
            const auto saved = save_bytes(checkpoint, {.codec = codec, .threads = threads});
            REQUIRE_FALSE(saved);
            CHECK(saved.error().condition() == Condition::chunk_checksum);
            CHECK_MESSAGE(saved.error().message().find("copy/t1: ") == 0, saved.error().message());
        }
    }
}
