#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <random>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/huffman.hpp"
#include "codec/list_code.hpp"
#include "codec/list_kernels.hpp"
#include "codec/list_tree.hpp"
#include "support/all_kernels.hpp"

using namespace milepost::codec;

namespace {

/// Values of which each is about `skew` times as frequent as the next one.
std::unique_ptr<ValueBuffer> skewed_values(std::size_t count, unsigned distinct, double skew, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<double> weights(distinct);
    double weight = 1;
    for (double& each : weights)
        each = weight /= skew;
    std::discrete_distribution<int> values(weights.begin(), weights.end());
    auto buffer = std::make_unique<ValueBuffer>();
    std::generate_n(buffer->begin(), count, [&] { return static_cast<std::uint8_t>(values(random) * 7); });
    return buffer;
}

Counts count(std::span<const std::uint8_t> values) {
    Counts counts{};
    for (const std::uint8_t value : values)
        ++counts[value];
    return counts;
}

std::array<std::uint8_t, 256> ranks_of(const ListTree& tree) {
    std::array<std::uint8_t, 256> ranks{};
    for (std::size_t rank = 0; rank < tree.value_count; ++rank)
        ranks[tree.values[rank]] = static_cast<std::uint8_t>(rank);
    return ranks;
}

struct Coded {
    ListTree tree;
    std::size_t nbits;
    std::vector<std::uint8_t> bytes;
};

Coded encode(ListCoder& coder, const ValueBuffer& values, std::size_t count_of) {
    const auto used = std::span(values).first(count_of);
    const CodeLengths lengths = huffman_lengths(count(used));
    Coded coded{*ListTree::make(lengths), 0, std::vector<std::uint8_t>(2 * count_of + 16)};
    coded.nbits = coder.encode(coded.tree, ranks_of(coded.tree), used,
                               reinterpret_cast<std::byte*>(coded.bytes.data()));
    CHECK(coded.nbits == coded_bits(count(used), lengths));
    coded.bytes.resize((coded.nbits + 7) / 8);
    return coded;
}

void check_round_trip(const ValueBuffer& values, std::size_t count_of) {
    const auto first = std::make_unique<ListCoder>(kPortableListKernels);
    const Coded expected = encode(*first, values, count_of);
    for (const NamedKernels& named : all_kernels()) {
        const auto coder = std::make_unique<ListCoder>(*named.kernels.lists);
        const Coded coded = encode(*coder, values, count_of);
        CHECK(coded.bytes == expected.bytes);
        const auto decoded = std::make_unique<ValueBuffer>();
        REQUIRE(coder->decode(coded.tree, {coded.bytes, coded.nbits}, count_of, *decoded));
        CHECK(std::equal(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count_of),
                         decoded->begin()));
    }
}

}  // namespace

TEST_CASE("huffman: the cost is that of the best code, and no word is longer than allowed") {
    Counts counts{};
    for (unsigned value = 0; value < 5; ++value)
        counts[value] = std::initializer_list<std::uint32_t>{5, 9, 12, 13, 61}.begin()[value];
    CHECK(coded_bits(counts, huffman_lengths(counts)) == 178);
    std::uint32_t a = 1, b = 1;  // Fibonacci numbers make the deepest tree
    for (unsigned value = 0; value < 40; ++value) {
        counts[value] = a;
        b += std::exchange(a, b);
    }
    const CodeLengths lengths = huffman_lengths(counts);
    CHECK(*std::max_element(lengths.begin(), lengths.end()) <= kMaxCodeLength);
    CHECK(ListTree::make(lengths).has_value());
}

TEST_CASE("list tree: lengths that are not those of a complete code of two values or more are refused") {
    const auto makes = [](std::initializer_list<std::uint8_t> of) {
        CodeLengths lengths{};
        std::copy(of.begin(), of.end(), lengths.begin() + 3);
        return ListTree::make(lengths).has_value();
    };
    CHECK(makes({1, 1}));
    CHECK(makes({2, 0, 1, 2}));
    CHECK(makes({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15}));
    CHECK_FALSE(makes({}));
    CHECK_FALSE(makes({1}));
    CHECK_FALSE(makes({1, 2}));
    CHECK_FALSE(makes({1, 1, 1}));
    CHECK_FALSE(makes({1, 1, 15}));
}

