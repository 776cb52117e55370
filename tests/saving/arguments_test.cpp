#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/verdict.hpp"

// What save refuses: the caller's mistakes, each with its condition, before anything is written.
namespace {

using namespace milepost;
using namespace milepost::testing;

struct Mistake {
    std::string_view name;
    Checkpoint (*make)();
    Condition expected;
};

Checkpoint entry_named(std::string name) {
    Checkpoint checkpoint;
    checkpoint.model("m")[name] = 1;
    return checkpoint;
}

Checkpoint with_key(Value key) {
    return one_value(dict_of({{std::move(key), 1}}));
}
Checkpoint with_keys(Value first, Value second) {
    return one_value(dict_of({{std::move(first), 1}, {std::move(second), 2}}));
}

Checkpoint with_group(ParamGroup group) {
    Checkpoint checkpoint;
    checkpoint.optimizer("o").param_groups.push_back(std::move(group));
    return checkpoint;
}

Checkpoint floats(Shape shape, std::uint64_t offset = 0, Strides strides = {},
                  DtypeInfo dtype = *find_dtype(Dtype::f32)) {
    return one_value(TensorView(dtype, std::move(shape), StorageView(std::as_bytes(six_floats())), offset,
                                std::move(strides)));
}

Checkpoint two_dtypes_of_one_code() {
    Checkpoint checkpoint = floats({1}, 0, {}, {static_cast<Dtype>(100), 32, "x"});
    checkpoint.values()["w"] =
        TensorView({static_cast<Dtype>(100), 64, "x"}, {1}, StorageView(std::as_bytes(six_floats())));
    return checkpoint;
}

Checkpoint parts_named_alike(bool model, bool optimizer, bool value) {
    Checkpoint checkpoint;
    if (model) checkpoint.model("twice");
    if (optimizer) checkpoint.optimizer("twice");
    if (value) checkpoint.values()["twice"] = 1;
    return checkpoint;
}

/// An optimizer of parameters 0 and 1, and the state of one, with these keys.
Checkpoint keyed(std::vector<std::string> keys, std::uint64_t state = 1) {
    Checkpoint checkpoint;
    OptimizerState& optimizer = checkpoint.optimizer("o");
    optimizer.param_groups.emplace_back().params = {0, 1};
    optimizer.param_keys = std::move(keys);
    optimizer.state[state]["step"] = 1;
    optimizer.state_extra["extra"] = Dict{};
    return checkpoint;
}

const Mistake kMistakes[] = {
    {"an empty name", [] { return entry_named(""); }, Condition::save_name},
    {"a name with a line feed", [] { return entry_named("a\nb"); }, Condition::save_name},
    {"a name with a NUL", [] { return entry_named(std::string("a\0b", 3)); }, Condition::save_name},
    {"a name with DEL", [] { return entry_named("\x7F"); }, Condition::save_name},
    {"a name that is not UTF-8", [] { return entry_named("\xFF"); }, Condition::save_name},
    {"a name that is a surrogate", [] { return entry_named("\xED\xA0\x80"); }, Condition::save_name},
    {"a name of 4097 bytes", [] { return entry_named(std::string(4097, 'n')); }, Condition::name_bytes},
    {"an empty model name",
     [] {
         Checkpoint c;
         c.model("");
         return c;
     },
     Condition::save_name},
    {"an algorithm that is not UTF-8",
     [] {
         Checkpoint c;
         c.optimizer("o").algorithm = "\xC3";
         return c;
     },
     Condition::save_name},
    {"model and optimizer of one name", [] { return parts_named_alike(true, true, false); },
     Condition::save_name},
    {"model and value of one name", [] { return parts_named_alike(true, false, true); },
     Condition::save_name},
    {"optimizer and value of one name", [] { return parts_named_alike(false, true, true); },
     Condition::save_name},
    {"a hyperparameter called params",
     [] {
         ParamGroup g;
         g.hyperparameters["params"] = 1;
         return with_group(g);
     },
     Condition::save_name},
    {"a hyperparameter called param_names",
     [] {
         ParamGroup g;
         g.hyperparameters["param_names"] = 1;
         return with_group(g);
     },
     Condition::save_name},
    {"an extra entry called state",
     [] {
         Checkpoint c;
         c.optimizer("o").extra["state"] = 1;
         return c;
     },
     Condition::save_name},
    {"an extra entry called param_groups",
     [] {
         Checkpoint c;
         c.optimizer("o").extra["param_groups"] = 1;
         return c;
     },
     Condition::save_name},
    {"a string that is not UTF-8", [] { return one_value("\xFF"); }, Condition::save_name},
    {"keys 1 and 1.0", [] { return with_keys(1, 1.0); }, Condition::save_name},
    {"keys 1 and true", [] { return with_keys(1, true); }, Condition::save_name},
    {"keys 0 and -0.0", [] { return with_keys(0, -0.0); }, Condition::save_name},
    {"one key twice", [] { return with_keys("a", "a"); }, Condition::save_name},
    {"a key that is NaN", [] { return with_key(double_of(0x7FF8000000000000U)); }, Condition::save_name},
    {"a key that is a list", [] { return with_key(List{}); }, Condition::save_name},
    {"a key that is complex", [] { return with_key(std::complex<double>(1, 1)); }, Condition::save_name},
    {"a set with 1 and true",
     [] {
         return one_value(Set{{1, true}});
     },
     Condition::save_name},
    {"a set with a list", [] { return one_value(Set{{List{}}}); }, Condition::save_name},
    {"an attribute that is not a string",
     [] {
         Dict d;
         d.attributes = {{1, 2}};
         return one_value(d);
     },
     Condition::save_name},
    {"metadata that is a list",
     [] {
         Checkpoint c;
         c.model("m").metadata = List{};
         return c;
     },
     Condition::save_name},
    {"an int without bytes", [] { return one_value(Integer{}); }, Condition::layout},
    {"an int of 256 bytes", [] { return one_value(Integer{std::vector<std::byte>(256, std::byte{1})}); },
     Condition::layout},
    {"an int with a byte too many",
     [] {
         return one_value(Integer{{std::byte{1}, std::byte{0}}});
     },
     Condition::layout},
    {"a string of no subtype",
     [] {
         return one_value(String{"a", static_cast<StringSubtype>(9)});
     },
     Condition::layout},
    {"params twice in two groups",
     [] {
         Checkpoint c;
         c.optimizer("o").param_groups.emplace_back().params = {1};
         c.optimizer("o").param_groups.emplace_back().params = {1};
         return c;
     },
     Condition::layout},
    {"fewer param_names than params",
     [] {
         ParamGroup g;
         g.params = {1, 2};
         g.param_names = std::vector<std::string>{"a"};
         return with_group(g);
     },
     Condition::layout},
    {"fewer param_keys than params", [] { return keyed({"a"}, 0); }, Condition::layout},
    {"more param_keys than params",
     [] {
         return keyed({"a", "b", "c"});
     },
     Condition::layout},
    {"a state without a param key",
     [] {
         return keyed({"a", "b"}, 2);
     },
     Condition::layout},
    {"a param key twice",
     [] {
         return keyed({"a", "a"});
     },
     Condition::save_name},
    {"an empty param key",
     [] {
         return keyed({"a", ""});
     },
     Condition::save_name},
    {"a param key with a line feed",
     [] {
         return keyed({"a\n", "b"});
     },
     Condition::save_name},
    {"a param key that is not UTF-8",
     [] {
         return keyed({"a", "\xFF"});
     },
     Condition::save_name},
    {"a param key of 4097 bytes",
     [] {
         return keyed({"a", std::string(4097, 'k')});
     },
     Condition::name_bytes},
    {"a param key that is a state extra entry",
     [] {
         return keyed({"a", "extra"});
     },
     Condition::save_name},
    {"params_position out of range",
     [] {
         ParamGroup g;
         g.params_position = 1;
         return with_group(g);
     },
     Condition::layout},
    {"a shape beyond the storage", [] { return floats({7}); }, Condition::layout},
    {"an offset beyond the storage", [] { return floats({6}, 4); }, Condition::layout},
    {"an offset within an element", [] { return floats({1}, 2); }, Condition::layout},
    {"a shape that wraps",
     [] {
         return floats({std::uint64_t{1} << 63U, 2});
     },
     Condition::layout},
    {"strides beyond the storage",
     [] {
         return floats({2, 2}, 0, {5, 1});
     },
     Condition::layout},
    {"fewer strides than sizes",
     [] {
         return floats({2, 2}, 0, {1});
     },
     Condition::layout},
    {"a known dtype of other bits",
     [] {
         return floats({1}, 0, {}, {Dtype::f32, 64, "f32"});
     },
     Condition::layout},
    {"an unknown dtype of 12 bits",
     [] {
         return floats({1}, 0, {}, {static_cast<Dtype>(100), 12, "x"});
     },
     Condition::layout},
    {"two dtypes of one code", two_dtypes_of_one_code, Condition::layout},
    {"an unknown dtype without a name",
     [] {
         return floats({1}, 0, {}, {static_cast<Dtype>(100), 32, ""});
     },
     Condition::save_name},
    {"rank 65", [] { return floats(Shape(65, 1)); }, Condition::rank},
    {"depth 65", [] { return nested_value(65); }, Condition::depth},
};

Condition refusal(const SaveOptions& options) {
    MemorySink sink;
    const auto saved = save(sink, {}, options);
    return saved ? Condition::magic : saved.error().condition();
}

}  // namespace

