#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <random>
#include <vector>

#include "codec/codec.hpp"
#include "codec/planes_codec.hpp"
#include "support/all_kernels.hpp"

// What the encoder writes, byte for byte. A change of it changes every file: docs/format.md, section 10.

using namespace milepost::codec;

namespace {

using Buffer = std::vector<std::byte>;

/// Weights made without floating-point arithmetic, so that they are the same everywhere: exponents half as
/// frequent as the next larger one, random signs and mantissas.
Buffer weights(std::size_t word_nbytes, unsigned exponent_bits) {
    std::mt19937_64 random(7);
    Buffer bytes(kChunkNbytes - 3);
    const auto word_bits = static_cast<unsigned>(8 * word_nbytes);
    const std::uint64_t largest = (std::uint64_t{1} << (exponent_bits - 1)) - 2;
    const unsigned mantissa_bits = word_bits - 1 - exponent_bits;
    const std::uint64_t exponent_mask = ((std::uint64_t{1} << exponent_bits) - 1) << mantissa_bits;
    for (std::size_t i = 0; i + word_nbytes <= bytes.size(); i += word_nbytes) {
        const auto below = static_cast<std::uint64_t>(std::countl_zero(random() | 1U));
        const std::uint64_t exponent = largest - std::min(below, largest);
        const std::uint64_t others = random() >> (64 - word_bits);
        const std::uint64_t word = (others & ~exponent_mask) | exponent << mantissa_bits;
        std::memcpy(&bytes[i], &word, word_nbytes);
    }
    return bytes;
}

struct Stored {
    std::size_t nbytes;
    std::uint64_t sum;  ///< FNV-1a: this test is built without any library
    friend bool operator==(const Stored&, const Stored&) = default;
};

Stored stored_by(Encoder& encoder, const Buffer& raw) {
    Buffer stored(raw.size());
    const std::size_t nbytes = encoder.encode(raw, stored);
    std::uint64_t sum = 0xCBF29CE484222325;
    for (std::size_t i = 0; i < nbytes; ++i)
        sum = (sum ^ std::to_integer<std::uint64_t>(stored[i])) * 0x100000001B3;
    return {nbytes, sum};
}

std::ostream& operator<<(std::ostream& out, const Stored& stored) {
    return out << "{" << stored.nbytes << ", " << stored.sum << "U}";
}

}  // namespace

TEST_CASE("planes: the stored bytes are the same everywhere") {
    struct Row {
        std::uint8_t parameter;
        std::size_t word_nbytes;
        unsigned exponent_bits;
        Stored fast, smallest;
    };
    for (const Row& row : {
             Row{1, 1, 4, {784314, 5500794381740572474U}, {784314, 5500794381740572474U}},
             Row{2, 2, 5, {853953, 11853660144478474294U}, {853953, 11853660144478474294U}},
             Row{3, 2, 8, {655968, 694807658477764950U}, {656598, 5357807510127601829U}},
             Row{4, 4, 8, {852284, 17845931486314834403U}, {852604, 15553075872760051604U}},
             Row{5, 8, 11, {901733, 4908658417171342110U}, {901880, 16887399649458710444U}},
         }) {
        CAPTURE(int{row.parameter});
        const Buffer raw = weights(row.word_nbytes, row.exponent_bits);
        for (const NamedKernels& named : all_kernels()) {
            CHECK(stored_by(*make_planes_encoder({3, row.parameter, false}, named.kernels), raw) == row.fast);
            CHECK(stored_by(*make_planes_encoder({3, row.parameter, true}, named.kernels), raw) ==
                  row.smallest);
        }
    }
}