TEST_CASE("lists: the order of the bits is that of the specification") {
    // Code words: 5 is 0, 6 is 10, 7 is 11. The root's bits, then those of the node "1".
    CodeLengths lengths{};
    lengths[5] = 1;
    lengths[6] = lengths[7] = 2;
    const auto tree = ListTree::make(lengths);
    auto values = std::make_unique<ValueBuffer>();
    const std::vector<std::uint8_t> wanted = {5, 7, 6, 5, 7};
    std::copy(wanted.begin(), wanted.end(), values->begin());
    std::vector<std::byte> bytes(16);
    const auto coder = std::make_unique<ListCoder>(kPortableListKernels);
    REQUIRE(coder->encode(*tree, ranks_of(*tree), std::span(*values).first(5), bytes.data()) == 8);
    CHECK(bytes[0] == std::byte{0b101'10110});
}

TEST_CASE("lists: each path of code gives the same bits, and the values again") {
    for (std::size_t count_of = 2; count_of < 300; ++count_of)
        check_round_trip(*skewed_values(count_of + 40, 5, 1.5, static_cast<unsigned>(count_of)),
                         count_of + 40);
    for (const std::size_t count_of : {4095U, 4096U, 65535U, 65536U}) {
        for (const double skew : {1.01, 1.2, 2.5, 9.0})
            check_round_trip(*skewed_values(count_of, 36, skew, 3), count_of);
    }
}

TEST_CASE("lists: a number of bits that is not that of the nodes is refused") {
    const auto values = skewed_values(1000, 12, 1.4, 9);
    const auto decoded = std::make_unique<ValueBuffer>();
    for (const NamedKernels& named : all_kernels()) {
        const auto coder = std::make_unique<ListCoder>(*named.kernels.lists);
        Coded coded = encode(*coder, *values, 1000);
        coded.bytes.resize(coded.bytes.size() + 1);
        CHECK(coder->decode(coded.tree, {coded.bytes, coded.nbits}, 1000, *decoded));
        for (std::size_t nbits = 0; nbits <= coded.nbits + 8; ++nbits) {
            if (nbits == coded.nbits) continue;
            CHECK_FALSE(coder->decode(coded.tree, {coded.bytes, nbits}, 1000, *decoded));
        }
        CHECK_FALSE(coder->decode(coded.tree, {coded.bytes, coded.nbits}, 1001, *decoded));
        CHECK_FALSE(coder->decode(coded.tree, {coded.bytes, coded.nbits}, 999, *decoded));
    }
}

TEST_CASE("list kernels: values are counted alike, whether few are frequent or not") {
    for (const std::size_t count_of :
         {1U, 63U, 64U, 65U, 4095U, 4096U, 4097U, 16383U, 20000U, 65535U, 65536U}) {
        for (unsigned kind = 0; kind < 6; ++kind) {
            std::mt19937 random(kind);
            auto values = std::make_unique<ValueBuffer>();
            for (std::size_t i = 0; i < count_of; ++i) {
                const auto one = static_cast<unsigned>(random());
                const unsigned near = 250 + one % 12;  // a window that goes past the largest value
                const unsigned value = kind == 0   ? 77
                                       : kind == 1 ? one
                                       : kind == 2 ? near
                                       : kind == 3 ? (one >> 8U & 63U ? 100 + one % 3 : one >> 16U)
                                       : kind == 4 ? (i < count_of / 2 ? 5 : one % 16 + 30)
                                                   : static_cast<unsigned>(i);
                (*values)[i] = static_cast<std::uint8_t>(value);
            }
            const Counts expected = count(std::span(*values).first(count_of));
            for (const NamedKernels& named : all_kernels()) {
                const std::string_view name = named.name;
                CAPTURE(name);
                Counts counts;
                counts.fill(12345);
                named.kernels.lists->count_values(values->data(), count_of, counts.data());
                CHECK(counts == expected);
            }
        }
    }
}
