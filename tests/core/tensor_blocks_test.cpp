#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/tensor.hpp>

#include "support/samples.hpp"

using namespace milepost;
using namespace milepost::testing;

namespace {

struct Blocks {
    std::vector<std::byte> bytes;
    std::size_t largest = 0, count = 0;
};

Blocks blocks_of(const TensorView& tensor, std::uint64_t max_nbytes) {
    Blocks blocks;
    const auto read = tensor.read_blocks(
        [&blocks](std::span<const std::byte> block) -> Result<void> {
            blocks.bytes.insert(blocks.bytes.end(), block.begin(), block.end());
            blocks.largest = std::max(blocks.largest, block.size());
            ++blocks.count;
            return {};
        },
        max_nbytes);
    REQUIRE(read);
    return blocks;
}

}  // namespace

TEST_CASE("read_blocks: all elements in order, and no block above the limit") {
    const std::vector<std::byte> bytes = make_bytes(7 * 11 * 13 * 4 + 400, 4);
    const StorageView storage(bytes);
    const DtypeInfo f32 = *find_dtype(Dtype::f32);
    const TensorView tensors[] = {
        TensorView(f32, {7, 11, 13}, storage, 8),
        TensorView(f32, {13, 11, 7}, storage, 8, {1, 13, 143}),
        TensorView(f32, {7, 5, 4}, storage, 4, {143, 26, 3}),
        TensorView(f32, {3, 1'000}, storage, 0, {1, 0}),
        TensorView(f32, {}, storage, 12),
        TensorView(f32, {1, 1, 5}, storage, 12, {9, 9, 2}),
        TensorView(*find_dtype(Dtype::f4_e2m1fn), {6, 100}, storage, 1),
        TensorView(*find_dtype(Dtype::f6_e2m3fn), {8, 33}, storage, 1),
    };
    for (const TensorView& tensor : tensors) {
        CAPTURE(tensor.rank());
        const auto expected = tensor.load();
        REQUIRE(expected);
        constexpr std::uint64_t kLimits[] = {1, 3, 4, 5, 28, 52, 53, 571, 572, 573, 4'000, 1 << 20};
        for (const std::uint64_t max : kLimits) {
            const Blocks blocks = blocks_of(tensor, max);
            CHECK(std::equal(blocks.bytes.begin(), blocks.bytes.end(), expected->bytes().begin(),
                             expected->bytes().end()));
            CHECK(blocks.largest <= std::max<std::uint64_t>(max, 4));
            if (max == 1 << 20) CHECK(blocks.count == 1);
        }
    }
    CHECK(blocks_of(TensorView(f32, {0, 5}, storage), 100).count == 0);
    CHECK(blocks_of(TensorView(f32, {3, 0}, storage, 0, {1, 7}), 100).count == 0);
}

TEST_CASE("read_blocks: an error of the caller ends it") {
    const std::vector<std::byte> bytes = make_bytes(100, 4);
    const TensorView tensor(*find_dtype(Dtype::u8), {100}, StorageView(bytes));
    int calls = 0;
    const auto read = tensor.read_blocks(
        [&calls](std::span<const std::byte>) -> Result<void> {
            if (++calls == 3) return Error(Condition::by_caller, "enough");
            return {};
        },
        10);
    REQUIRE(!read);
    CHECK(read.error().condition() == Condition::by_caller);
    CHECK(calls == 3);
    const TensorView outside(*find_dtype(Dtype::u8), {101}, StorageView(bytes));
    CHECK(outside.read_blocks([](std::span<const std::byte>) -> Result<void> { return {}; })
              .error()
              .condition() == Condition::layout);
}
