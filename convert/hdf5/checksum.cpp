#include "convert/hdf5/checksum.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace milepost::convert::hdf5 {
namespace {

struct Lookup3 {
    std::uint32_t a, b, c;

    /// `x` loses `y`, is mixed with a rotated one, and `y` takes `z`.
    void mix() noexcept {
        const auto step = [](std::uint32_t& x, std::uint32_t& y, std::uint32_t z, int bits) {
            x -= y;
            x ^= std::rotl(y, bits);
            y += z;
        };
        step(a, c, b, 4);
        step(b, a, c, 6);
        step(c, b, a, 8);
        step(a, c, b, 16);
        step(b, a, c, 19);
        step(c, b, a, 4);
    }

    void finish() noexcept {
        const auto step = [](std::uint32_t& x, std::uint32_t y, int bits) {
            x ^= y;
            x -= std::rotl(y, bits);
        };
        step(c, b, 14);
        step(a, c, 11);
        step(b, a, 25);
        step(c, b, 16);
        step(a, c, 4);
        step(b, a, 14);
        step(c, b, 24);
    }
};

std::uint32_t fold(std::uint32_t sum) noexcept {
    return (sum & 0xffffU) + (sum >> 16U);
}

}  // namespace

std::uint32_t metadata_checksum(std::span<const std::byte> bytes) noexcept {
    constexpr std::size_t kBlockNbytes = 12;
    const std::uint32_t begin = 0xdeadbeefU + static_cast<std::uint32_t>(bytes.size());
    Lookup3 state{begin, begin, begin};
    if (bytes.empty()) return state.c;
    for (;;) {
        std::array<std::uint32_t, 3> words{};
        std::memcpy(words.data(), bytes.data(), std::min(bytes.size(), kBlockNbytes));
        state.a += words[0];
        state.b += words[1];
        state.c += words[2];
        if (bytes.size() <= kBlockNbytes) break;
        state.mix();
        bytes = bytes.subspan(kBlockNbytes);
    }
    state.finish();
    return state.c;
}

std::uint32_t fletcher32(std::span<const std::byte> bytes) noexcept {
    // As many numbers as the sums hold without an overflow.
    constexpr std::size_t kBlockNbytes = std::size_t{360} * 2;
    std::uint32_t first = 0, second = 0;
    const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
    while (!bytes.empty()) {
        const std::size_t nbytes = std::min(bytes.size(), kBlockNbytes);
        for (std::size_t i = 0; i + 1 < nbytes; i += 2) {
            first += (byte(i) << 8U) | byte(i + 1);
            second += first;
        }
        if (nbytes % 2 != 0) {
            first += byte(nbytes - 1) << 8U;
            second += first;
        }
        first = fold(first);
        second = fold(second);
        bytes = bytes.subspan(nbytes);
    }
    return fold(second) << 16U | fold(first);
}

}  // namespace milepost::convert::hdf5
