#include <string>
#include <vector>

#include "state_dicts/round_trip.hpp"
#include "support/samples.hpp"

// State_dicts: their order, their tensors' forms and roles, what is tied, and what is stored beside the
// tensors.
namespace {

using namespace milepost;
using milepost::state_dicts::check_round_trip;

}  // namespace

TEST_CASE("models: every dtype") {
    const Reader reader = check_round_trip(testing::every_dtype());
    CHECK(reader.tensors().size() == 26);
}

TEST_CASE("models: every form of a tensor keeps its strides and its offset, also of a dim of 1") {
    const Reader reader = check_round_trip(testing::every_shape());
    const auto turned = reader.tensor("shapes", "transposed");
    REQUIRE(turned);
    CHECK(turned->strides() == Strides{1, 3});
    CHECK(reader.tensor("shapes", "every second")->offset() == 4);
}

TEST_CASE("models: a stride that means nothing stays as it is") {
    const TensorView odd(*find_dtype(Dtype::f32), {3, 1, 2},
                         StorageView(std::as_bytes(testing::six_floats())), 0, {1, 77, 3});
    const Reader reader = check_round_trip(testing::one_value(odd));
    CHECK(reader.tensor("v")->strides() == Strides{1, 77, 3});
}

TEST_CASE(
    "models: several, tied to each other, with metadata, extra state, roles and an order of their own") {
    const Reader reader = check_round_trip(testing::several_models());
    CHECK(reader.tensor("teacher", "weight")->role() == Role::parameter);
    CHECK(reader.tensor("teacher", "weight")->requires_grad());
    CHECK(reader.tensor("student", "running")->role() == Role::buffer);
    CHECK_FALSE(reader.tensor("student", "running")->requires_grad());
    CHECK(reader.storages().size() == 1);
    const std::vector<std::string> order = {"epoch", "student", "sgd", "best", "teacher", "empty model"};
    CHECK(reader.checkpoint()->order() == order);
}

TEST_CASE("models: names beyond ASCII, with /, of 4096 bytes, alike but for their normal form") {
    (void)check_round_trip(testing::odd_names());
}

TEST_CASE("models: tensors of several dtypes on one storage stay tied") {
    const StorageView storage(std::as_bytes(testing::six_floats()));
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("model");
    model["bits"] = TensorView(*find_dtype(Dtype::u32), {6}, storage);
    model["floats"] = TensorView(*find_dtype(Dtype::f32), {6}, storage);
    model["nibbles"] = TensorView(*find_dtype(Dtype::f4_e2m1fn), {6}, storage, 21);
    const Reader reader = check_round_trip(checkpoint);
    CHECK(reader.storages().size() == 1);
    CHECK(reader.tensor("model", "bits")->storage() == reader.tensor("model", "nibbles")->storage());
}
