#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "live.hpp"

// Live tensors that share memory, and tensors of a file that share a storage.
namespace {

using namespace milepost;
using namespace milepost::testing;

TensorSpan f32(Floats& memory, Shape shape, std::size_t first = 0, Strides strides = {}) {
    return {Dtype::f32, std::move(shape), std::as_writable_bytes(std::span(memory)), 4 * first,
            std::move(strides)};
}

Reader two(const Floats& a, const Floats& b, const Shape& shape) {
    Checkpoint checkpoint;
    checkpoint.model("net")["a"] = TensorView::of(std::span(a), shape);
    checkpoint.model("net")["b"] = TensorView::of(std::span(b), shape);
    return *open_bytes(*save_bytes(checkpoint));
}

ModelTarget target_of(TensorSpan a, TensorSpan b) {
    ModelTarget target;
    target.tensor("a", std::move(a)).tensor("b", std::move(b));
    return target;
}

}  // namespace

TEST_CASE("tied: two names of one live memory that would receive different bytes are an error in each mode") {
    Floats live(4, -1);
    const ModelTarget tied = target_of(f32(live, {4}), f32(live, {4}));
    for (const LoadMode mode : {LoadMode::checked, LoadMode::staged, LoadMode::direct}) {
        const auto refused =
            load_into(two(Floats(4, 1), Floats(4, 2), {4}), "net", tied, {.strict = false, .mode = mode});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().condition() == Condition::unexpected);
        CHECK(refused.error().message().starts_with("net/b: "));
        CHECK(live == Floats(4, -1));
    }
    REQUIRE(load_into(two(Floats(4, 1), Floats(4, 1), {4}), "net", tied));  // equal, though stored twice
    CHECK(live == Floats(4, 1));
}

TEST_CASE("tied: one name in the file fills both live ones; a twin in the file is not unexpected") {
    Floats live(4, -1);
    const auto report = load_into(file_of({{"a", {4}, 1}}), "net", target_of(f32(live, {4}), f32(live, {4})));
    REQUIRE(report);
    CHECK(report->complete());
    CHECK(paths(report->loaded) == Paths{"net/a"});
    CHECK(live == Floats(4, 1));
    // Not if the one in the file is not loaded itself.
    Floats other(5, -1);
    const ModelTarget unfit = target_of(f32(other, {5}), f32(other, {4}));
    CHECK(paths(load_into(file_of({{"a", {4}, 1}}), "net", unfit, kLenient)->missing) == Paths{"net/b"});

    const Floats shared(4, 3), copy(4, 3);
    ModelTarget one;
    one.tensor("a", f32(live, {4}));
    CHECK(load_into(two(shared, shared, {4}), "net", one)->complete());
    CHECK(paths(load_into(two(shared, copy, {4}), "net", one, kLenient)->unexpected) == Paths{"net/b"});
}

TEST_CASE("tied: a live part of what is loaded, or a transposed view of it, is not missing") {
    Floats live(12, -1);
    const Reader file = file_of({{"a", {3, 4}, 7}});
    for (const TensorSpan& b :
         {f32(live, {4}, 4), f32(live, {4, 3}, 0, {1, 4}), f32(live, {3, 2}, 2, {4, 1})}) {
        CHECK(load_into(file, "net", target_of(f32(live, {3, 4}), b)));
    }
    Floats larger(13, -1);
    CHECK_FALSE(load_into(file, "net", target_of(f32(larger, {3, 4}), f32(larger, {4}, 9))));
}

TEST_CASE(
    "shared memory: parts that overlap must receive equal bytes; columns of one matrix do not overlap") {
    Floats live(6, -1);
    const Floats low = {1, 2, 3, 4}, same = {3, 4, 5, 6}, other = {9, 4, 5, 6};
    const ModelTarget overlapping = target_of(f32(live, {4}), f32(live, {4}, 2));
    CHECK(load_into(two(low, other, {4}), "net", overlapping, kLenient).error().condition() ==
          Condition::unexpected);
    CHECK(live == Floats(6, -1));
    REQUIRE(load_into(two(low, same, {4}), "net", overlapping));
    CHECK(live == Floats{1, 2, 3, 4, 5, 6});

    Floats matrix(8, -1);
    const ModelTarget columns = target_of(f32(matrix, {2, 2}, 0, {4, 1}), f32(matrix, {2, 2}, 2, {4, 1}));
    REQUIRE(load_into(two(low, same, {2, 2}), "net", columns));
    CHECK(matrix == Floats{1, 2, 3, 4, 3, 4, 5, 6});

    // A matrix and its transposed view: equal bytes are another order of elements.
    Floats square(4, -1);
    const ModelTarget turned = target_of(f32(square, {2, 2}), f32(square, {2, 2}, 0, {1, 2}));
    CHECK_FALSE(load_into(two({1, 2, 3, 4}, {1, 2, 3, 4}, {2, 2}), "net", turned));
    REQUIRE(load_into(two({1, 2, 3, 4}, {1, 3, 2, 4}, {2, 2}), "net", turned));
    CHECK(square == Floats{1, 2, 3, 4});
}

TEST_CASE("shared memory: large tensors are compared in blocks, and one byte counts") {
    const std::size_t count = 5'000'000;  // more than one block
    Floats a(count, 1), b(count, 1), live(count, -1);
    const ModelTarget tied = target_of(f32(live, {count}), f32(live, {count}));
    REQUIRE(load_into(two(a, b, {count}), "net", tied));
    b.back() = 2;
    CHECK_FALSE(load_into(two(a, b, {count}), "net", tied));
    CHECK(live == a);
}

TEST_CASE("shared memory: what is compared is what would be written, after a cast") {
    Checkpoint checkpoint;
    const Floats single = {1.5F};
    const std::vector<double> twice = {1.5}, other = {1.25};
    checkpoint.model("net")["a"] = TensorView::of(std::span(single), {1});
    checkpoint.model("net")["b"] = TensorView::of(std::span(twice), {1});
    Floats live(1, -1);
    const ModelTarget tied = target_of(f32(live, {1}), f32(live, {1}));
    CHECK(load_into(*open_bytes(*save_bytes(checkpoint)), "net", tied, {.cast = true}));
    checkpoint.model("net")["b"] = TensorView::of(std::span(other), {1});
    CHECK_FALSE(load_into(*open_bytes(*save_bytes(checkpoint)), "net", tied, {.cast = true}));
}
