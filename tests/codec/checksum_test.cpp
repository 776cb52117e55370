#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "codec/checksum.hpp"

using namespace milepost::codec;

namespace {

/// The buffer of the sanity check in xxHash's own sources.
std::vector<std::byte> sanity_buffer() {
    constexpr std::uint64_t kPrime32 = 2'654'435'761U, kPrime64 = 11'400'714'785'074'694'797U;
    std::vector<std::byte> bytes(2367);
    std::uint64_t generator = kPrime32;
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(generator >> 56U);
        generator *= kPrime64;
    }
    return bytes;
}

struct Published {
    std::size_t nbytes;
    std::string_view digest;
};

}  // namespace

// The values that xxHash publishes for seed 0; the lengths take each of its code paths.
TEST_CASE("checksum: XXH3-64 of xxHash's sanity check") {
    const auto buffer = sanity_buffer();
    for (const Published& published : {Published{0, "2d06800538d394c2"},
                                       {1, "c44bdff4074eecdb"},
                                       {6, "27b56a84cd2d7325"},
                                       {12, "a713daf0dfbb77e7"},
                                       {24, "a3fe70bf9d3510eb"},
                                       {48, "397da259ecba1f11"},
                                       {80, "bcdefbbb2c47c90a"},
                                       {195, "cd94217ee362ec3a"},
                                       {403, "cdeb804d65c6dea4"},
                                       {512, "617e49599013cb6b"},
                                       {2048, "dd59e2c3a5f038e0"},
                                       {2240, "6e73a90539cf2948"},
                                       {2367, "cb37aeb9e5d361ed"}}) {
        CAPTURE(published.nbytes);
        CHECK(to_hex(checksum64(std::span(buffer).first(published.nbytes))) == published.digest);
    }
}

TEST_CASE("checksum: XXH3-128 of xxHash's sanity check") {
    const auto buffer = sanity_buffer();
    for (const Published& published : {Published{0, "99aa06d3014798d86001c324468d497f"},
                                       {1, "a6cd5e9392000f6ac44bdff4074eecdb"},
                                       {6, "082afe0b8162d12a3e7039bdda43cfc6"},
                                       {12, "6e3efd8fc7802b18061a192713f69ad9"},
                                       {24, "0ce966e4678d37611e7044d28b1b901d"},
                                       {48, "a002ac4e5478227ef942219aed80f67b"},
                                       {81, "4952f58181ab00425e8bafb9f95fb803"},
                                       {222, "337e09641b948717f1aebd597cec6b3a"},
                                       {403, "1b6de21e332dd73dcdeb804d65c6dea4"},
                                       {512, "18d2d110dcc9bca1617e49599013cb6b"},
                                       {2048, "f736557fd47073a5dd59e2c3a5f038e0"},
                                       {2240, "ccb134fbfa7ce49d6e73a90539cf2948"},
                                       {2367, "e89c0f6ff369b427cb37aeb9e5d361ed"}}) {
        CAPTURE(published.nbytes);
        CHECK(to_hex(checksum128(std::span(buffer).first(published.nbytes))) == published.digest);
    }
}

TEST_CASE("checksum: hex digits") {
    const std::vector<std::byte> bytes = {std::byte{0x00}, std::byte{0x0F}, std::byte{0xA9}, std::byte{0xFF}};
    CHECK(to_hex(bytes) == "000fa9ff");
    CHECK(to_hex({}).empty());
}
