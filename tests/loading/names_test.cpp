#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "support/memory.hpp"
#include "support/samples.hpp"

// What is in a file, by name and by path: docs/format.md, section 2.
namespace {

using namespace milepost;
using namespace milepost::testing;

Reader open_saved(const Checkpoint& checkpoint) {
    return *open_bytes(*save_bytes(checkpoint));
}

Condition missing(const Reader& file, std::string_view model, std::string_view name) {
    const auto tensor = file.tensor(model, name);
    return tensor ? Condition::magic : tensor.error().condition();
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("names: parts in the order of the file") {
    const Reader file = open_saved(several_models());
    CHECK(file.models() == Names{"teacher", "student", "empty model"});
    CHECK(file.optimizers() == Names{"sgd"});
    CHECK(file.values() == Names{"epoch", "best"});
    CHECK(file.checkpoint()->order() ==
          std::vector<std::string>{"epoch", "student", "sgd", "best", "teacher", "empty model"});
}

TEST_CASE("names: tensors of a model, in its order") {
    const Reader file = open_saved(several_models());
    const auto tensors = file.tensors("teacher");
    REQUIRE(tensors.size() == 2);  // the one inside of extra_state is not an entry
    CHECK(tensors[0].name() == "weight");
    CHECK(tensors[0].role() == Role::parameter);
    CHECK(tensors[1].name() == "bias");
    CHECK(file.tensors("empty model").empty());
    CHECK(file.tensors("nobody").empty());
    CHECK(file.tensors().size() == 5);
}

TEST_CASE("names: what is not there") {
    const Reader file = open_saved(several_models());
    CHECK(missing(file, "nobody", "weight") == Condition::model);
    CHECK(missing(file, "", "") == Condition::model);
    CHECK(missing(file, "teacher", "weigh") == Condition::tensor);
    CHECK(missing(file, "teacher", "weight2") == Condition::tensor);
    CHECK(missing(file, "teacher", "extra_state") == Condition::wrong_type);
    CHECK(file.model("nobody").error().condition() == Condition::model);
    CHECK(file.optimizer("adam").error().condition() == Condition::optimizer);
    CHECK(file.value("epochs").error().condition() == Condition::value);
    for (const char* path : {"", "/", "teacher", "teacher/", "teacher/extra_state", "epoch", "sgd/state/0/x",
                             "teacher/weight/0"}) {
        const auto tensor = file.tensor(path);
        REQUIRE_FALSE(tensor);
        CHECK(tensor.error().condition() == Condition::tensor);
    }
    CHECK(Reader::open("/no/such/file").error().condition() == Condition::file);
}

TEST_CASE("names: every tensor is found by its path") {
    for (const Checkpoint& checkpoint : {several_models(), several_optimizers(), named_params(),
                                         every_value(), every_shape(), every_dtype()}) {
        const Reader file = open_saved(checkpoint);
        const auto tensors = file.tensors();
        for (std::uint32_t i = 0; i < tensors.size(); ++i) {
            const std::string path = file.tensor_path(i);
            INFO(path);
            const auto found = file.tensor(path);
            REQUIRE(found);
            CHECK(found->index() == i);
            CHECK(tensors[i].index() == i);
        }
    }
}

TEST_CASE("names: the paths themselves") {
    const Reader optimizers = open_saved(several_optimizers());
    for (const char* path : {"adam/param_groups/1/lr", "adam/state/0/exp_avg", "adam/state/99/step"}) {
        CHECK_MESSAGE(optimizers.tensor(path), path);
    }
    const Reader named = open_saved(named_params());
    CHECK(named.tensor_path(named.tensor("named/state/fc.weight/exp_avg")->index().value()) ==
          "named/state/fc.weight/exp_avg");
    CHECK(named.tensor("named/state/blocks.0/attention.weight/exp_avg"));
    CHECK_FALSE(named.tensor("named/state/0/exp_avg"));
    const Reader values = open_saved(every_value());
    CHECK(values.tensor("list of tensors/0"));
    CHECK(values.tensor("list of tensors/1/last"));
    const Reader models = open_saved(several_models());
    CHECK(models.tensor("teacher/extra_state/scale"));
    CHECK(models.tensor_path(1'000'000).empty());
}

TEST_CASE("names: looked up among many, by binary search") {
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("m");
    for (int i = 999; i >= 0; --i)
        model["layer." + std::to_string(i)] = TensorView::of(six_floats(), {6});
    const Reader file = open_saved(checkpoint);
    for (int i = 0; i < 1000; ++i)
        CHECK(file.tensor("m", "layer." + std::to_string(i)));
    CHECK(file.tensors("m").front().name() == "layer.999");
}

TEST_CASE("names: of a name with slashes, the path is found all the same") {
    Checkpoint checkpoint;
    checkpoint.model("a")["b/c"] = TensorView::of(six_floats(), {6});
    checkpoint.model("d/e")["f"] = TensorView::of(six_floats(), {6});
    const Reader file = open_saved(checkpoint);
    CHECK(file.tensor("a/b/c"));
    CHECK(file.tensor("d/e/f"));
}

TEST_CASE("names: whole parts come back as they were") {
    const Reader file = open_saved(several_optimizers());
    const auto adam = file.optimizer("adam");
    REQUIRE(adam);
    CHECK(adam->algorithm == "AdamW");
    REQUIRE(adam->param_groups.size() == 3);
    CHECK(adam->param_groups[0].params == std::vector<std::uint64_t>{0, 1, 1});
    CHECK(adam->param_groups[0].param_names == std::vector<std::string>{"weight", "bias", "bias"});
    CHECK(adam->param_groups[0].params_position == 0U);
    CHECK(adam->param_groups[0].param_names_position == 2U);
    CHECK_FALSE(adam->param_groups[1].param_names.has_value());
    CHECK(adam->param_groups[1].params[1] == std::uint64_t{1} << 60U);
    CHECK(adam->state.size() == 3);
    CHECK(adam->state.at(7).empty());
    CHECK(adam->state_extra.size() == 1);
    CHECK(adam->extra.items()[1].first == "order");
    const Reader models = open_saved(several_models());
    const auto model = models.model("teacher");
    REQUIRE(model);
    CHECK(model->metadata.get_if<Dict>()->items.size() == 2);
}
