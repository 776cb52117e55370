#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "base/cpu.hpp"
#include "codec/word_kernels.hpp"

using namespace milepost::codec;

namespace {

struct Cut {
    std::vector<std::uint8_t> symbols, rests;
};

Cut split(const WordKernels& kernels, const std::vector<std::uint16_t>& tops, TopCut cut,
          const std::array<std::uint8_t, 256>& first_symbols) {
    Cut made{std::vector<std::uint8_t>(tops.size() + kWordSlack),
             std::vector<std::uint8_t>(tops.size() + kWordSlack)};
    kernels.split(tops.data(), tops.size(), cut, first_symbols.data(), made.symbols.data(),
                  made.rests.data());
    return made;
}

std::vector<std::uint16_t> join(const WordKernels& kernels, const Cut& from, std::size_t count, TopCut cut,
                                const std::array<std::uint16_t, 256>& of_symbols) {
    std::vector<std::uint16_t> tops(count);
    kernels.join(from.symbols.data(), from.rests.data(), count, cut, of_symbols.data(), tops.data());
    return tops;
}

/// Words of 40 exponents, cut with `b` mantissa bits in a symbol, by every kernel.
void check(std::size_t count, unsigned mantissa_bits, unsigned b, unsigned seed) {
    const unsigned low = mantissa_bits - b, exponents = 256U >> b < 24 ? 256U >> b : 24;
    std::mt19937 random(seed);
    std::vector<std::uint16_t> tops(count);
    for (std::uint16_t& top : tops) {
        const unsigned exponent = static_cast<unsigned>(random() % exponents) + 7;
        top = static_cast<std::uint16_t>((random() & 0x8000U) | exponent << mantissa_bits |
                                         (random() & ((1U << mantissa_bits) - 1)));
    }
    std::array<std::uint8_t, 256> first_symbols{};
    std::array<std::uint16_t, 256> of_symbols{};
    for (unsigned rank = 0; rank < exponents; ++rank) {
        first_symbols[rank + 7] = static_cast<std::uint8_t>(rank << b);
        for (unsigned mantissa = 0; mantissa < 1U << b; ++mantissa)
            of_symbols[rank << b | mantissa] =
                static_cast<std::uint16_t>((rank + 7) << mantissa_bits | mantissa << low);
    }
    const TopCut cut{mantissa_bits, low};
    const Cut expected = split(kPortableWordKernels, tops, cut, first_symbols);
    CHECK(join(kPortableWordKernels, expected, count, cut, of_symbols) == tops);
    if (!milepost::base::cpu_has_avx512_vbmi2() || kAvx512WordKernels == nullptr) return;
    const Cut made = split(*kAvx512WordKernels, tops, cut, first_symbols);
    const auto end = [&](const auto& of) { return of.begin() + static_cast<std::ptrdiff_t>(count); };
    CHECK(std::equal(made.symbols.begin(), end(made.symbols), expected.symbols.begin()));
    CHECK(std::equal(made.rests.begin(), end(made.rests), expected.rests.begin()));
    CHECK(join(*kAvx512WordKernels, made, count, cut, of_symbols) == tops);
}

}  // namespace

TEST_CASE("word kernels: each path of code cuts alike and joins again") {
    for (std::size_t count = 1; count < 260; ++count) {
        for (const auto& [mantissa_bits, b] : {std::pair{7U, 0U}, {7U, 2U}, {7U, 7U}, {10U, 3U}, {10U, 5U}})
            check(count, mantissa_bits, b, static_cast<unsigned>(count));
    }
}