TEST_CASE("arguments: every mistake is refused, and nothing is written") {
    const testing::ScratchFolder folder;
    REQUIRE(save(folder / "file", small()));
    const std::string before = testing::read_file(folder / "file");
    for (const Mistake& mistake : kMistakes) {
        INFO(mistake.name);
        MemorySink sink;
        const auto saved = save(sink, mistake.make());
        REQUIRE_FALSE(saved);
        CHECK_MESSAGE(saved.error().condition() == mistake.expected, saved.error().to_string());
        CHECK(sink.bytes().empty());
        CHECK_FALSE(save(folder / "file", mistake.make()));
        CHECK(testing::read_file(folder / "file") == before);
        CHECK(testing::names_in(folder.path()).size() == 1);
    }
}

TEST_CASE("arguments: options out of their range") {
    for (const std::uint32_t alignment : {0U, 1U, 3U, 32U, 96U, 1U << 22U})
        CHECK(refusal({.alignment = alignment}) == Condition::option);
    for (const int level : {-1, 0, 20})
        CHECK(refusal({.zstd_level = level}) == Condition::option);
    for (const int codec : {3, 128, 253})
        CHECK(refusal({.codec = static_cast<Codec>(codec)}) == Condition::option);
}

TEST_CASE("arguments: what is odd and allowed") {
    ParamGroup group;
    group.params = {1, 1};
    for (const Checkpoint& checkpoint :
         {with_group(group), odd_names(), with_keys(1, "1"), with_keys(0.5, std::uint64_t{1} << 63U),
          nested_value(64), floats(Shape(64, 1)), floats({0}, 24), entry_named("\u202e")}) {
        CHECK(verdict_of(open_bytes(*save_bytes(checkpoint)), 1) == "ok");
    }
}

TEST_CASE("arguments: an error about a param key names it, and the optimizer") {
    const auto message = [](const Checkpoint& checkpoint) {
        return save_bytes(checkpoint).error().message();
    };
    CHECK(message(keyed({"a", "b", "fc.bias"})).find("optimizer 'o', param key 'fc.bias'") !=
          std::string::npos);
    CHECK(message(keyed({"a"}, 0)).find("optimizer 'o', params of a group: expected an index below 1") !=
          std::string::npos);
    CHECK(message(keyed({"fc.bias", "fc.bias"})).find("'fc.bias'") != std::string::npos);
}

TEST_CASE("arguments: the order of parts is kept, and completed") {
    Checkpoint checkpoint = several_models();
    checkpoint.set_order({"best", "no such part", "student", "best"});
    const auto file = open_bytes(*save_bytes(checkpoint));
    REQUIRE(file);
    const std::vector<std::string> expected = {"best", "student", "teacher", "empty model", "sgd", "epoch"};
    CHECK(file->checkpoint()->order() == expected);
}
