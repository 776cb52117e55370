#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "live.hpp"

// Loading a model into live parameters: one test for each rule.
namespace {

using namespace milepost;
using namespace milepost::testing;

Result<LoadReport> load(const Reader& file, std::vector<Live>& live, const LoadOptions& options = {}) {
    return load_into(file, "net", targets_of(live), options);
}

}  // namespace

TEST_CASE("load_into: a model by name, whatever the order") {
    const Reader file = file_of({{"a", {2}, 1}, {"b", {2, 3}, 2}});
    std::vector<Live> live = {{"b", {2, 3}}, {"a", {2}}};
    const auto report = load(file, live);
    REQUIRE(report);
    CHECK(report->complete());
    CHECK(report->to_string() == "all matched");
    CHECK(report->matched_by == MatchedBy::name);
    CHECK(paths(report->loaded) == Paths{"net/a", "net/b"});
    CHECK(live[0].elements == Floats(6, 2));
    CHECK(live[1].elements == Floats(2, 1));
}

TEST_CASE("load_into: a model by order where the targets have no names") {
    const Reader file = file_of({{"a", {2}, 1}, {"b", {2, 3}, 2}});
    std::vector<Live> live = {{"", {2}}, {"", {2, 3}}};
    const auto report = load(file, live);
    REQUIRE(report);
    CHECK(report->matched_by == MatchedBy::order);
    CHECK(live[1].elements == Floats(6, 2));
    std::vector<Live> longer = {{"", {2}}, {"", {2, 3}}, {"", {1}}};
    CHECK(paths(load(file, longer, kLenient)->missing) == Paths{"net/#2"});
    std::vector<Live> shorter = {{"", {2}}};
    CHECK(paths(load(file, shorter, kLenient)->unexpected) == Paths{"net/b"});
    CHECK(load(file, live, {.only = {"a"}}).error().condition() == Condition::option);
}

TEST_CASE("load_into: strict lists every finding in one error, and changes nothing") {
    const Reader file = file_of({{"a", {2}, 1}, {"wide", {3, 4}, 1}, {"new", {1}, 1}, {"new2", {1}, 1}});
    std::vector<Live> live = {{"a", {2}}, {"wide", {4, 3}}, {"old", {1}}};
    const auto report = load(file, live);
    REQUIRE_FALSE(report);
    CHECK(report.error().code() == Code::mismatch);
    CHECK(report.error().condition() == Condition::missing);
    CHECK(
        report.error().message() ==
        "model 'net': missing: net/old; unexpected: net/new, net/new2; net/wide: shape [3, 4] in the file, live "
        "[4, 3]");
    for (const Live& parameter : live)
        CHECK(parameter.untouched());
}

TEST_CASE("load_into: not strict loads what matches and reports the rest") {
    const Reader file = file_of({{"a", {2}, 1}, {"wide", {3, 4}, 1}, {"new", {1}, 1}});
    std::vector<Live> live = {{"a", {2}}, {"wide", {4, 3}}, {"old", {1}}};
    const auto report = load(file, live, kLenient);
    REQUIRE(report);
    CHECK_FALSE(report->complete());
    CHECK(paths(report->loaded) == Paths{"net/a"});
    CHECK(paths(report->missing) == Paths{"net/old"});
    CHECK(paths(report->unexpected) == Paths{"net/new"});
    REQUIRE(report->shape_mismatches.size() == 1);
    CHECK(report->shape_mismatches.items[0].file == Shape{3, 4});
    CHECK(report->shape_mismatches.items[0].live == Shape{4, 3});
    CHECK(live[0].elements == Floats(2, 1));
    CHECK(live[1].untouched());
    CHECK(live[2].untouched());
}

TEST_CASE("load_into: shapes of as many elements are not the same; [1] fits none") {
    const Reader file = file_of({{"one", {1}, 5}, {"row", {1, 6}, 5}});
    std::vector<Live> live = {{"one", {}}, {"row", {6, 1}}};
    const auto report = load(file, live, kLenient);
    CHECK(paths(report->loaded) == Paths{"net/one"});
    CHECK(report->shape_mismatches.size() == 1);
    CHECK(live[0].elements == Floats{5});
    const Reader scalar = file_of({{"one", {}, 5}});
    std::vector<Live> vector = {{"one", {1}}};
    CHECK(load(scalar, vector).error().condition() == Condition::other_shape);
}

