#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/kernel_parts.hpp"
#include "codec/list_kernels.hpp"

namespace milepost::codec {
namespace {

constexpr std::size_t kLanes = 8;

/// For each 8 bits of a mask, what merges 8 values, the first one in the lowest byte of a word.
struct Steps {
    std::array<std::uint64_t, 256> lanes{};  ///< 0xFF where there is a one
    /// Where bytes arrive that are moved by 4, 2 and 1, so that the first bytes come to the ones.
    std::array<std::array<std::uint64_t, 3>, 256> arrivals{};
    std::array<std::uint8_t, 256> ones{};
};

constexpr Steps make_steps() noexcept {
    Steps steps;
    for (unsigned mask = 0; mask < 256; ++mask) {
        unsigned ones = 0;
        for (unsigned lane = 0; lane < kLanes; ++lane) {
            if ((mask >> lane & 1U) == 0) continue;
            steps.lanes[mask] |= std::uint64_t{0xFF} << 8 * lane;
            unsigned at = ones;
            for (unsigned step = 0; step < 3; ++step) {
                const unsigned by = 4U >> step;
                if (((lane - ones) & by) == 0) continue;
                at += by;
                steps.arrivals[mask][step] |= std::uint64_t{0xFF} << 8 * at;
            }
            ++ones;
        }
        steps.ones[mask] = static_cast<std::uint8_t>(ones);
    }
    return steps;
}

constexpr Steps kSteps = make_steps();

/// The first bytes of `bytes` at the ones of a mask; what is elsewhere does not matter.
std::uint64_t spread(std::uint64_t bytes, std::uint8_t mask) noexcept {
    const auto& arrivals = kSteps.arrivals[mask];
    bytes ^= (bytes ^ bytes << 32U) & arrivals[0];
    bytes ^= (bytes ^ bytes << 16U) & arrivals[1];
    return bytes ^ ((bytes ^ bytes << 8U) & arrivals[2]);
}

std::uint64_t load_lanes(const std::uint8_t* from) noexcept {
    std::uint64_t lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

template <bool kZerosAreList, bool kOnesAreList>
void merge_as(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept {
    constexpr std::uint64_t kEach = 0x0101010101010101;
    const std::uint8_t *zeros = merge.zeros.list, *ones = merge.ones.list;
    std::uint64_t zero = merge.zeros.value * kEach, one = merge.ones.value * kEach, masks = 0;
    BitWords words(merge.bits);
    for (std::size_t i = 0; i < count; i += kLanes, masks >>= kLanes) {
        if (i % 64 == 0) masks = words.next();
        const auto mask = static_cast<std::uint8_t>(masks);
        if constexpr (kZerosAreList) {
            zero = spread(load_lanes(zeros), static_cast<std::uint8_t>(~mask));
            zeros += kLanes - kSteps.ones[mask];
        }
        if constexpr (kOnesAreList) {
            one = spread(load_lanes(ones), mask);
            ones += kSteps.ones[mask];
        }
        const std::uint64_t all = zero ^ ((zero ^ one) & kSteps.lanes[mask]);
        std::memcpy(out + i, &all, sizeof all);
    }
}

void merge(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept {
    const bool zeros = merge.zeros.list != nullptr, ones = merge.ones.list != nullptr;
    if (zeros && ones) return merge_as<true, true>(merge, count, out);
    if (zeros) return merge_as<true, false>(merge, count, out);
    if (ones) return merge_as<false, true>(merge, count, out);
    merge_as<false, false>(merge, count, out);
}

/// The opposite of spread(): the bytes at the ones of a mask come first; what is after them does not matter.
std::uint64_t gather(std::uint64_t bytes, std::uint8_t mask) noexcept {
    const auto& arrivals = kSteps.arrivals[mask];
    bytes ^= (bytes ^ bytes >> 8U) & (arrivals[2] >> 8U);
    bytes ^= (bytes ^ bytes >> 16U) & (arrivals[1] >> 16U);
    return bytes ^ ((bytes ^ bytes >> 32U) & (arrivals[0] >> 32U));
}

/// Which of 8 bytes are not less than those of `pivots`, by their highest bits, which become the mask.
std::uint8_t mask_of(std::uint64_t bytes, std::uint64_t pivots) noexcept {
    constexpr std::uint64_t kHighest = 0x8080808080808080;
    const std::uint64_t low_is_not_less = (bytes | kHighest) - (pivots & ~kHighest);
    const std::uint64_t is_not_less = (bytes & ~pivots) | (~(bytes ^ pivots) & low_is_not_less);
    return static_cast<std::uint8_t>(((is_not_less & kHighest) >> 7U) * 0x0102040810204080 >> 56U);
}

std::size_t partition(std::uint8_t* ranks, std::size_t count, std::uint8_t pivot, std::uint8_t* zeros,
                      std::uint64_t* masks) noexcept {
    const std::uint64_t pivots = pivot * std::uint64_t{0x0101010101010101};
    std::uint8_t* stay = ranks;
    for (std::size_t begin = 0; begin < count; begin += 64) {
        const std::size_t end = count - begin < 64 ? count : begin + 64;
        masks[begin / 64] = 0;
        for (std::size_t i = begin; i < end; i += kLanes) {
            const std::uint64_t some = load_lanes(ranks + i);
            std::uint8_t mask = mask_of(some, pivots);
            if (end - i < kLanes) mask &= static_cast<std::uint8_t>((1U << (end - i)) - 1);
            masks[begin / 64] |= std::uint64_t{mask} << (i - begin);
            const std::uint64_t ones = gather(some, mask),
                                others = gather(some, static_cast<std::uint8_t>(~mask));
            std::memcpy(stay, &ones, sizeof ones);
            std::memcpy(zeros, &others, sizeof others);
            stay += kSteps.ones[mask];
            zeros += kLanes - kSteps.ones[mask];
        }
    }
    return static_cast<std::size_t>(stay - ranks);
}

void map(const std::uint8_t* bytes, std::size_t count, const std::uint8_t* table, std::uint8_t* to) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        to[i] = table[bytes[i]];
}

/// Tables by turns, because the same value twice in a row would wait for itself.
void count_values(const std::uint8_t* values, std::size_t count, std::uint32_t* counts) noexcept {
    constexpr std::size_t kTables = 8;
    std::uint32_t tables[kTables][256] = {};
    std::size_t i = 0;
    for (; i + kTables <= count; i += kTables) {
        std::uint64_t some;
        std::memcpy(&some, values + i, sizeof some);
        for (std::size_t table = 0; table < kTables; ++table)
            ++tables[table][some >> 8 * table & 0xFFU];
    }
    for (; i < count; ++i)
        ++tables[0][values[i]];
    for (std::size_t value = 0; value < 256; ++value) {
        counts[value] = 0;
        for (const auto& table : tables)
            counts[value] += table[value];
    }
}

}  // namespace

const ListKernels kPortableListKernels = {count_ones_in_words, merge, partition, map, count_values};

}  // namespace milepost::codec
