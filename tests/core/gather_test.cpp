#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <vector>

#include "core/gather.hpp"

using namespace milepost::core;
using Sizes = std::vector<std::uint64_t>;

namespace {

/// One element after the other, by its indices: what gather means.
std::vector<std::byte> gather_by_index(const std::byte* from, const Sizes& shape, const Sizes& strides,
                                       std::size_t element_nbytes) {
    std::uint64_t count = 0;
    REQUIRE(element_count(shape, count));
    std::vector<std::byte> to(count * element_nbytes);
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t rest = i;
        std::uint64_t at = 0;
        for (std::size_t dim = shape.size(); dim-- > 0;) {
            at += rest % shape[dim] * strides[dim];
            rest /= shape[dim];
        }
        std::memcpy(to.data() + i * element_nbytes, from + at * element_nbytes, element_nbytes);
    }
    return to;
}

/// Memory of just the size that the tensor reaches: a byte read after it is found by the address sanitizer.
std::vector<std::byte> make_source(const Sizes& shape, const Sizes& strides, std::size_t element_nbytes) {
    std::vector<std::byte> bytes(extent_nbytes(shape, strides, element_nbytes * 8));
    std::mt19937 random(7);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random()); });
    return bytes;
}

void check_gather(const Sizes& shape, const Sizes& strides, std::size_t element_nbytes) {
    CAPTURE(dims_text(shape));
    CAPTURE(dims_text(strides));
    CAPTURE(element_nbytes);
    const auto source = make_source(shape, strides, element_nbytes);
    const auto expected = gather_by_index(source.data(), shape, strides, element_nbytes);
    std::vector<std::byte> found(expected.size());
    gather(source.data(), shape, strides, element_nbytes, found.data());
    CHECK(found == expected);
}

const std::vector<std::size_t> kElementSizes = {1, 2, 3, 4, 8, 12, 16, 128};

}  // namespace

TEST_CASE("gather: transposed matrices, at the edges of a tile") {
    for (const std::uint64_t rows : {1U, 2U, 31U, 32U, 33U, 64U, 65U}) {
        for (const std::uint64_t columns : {2U, 31U, 32U, 33U, 65U}) {
            for (const std::size_t nbytes : kElementSizes)
                check_gather({rows, columns}, {1, rows}, nbytes);
        }
    }
}

TEST_CASE("gather: stride 0 repeats") {
    for (const std::size_t nbytes : kElementSizes) {
        check_gather({5}, {0}, nbytes);
        check_gather({3, 4}, {0, 0}, nbytes);
        check_gather({3, 4}, {0, 1}, nbytes);
        check_gather({3, 4}, {1, 0}, nbytes);
        check_gather({3, 4, 2}, {2, 0, 1}, nbytes);
        check_gather({40, 3, 40}, {0, 1, 0}, nbytes);
    }
}

TEST_CASE("gather: every second, every third") {
    for (const std::size_t nbytes : kElementSizes) {
        check_gather({5}, {2}, nbytes);
        check_gather({70}, {3}, nbytes);
        check_gather({4, 5}, {20, 2}, nbytes);
        check_gather({4, 5}, {10, 1}, nbytes);  // rows of a wider matrix
        check_gather({4, 5, 6}, {60, 12, 2}, nbytes);
    }
}

TEST_CASE("gather: sizes of 1 anywhere, whatever their stride") {
    check_gather({1, 3, 1, 4, 1}, {999, 1, 999, 3, 999}, 4);
    check_gather({3, 1, 4}, {8, 0, 2}, 4);
}

TEST_CASE("gather: overlapping windows") {
    check_gather({10, 4}, {1, 1}, 4);
}

TEST_CASE("gather: every order of four dimensions") {
    const Sizes sizes = {3, 5, 2, 34};
    Sizes order = {0, 1, 2, 3};
    const Sizes whole = contiguous_strides(sizes);
    do {
        Sizes shape;
        Sizes strides;
        for (const auto dim : order) {
            shape.push_back(sizes[dim]);
            strides.push_back(whole[dim]);
        }
        for (const std::size_t nbytes : {1U, 4U, 3U})
            check_gather(shape, strides, nbytes);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("gather: any shape and strides") {
    std::mt19937 random(1);
    const auto below = [&](unsigned end) { return static_cast<std::uint64_t>(random() % end); };
    for (int round = 0; round < 3000; ++round) {
        Sizes shape(1 + below(6));
        Sizes strides(shape.size());
        for (auto& size : shape)
            size = 1 + below(below(4) == 0 ? 9 : 4);
        const Sizes whole = contiguous_strides(shape);
        for (std::size_t i = 0; i < shape.size(); ++i)
            strides[i] = below(2) == 0 ? whole[i] : below(12);
        check_gather(shape, strides, kElementSizes[below(static_cast<unsigned>(kElementSizes.size()))]);
    }
}

TEST_CASE("gather: many dimensions") {
    Sizes shape(64, 1);
    Sizes strides(64, 5);
    for (std::size_t i = 0; i < 12; ++i) {
        shape[i * 5] = 2;
        strides[i * 5] = std::uint64_t{1} << i;
    }
    check_gather(shape, strides, 2);
}
