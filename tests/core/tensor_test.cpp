#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <milepost/tensor.hpp>

using milepost::Condition;
using milepost::Dtype;
using milepost::DtypeInfo;
using milepost::Tensor;

namespace {

template <class T>
concept CanBeViewed = requires(T&& tensor) {
    std::forward<T>(tensor).view();
};

static_assert(CanBeViewed<Tensor&>);
static_assert(CanBeViewed<const Tensor&>);
static_assert(!CanBeViewed<Tensor>, "a view of a temporary would dangle");
static_assert(!std::is_copy_constructible_v<Tensor> && !std::is_copy_assignable_v<Tensor>);
static_assert(std::is_nothrow_move_constructible_v<Tensor> && std::is_nothrow_move_assignable_v<Tensor>);
static_assert(!std::is_default_constructible_v<Tensor>);

template <class T>
void check_refused(const T& result, Condition condition) {
    REQUIRE_FALSE(result);
    CHECK(result.error().condition() == condition);
}

}  // namespace

TEST_CASE("tensor: zeros of every dtype, aligned to 64") {
    for (int code = 1; code <= 26; ++code) {
        const auto dtype = milepost::find_dtype(static_cast<Dtype>(code));
        CAPTURE(dtype->name);
        const auto tensor = Tensor::zeros(dtype->code, {2, 4, 5});
        REQUIRE(tensor);
        CHECK(tensor->dtype() == *dtype);
        CHECK(tensor->shape() == milepost::Shape{2, 4, 5});
        const auto bytes = tensor->bytes();
        CHECK(bytes.size() == 40U * dtype->bits / 8);
        CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % 64 == 0);
        CHECK(std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; }));
    }
}

TEST_CASE("tensor: large ones are zero and aligned too") {
    auto tensor = Tensor::zeros(Dtype::u8, {(64U << 20U) + 1});
    REQUIRE(tensor);
    CHECK(reinterpret_cast<std::uintptr_t>(tensor->bytes().data()) % (2U << 20U) == 0);
    CHECK(tensor->bytes().back() == std::byte{0});
    tensor->bytes().back() = std::byte{1};
}

TEST_CASE("tensor: rank 0, no elements") {
    const auto scalar = Tensor::zeros(Dtype::f64, {});
    REQUIRE(scalar);
    CHECK(scalar->bytes().size() == 8);
    const auto none = Tensor::zeros(Dtype::f64, {3, 0});
    REQUIRE(none);
    CHECK(none->bytes().empty());
    CHECK(none->view().bytes()->empty());
}

TEST_CASE("tensor: elements are written through as and seen through view") {
    auto tensor = Tensor::zeros(Dtype::f32, {2, 3});
    REQUIRE(tensor);
    auto elements = tensor->as<float>();
    REQUIRE(elements);
    REQUIRE(elements->size() == 6);
    (*elements)[5] = 2.5F;
    const auto view = tensor->view();
    CHECK(view.shape() == tensor->shape());
    CHECK(view.dtype() == tensor->dtype());
    CHECK(view.is_contiguous());
    CHECK(view.check_layout());
    CHECK((*view.as<float>())[5] == 2.5F);
    CHECK(view.bytes()->data() == std::as_const(*tensor).bytes().data());
}

TEST_CASE("tensor: wrong type") {
    auto tensor = Tensor::zeros(Dtype::f32, {2});
    check_refused(tensor->as<double>(), Condition::wrong_type);
    check_refused(tensor->as<std::int32_t>(), Condition::wrong_type);
    CHECK(tensor->as<float>());
}

TEST_CASE("tensor: bytes stay where they are when it is moved") {
    auto tensor = Tensor::zeros(Dtype::i16, {4});
    const auto* data = tensor->bytes().data();
    const Tensor moved = *std::move(tensor);
    CHECK(moved.bytes().data() == data);
}

TEST_CASE("tensor: unknown dtypes are refused by code and taken as described") {
    check_refused(Tensor::zeros(static_cast<Dtype>(0), {2}), Condition::dtype);
    check_refused(Tensor::zeros(static_cast<Dtype>(27), {2}), Condition::dtype);
    const auto tensor = Tensor::zeros(DtypeInfo{static_cast<Dtype>(27), 32, "c32"}, {3});
    REQUIRE(tensor);
    CHECK(tensor->bytes().size() == 12);
    CHECK(tensor->dtype().name == "c32");
}

TEST_CASE("tensor: what does not fit") {
    check_refused(Tensor::zeros(Dtype::f4_e2m1fn, {3}), Condition::layout);
    check_refused(Tensor::zeros(DtypeInfo{static_cast<Dtype>(99), 0, "x"}, {3}), Condition::layout);
    check_refused(Tensor::zeros(DtypeInfo{static_cast<Dtype>(99), 12, "x"}, {2}), Condition::layout);
    check_refused(Tensor::zeros(DtypeInfo{Dtype::f32, 64, "f32"}, {2}), Condition::layout);
    check_refused(Tensor::zeros(DtypeInfo{Dtype::f32, 32, "float"}, {2}), Condition::layout);
    check_refused(Tensor::zeros(Dtype::u8, {std::uint64_t{1} << 60U}), Condition::layout);
    check_refused(Tensor::zeros(Dtype::u8, {UINT64_MAX, UINT64_MAX}), Condition::layout);
    check_refused(Tensor::zeros(Dtype::u8, {std::uint64_t{1} << 60U, 0}), Condition::layout);
}

TEST_CASE("tensor: no memory") {
    check_refused(Tensor::zeros(Dtype::u8, {(std::uint64_t{1} << 60U) - 1}), Condition::out_of_memory);
    check_refused(Tensor::zeros(Dtype::f32, {std::uint64_t{1} << 57U}), Condition::out_of_memory);
}