TEST_CASE("load_into: another dtype is an error, and a cast only when asked") {
    const Reader file = file_of({{"a", {2}, 1.5F}});
    std::vector<double> wide = {-1, -1};
    const ModelTarget target{{{"a", TensorSpan::of(std::span(wide), {2})}}};
    const auto refused = load_into(file, "net", target);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().condition() == Condition::other_dtype);
    CHECK(refused.error().message() == "model 'net': net/a: f32 in the file, live f64");
    CHECK(wide == std::vector<double>{-1, -1});
    CHECK(load_into(file, "net", target, {.cast = true}));
    CHECK(wide == std::vector<double>{1.5, 1.5});
    std::vector<std::int32_t> integers = {-1, -1};
    const ModelTarget other{{{"a", TensorSpan::of(std::span(integers), {2})}}};
    CHECK(load_into(file, "net", other, {.cast = true}).error().condition() == Condition::other_dtype);
}

TEST_CASE("load_into: prefixes are stripped, over and over") {
    const Reader file = file_of({{"module._orig_mod.module.a", {1}, 3}, {"modular", {1}, 4}});
    std::vector<Live> live = {{"a", {1}}, {"modular", {1}}};
    CHECK(load(file, live, {.strip_prefixes = {"module.", "_orig_mod."}}));
    CHECK(live[0].elements == Floats{3});
    CHECK(live[1].elements == Floats{4});
}

TEST_CASE("load_into: names are renamed by map and by pattern, the first that fits") {
    const Reader file = file_of({{"encoder.layer.0.attention.q", {1}, 1},
                                 {"encoder.layer.11.attention.k", {1}, 2},
                                 {"head", {1}, 3}});
    std::vector<Live> live = {{"blocks.0.attn.q", {1}}, {"blocks.11.attn.k", {1}}, {"classifier", {1}}};
    const LoadOptions options{
        .strict = false,
        .rename = {
            {"head", "classifier"}, {"encoder.layer.*.attention.*", "blocks.*.attn.*"}, {"*", "never"}}};
    REQUIRE(load(file, live, options)->unused_options.items == Paths{"rename '*'"});
    CHECK(live[0].elements == Floats{1});
    CHECK(live[1].elements == Floats{2});
    CHECK(live[2].elements == Floats{3});
}

TEST_CASE("load_into: two names that become one are refused") {
    const Reader file = file_of({{"module.a", {1}, 3}, {"a", {1}, 4}});
    std::vector<Live> live = {{"a", {1}}};
    CHECK(load(file, live, {.strip_prefixes = {"module."}}).error().condition() == Condition::option);
    std::vector<Live> twice = {{"a", {1}}, {"a", {1}}};
    CHECK(load(file, twice).error().condition() == Condition::option);
    CHECK(live[0].untouched());
}

TEST_CASE("load_into: a subset, nothing else loaded or reported") {
    const Reader file = file_of({{"conv1.weight", {2}, 1}, {"fc.weight", {2}, 2}, {"gone", {2}, 3}});
    std::vector<Live> live = {
        {"conv1.weight", {2}}, {"fc.weight", {3}}, {"conv2.weight", {2}}, {"fresh", {2}}};
    const auto report = load(file, live, {.strict = false, .only = {"conv*", "head.*"}});
    REQUIRE(report);
    CHECK(paths(report->loaded) == Paths{"net/conv1.weight"});
    CHECK(paths(report->missing) == Paths{"net/conv2.weight"});
    CHECK(report->unexpected.empty());
    CHECK(report->shape_mismatches.empty());
    CHECK(live[1].untouched());
}

TEST_CASE("load_into: entries that are not tensors go to extra_state, or are unexpected") {
    Checkpoint checkpoint;
    const Floats one = {1};
    checkpoint.model("net")["a"] = TensorView::of(std::span(one), {1});
    checkpoint.model("net")["_extra_state"] = 7;
    checkpoint.model("net")["b"] = nullptr;
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    std::vector<Live> live = {{"a", {1}}};
    CHECK(paths(load(file, live, kLenient)->unexpected) == Paths{"net/_extra_state", "net/b"});
    ModelTarget target = targets_of(live);
    Entries extra;
    target.extra_state = &extra;
    REQUIRE(load_into(file, "net", target));
    CHECK(extra.size() == 2);
    extra["fresh"] = 1;
    CHECK(load_into(file, "net", target).error().condition() == Condition::missing);
    CHECK(paths(load_into(file, "net", target, kLenient)->missing) == Paths{"net/fresh"});
    CHECK(paths(load_into(file, "net", target, {.only = {"a"}})->loaded) == Paths{"net/a"});
    CHECK(extra.size() == 3);
    CHECK(*extra.find("_extra_state")->as_int() == 7);
    std::vector<Live> both = {{"a", {1}}, {"b", {1}}};
    const auto report = load(file, both, kLenient);
    REQUIRE(report->dtype_mismatches.size() == 1);
    CHECK(report->dtype_mismatches.items[0].file == "null");
}

