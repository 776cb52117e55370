#include "random.hpp"

#include <random>

#include <doctest/doctest.h>

#include "data_order.hpp"
#include "failure.hpp"

// The numbers that PyTorch itself gives for these seeds.

using lenet::DataOrder;
using lenet::Generator;
using Order = std::vector<std::int64_t>;

TEST_CASE("generator: is std::mt19937") {
    Generator ours(5489);
    std::mt19937 standard(5489);  // NOLINT(bugprone-random-generator-seed)
    for (int i = 0; i < 2000; ++i)
        REQUIRE(ours.draw() == standard());
}

TEST_CASE("generator: permutation of PyTorch") {
    Generator generator(7);
    CHECK(lenet::random_permutation(10, generator) == Order{5, 0, 3, 4, 1, 7, 9, 6, 8, 2});
    CHECK(lenet::random_permutation(0, generator).empty());
    CHECK(lenet::random_permutation(1, generator) == Order{0});
}

TEST_CASE("data order: shuffled as a DataLoader shuffles") {
    Generator generator(7);
    DataOrder order;
    order.begin_epoch(10, generator);
    CHECK(order.images == Order{3, 2, 7, 8, 6, 1, 5, 9, 0, 4});
}

TEST_CASE("generator: an i64 thrown away, then a permutation, as with a generator of one's own") {
    Generator generator(42);
    generator.draw_i64();
    CHECK(lenet::random_permutation(10, generator) == Order{6, 5, 4, 0, 8, 9, 2, 1, 3, 7});
}

TEST_CASE("generator: an i64 is two draws, the high one first, without its sign") {
    Generator generator(0);
    std::mt19937 standard(0);  // NOLINT(bugprone-random-generator-seed)
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t high = standard();
        const std::uint64_t low = standard();
        REQUIRE(generator.draw_i64() == static_cast<std::int64_t>((high % 0x80000000U) << 32U | low));
    }
}

TEST_CASE("data order: in the order of the file draws nothing") {
    Generator generator(7);
    DataOrder order;
    order.shuffle = false;
    order.begin_epoch(3, generator);
    CHECK(order.images == Order{0, 1, 2});
    CHECK(generator == Generator(7));
}

TEST_CASE("data order: the last batch of an epoch is smaller") {
    Generator generator(0);
    DataOrder order;
    CHECK(order.epoch_done());
    order.begin_epoch(10, generator);
    CHECK(order.next_batch(4).size() == 4);
    CHECK(order.next_batch(4).size() == 4);
    CHECK_FALSE(order.epoch_done());
    CHECK(order.next_batch(4).size() == 2);
    CHECK(order.epoch_done());
}

TEST_CASE("data order: an image twice, none, out of range; position after the end") {
    CHECK(DataOrder{{1, 0, 2}, 3}.valid());
    CHECK(DataOrder{}.valid());
    CHECK_FALSE(DataOrder{{1, 1, 2}, 0}.valid());
    CHECK_FALSE(DataOrder{{0, 1, 3}, 0}.valid());
    CHECK_FALSE(DataOrder{{0, 1, -1}, 0}.valid());
    CHECK_FALSE(DataOrder{{1, 0, 2}, 4}.valid());
}

namespace {

unsigned at(const Generator::State& state, std::size_t offset) {
    return std::to_integer<unsigned>(state[offset]) | std::to_integer<unsigned>(state[offset + 1]) << 8U;
}

}  // namespace

TEST_CASE("generator state: PyTorch's layout") {
    Generator generator(0x0102);
    Generator::State state = generator.encode();
    CHECK(at(state, 0) == 0x0102);  // seed
    CHECK(at(state, 8) == 1);       // left
    CHECK(at(state, 12) == 1);      // seeded
    CHECK(at(state, 16) == 0);      // next
    CHECK(at(state, 24) == 0x0102);
    CHECK(at(state, 28) == 0);  // a word of 32 bits is stored in 64
    for (int i = 0; i < 5; ++i)
        generator.draw();
    state = generator.encode();
    CHECK(at(state, 8) == 620);
    CHECK(at(state, 16) == 5);
}

TEST_CASE("generator state: goes on after 0, 1, 623, 624 and 625 draws") {
    for (const int draws : {0, 1, 623, 624, 625}) {
        Generator generator(3);
        for (int i = 0; i < draws; ++i)
            generator.draw();
        Generator resumed = Generator::decode(generator.encode());
        CHECK(resumed == generator);
        for (int i = 0; i < 1300; ++i)
            REQUIRE(resumed.draw() == generator.draw());
    }
}

TEST_CASE("generator state: what no generator can be in is refused") {
    const Generator::State good = Generator(3).encode();
    CHECK_THROWS_AS(static_cast<void>(Generator::decode(std::span(good).first(5055))), lenet::Failure);
    const auto refuses = [&](std::size_t offset, unsigned value) {
        Generator::State state = good;
        state[offset] = static_cast<std::byte>(value);
        CHECK_THROWS_AS(static_cast<void>(Generator::decode(state)), lenet::Failure);
    };
    refuses(8, 0);     // left
    refuses(8, 2);     // left, though next is 0
    refuses(12, 0);    // not seeded
    refuses(16, 1);    // next, though left is 1
    refuses(23, 1);    // next beyond the words
    refuses(11, 255);  // left negative
}
