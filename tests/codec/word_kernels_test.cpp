#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "codec/join_kernels.hpp"
#include "codec/list_kernels.hpp"
#include "codec/split_kernels.hpp"
#include "support/all_kernels.hpp"

using namespace milepost::codec;

namespace {

using Values = std::vector<std::uint8_t>;

/// Memory of exactly so many bytes, at an odd address: AddressSanitizer sees one more that is read or
/// written.
class ExactBytes {
public:
    explicit ExactBytes(std::size_t nbytes) : memory_(new std::uint8_t[nbytes + 1]()) {}
    explicit ExactBytes(const Values& from) : ExactBytes(from.size()) {
        std::copy(from.begin(), from.end(), data());
    }
    [[nodiscard]] std::uint8_t* data() const { return memory_.get() + 1; }

private:
    std::unique_ptr<std::uint8_t[]> memory_;
};

Values first_of(const Values& values, std::size_t count) {
    return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// How words are cut, with the tables for it.
struct Tables {
    unsigned mantissa_bits, low_bits;
    std::array<std::uint8_t, 256> first_symbols{};
    std::array<std::uint16_t, 256> of_symbols{};
    unsigned first_exponent = 0, exponents = 0;

    Tables(unsigned mantissa_bits_of, unsigned b)
        : mantissa_bits(mantissa_bits_of), low_bits(mantissa_bits_of - b) {
        const unsigned all = 1U << (15 - mantissa_bits);
        exponents = std::min(256U >> b, all);
        first_exponent = (all - exponents) / 2;
        for (unsigned rank = 0; rank < exponents; ++rank) {
            first_symbols[rank + first_exponent] = static_cast<std::uint8_t>(rank << b);
            for (unsigned mantissa = 0; mantissa < 1U << b; ++mantissa)
                of_symbols[rank << b | mantissa] = static_cast<std::uint16_t>(
                    (rank + first_exponent) << mantissa_bits | mantissa << low_bits);
        }
    }
    [[nodiscard]] TopCut cut(bool is_tabled) const {
        const auto base = static_cast<std::uint16_t>(first_exponent << (mantissa_bits - low_bits));
        if (is_tabled) return {mantissa_bits, low_bits, 0, first_symbols.data()};
        return {mantissa_bits, low_bits, base, nullptr};
    }
    [[nodiscard]] TopForm computed() const {
        return {low_bits, static_cast<std::uint16_t>(first_exponent << mantissa_bits), nullptr};
    }
    [[nodiscard]] TopForm tabled() const { return {low_bits, 0, of_symbols.data()}; }
};

/// Words whose exponents are in the tables: random, all alike, each different, or few.
Values words_of(const Tables& tables, std::size_t word_nbytes, std::size_t count, unsigned kind) {
    std::mt19937 random(kind + static_cast<unsigned>(count));
    Values words(count * word_nbytes);
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t word = kind == 1                        ? 0x8123'4567U
                             : kind == 2                      ? static_cast<std::uint32_t>(i * 0x0101'0101U)
                             : kind == 3 && random() % 8 != 0 ? 0U
                                                              : static_cast<std::uint32_t>(random());
        const unsigned top = word >> 16U;
        const unsigned exponent = (top & 0x7FFFU) >> tables.mantissa_bits;
        const unsigned used = exponent % tables.exponents + tables.first_exponent;
        const unsigned new_top =
            (top & (0x8000U | ((1U << tables.mantissa_bits) - 1))) | used << tables.mantissa_bits;
        word = (word & 0xFFFFU) | new_top << 16U;
        for (std::size_t byte = 0; byte < word_nbytes; ++byte)
            words[i * word_nbytes + byte] =
                static_cast<std::uint8_t>(word >> 8 * (byte + sizeof word - word_nbytes));
    }
    return words;
}

using Planes4 = std::array<Values, 4>;

Planes4 split(const SplitKernels& kernels, const TopCut& cut, std::size_t word_nbytes, const Values& words) {
    const std::size_t count = words.size() / word_nbytes;
    Planes4 planes;
    for (Values& plane : planes)
        plane.resize(count + kListSlack);
    const ExactBytes exact(words);
    const auto kernel = word_nbytes == 2 ? kernels.split : kernels.split_wide;
    kernel(exact.data(), count, cut,
           {planes[0].data(), planes[1].data(), planes[2].data(), planes[3].data()});
    for (std::size_t plane = 0; plane < 4; ++plane)
        planes[plane] = plane < word_nbytes ? first_of(planes[plane], count) : Values{};
    return planes;
}

/// The words, of a list that is merged of two.
Values join(const JoinKernels& kernels, const TopForm& form, std::size_t word_nbytes, const Planes4& planes) {
    const std::size_t count = planes[0].size();
    std::mt19937 random(5);
    Values bits(count / 8 + kListSlack + 1), zeros, ones;
    for (std::size_t i = 0; i < count; ++i) {
        const bool is_one = random() % 3 == 0;
        if (is_one) bits[(i + 3) / 8] |= static_cast<std::uint8_t>(1U << (i + 3) % 8);
        (is_one ? ones : zeros).push_back(planes[0][i]);
    }
    zeros.resize(zeros.size() + kListSlack);
    ones.resize(ones.size() + kListSlack);
    const ExactBytes rests(planes[1]), high(planes[2]), low(planes[3]), words(count * word_nbytes);
    const auto kernel = word_nbytes == 2 ? kernels.join : kernels.join_wide;
    kernel({{{bits.data(), 3}, {zeros.data(), 0}, {ones.data(), 0}}, rests.data(), high.data(), low.data()},
           form, {words.data(), count, true});
    return {words.data(), words.data() + count * word_nbytes};
}

void check_words(unsigned mantissa_bits, unsigned b, std::size_t word_nbytes, std::size_t count,
                 unsigned kind) {
    const Tables tables(mantissa_bits, b);
    const Values words = words_of(tables, word_nbytes, count, kind);
    const Planes4 expected = split(kPortableSplitKernels, tables.cut(true), word_nbytes, words);
    for (const NamedKernels& named : all_kernels()) {
        const std::string_view name = named.name;
        CAPTURE(name);
        CHECK(split(*named.kernels.split, tables.cut(true), word_nbytes, words) == expected);
        CHECK(split(*named.kernels.split, tables.cut(false), word_nbytes, words) == expected);
        if (count % kJoinedWords != 0) continue;
        CHECK(join(*named.kernels.join, tables.computed(), word_nbytes, expected) == words);
        CHECK(join(*named.kernels.join, tables.tabled(), word_nbytes, expected) == words);
    }
}

Values pack(const SplitKernels& kernels, Values values, unsigned bits) {
    const std::size_t count = values.size();
    values.resize(count + kListSlack, 0xFF);
    const std::size_t nbytes = (count * bits + 7) / 8;
    const ExactBytes packed(nbytes);
    kernels.pack(values.data(), count, bits, packed.data());
    return {packed.data(), packed.data() + nbytes};
}

Values unpack(const JoinKernels& kernels, const Values& packed, std::size_t count, unsigned bits) {
    Values values(count + kListSlack);
    const ExactBytes exact(packed);
    kernels.unpack(exact.data(), count, bits, values.data());
    return first_of(values, count);
}

}  // namespace

TEST_CASE("word kernels: each path of code cuts alike and joins again") {
    for (std::size_t count = 1; count <= 4096; count += count < 260 ? 1 : 317) {
        for (unsigned kind = 0; kind < 4; ++kind) {
            for (const std::size_t word_nbytes : {2U, 4U}) {
                check_words(7, 0, word_nbytes, count, kind);
                check_words(7, 2, word_nbytes, count, kind);
                check_words(7, 7, word_nbytes, count, kind);
            }
            check_words(10, 3, 2, count, kind);
            check_words(10, 5, 2, count, kind);
        }
    }
}

TEST_CASE("word kernels: values are packed alike, without a byte too many, and unpacked again") {
    for (std::size_t count = 1; count <= 4096; count += count < 300 ? 1 : 317) {
        for (unsigned bits = 1; bits < 8; ++bits) {
            std::mt19937 random(bits);
            Values values(count);
            std::generate(values.begin(), values.end(),
                          [&] { return static_cast<std::uint8_t>(random() & ((1U << bits) - 1)); });
            const Values expected = pack(kPortableSplitKernels, values, bits);
            for (const NamedKernels& named : all_kernels()) {
                const std::string_view name = named.name;
                CAPTURE(name);
                CHECK(pack(*named.kernels.split, values, bits) == expected);
                CHECK(unpack(*named.kernels.join, expected, count, bits) == values);
            }
        }
    }
}
