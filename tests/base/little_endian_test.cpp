#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/little_endian.hpp"

using namespace milepost::base;

TEST_CASE("little endian: the lowest byte is the first, at any alignment") {
    for (std::size_t at = 0; at < 8; ++at) {
        std::array<std::byte, 16> bytes{};
        store_le(&bytes[at], std::uint64_t{0x0123'4567'89AB'CDEF});
        CHECK(bytes[at] == std::byte{0xEF});
        CHECK(bytes[at + 7] == std::byte{0x01});
        CHECK(load_le<std::uint64_t>(&bytes[at]) == 0x0123'4567'89AB'CDEFU);
        CHECK(load_le<std::uint32_t>(&bytes[at]) == 0x89AB'CDEFU);
        CHECK(load_le<std::uint16_t>(&bytes[at + 1]) == 0xABCDU);
    }
}

TEST_CASE("little endian: nothing is written beside the integer") {
    std::array<std::byte, 6> bytes{};
    bytes.fill(std::byte{0x55});
    store_le(&bytes[1], std::uint32_t{0});
    CHECK(bytes.front() == std::byte{0x55});
    CHECK(bytes.back() == std::byte{0x55});
    CHECK(load_le<std::uint32_t>(&bytes[1]) == 0);
}