TEST_CASE("load_into: hand-over gives the view of the file and copies nothing") {
    const Reader file = file_of({{"a", {2}, 1}, {"b", {2}, 2}});
    std::optional<TensorView> handed;
    Live copied{"b", {2}};
    ModelTarget target{
        {{"a", TensorSpan(*find_dtype(Dtype::f32), {2}), [&](const TensorView& view) { handed = view; }},
         copied.target()}};
    SUBCASE("all well") {
        REQUIRE(load_into(file, "net", target));
        REQUIRE(handed);
        CHECK((*handed->as<float>())[1] == 1);
        CHECK(copied.elements == Floats(2, 2));
    }
    SUBCASE("nothing is handed over when something does not match") {
        target.tensors.push_back(Live{"missing", {1}}.target());
        CHECK_FALSE(load_into(file, "net", target));
        CHECK_FALSE(handed);
    }
}

TEST_CASE("load_into: a strided live tensor keeps its strides") {
    Checkpoint checkpoint;
    const Floats matrix = {1, 2, 3, 4, 5, 6};
    checkpoint.model("net")["w"] = TensorView::of(std::span(matrix), {2, 3});
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    Floats memory(9, -1);
    const auto bytes = std::as_writable_bytes(std::span(memory));
    const DtypeInfo f32 = *find_dtype(Dtype::f32);
    SUBCASE("transposed") {
        const ModelTarget target{{{"w", TensorSpan(f32, {2, 3}, bytes, 4, {1, 2})}}};
        REQUIRE(load_into(file, "net", target));
        CHECK(memory == Floats{-1, 1, 4, 2, 5, 3, 6, -1, -1});
    }
    SUBCASE("elements in one place are refused") {
        const ModelTarget target{{{"w", TensorSpan(f32, {2, 3}, bytes, 0, {1, 1})}}};
        CHECK(load_into(file, "net", target).error().condition() == Condition::layout);
        CHECK(memory == Floats(9, -1));
    }
}

TEST_CASE("load_into: a target larger than its memory is refused before anything is read") {
    const Reader file = file_of({{"a", {1}, 1}, {"b", {3}, 2}});
    Live first{"a", {1}};
    Floats memory(2, -1);
    const ModelTarget target{{first.target(), {"b", TensorSpan::of(std::span(memory), {3})}}};
    const auto report = load_into(file, "net", target);
    REQUIRE_FALSE(report);
    CHECK(report.error().condition() == Condition::layout);
    CHECK(report.error().message().starts_with("net/b: "));
    CHECK(first.untouched());
}

TEST_CASE("load_into: a model that is not there") {
    const Reader file = file_of({{"a", {1}, 1}});
    CHECK(load_into(file, "other", ModelTarget{}).error().condition() == Condition::model);
}

TEST_CASE("load_into: a bool that is neither 0 nor 1 does not become a C++ bool") {
    Checkpoint checkpoint;
    const std::vector<std::uint8_t> bytes = {0, 1, 2};
    checkpoint.model("net")["mask"] =
        TensorView(*find_dtype(Dtype::boolean), {3}, StorageView(std::as_bytes(std::span(bytes))));
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    bool live[3] = {true, true, true};
    const ModelTarget target{{{"mask", TensorSpan::of(std::span<bool>(live), {3})}}};
    CHECK(load_into(file, "net", target).error().condition() == Condition::wrong_type);
    CHECK(live[0]);
}

TEST_CASE("load_into: extra state goes by its live name") {
    Checkpoint checkpoint;
    checkpoint.model("net")["module._extra_state"] = 7;
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    Entries extra;
    extra["_extra_state"] = 1;
    ModelTarget target{{}, &extra};
    REQUIRE(load_into(file, "net", target, {.strip_prefixes = {"module."}}));
    CHECK(extra.size() == 1);
    CHECK(*extra.find("_extra_state")->as_int() == 7);
}

TEST_CASE("load_into: a message ends somewhere, the report does not") {
    Checkpoint checkpoint;
    const std::string model(1000, 'm');
    for (int i = 0; i < 2000; ++i)
        checkpoint.model(model)["entry " + std::to_string(i)] = nullptr;
    const Reader file = *open_bytes(*save_bytes(checkpoint));
    const auto refused = load_into(file, model, ModelTarget{});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().size() < 100'000);
    CHECK(refused.error().message().ends_with(" more"));
    CHECK(load_into(file, model, ModelTarget{}, kLenient)->unexpected.size() == 2000);
}
