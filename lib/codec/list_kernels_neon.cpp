// For aarch64, all of whose machines have NEON.

#include "codec/list_kernels.hpp"

#ifdef __aarch64__

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernel_parts.hpp"
#include "codec/shuffle_steps.hpp"

namespace milepost::codec {
namespace {

constexpr const ShuffleSteps& kSteps = kShuffleSteps;
constexpr std::size_t kLanes = ShuffleSteps::kLanes;

template <bool kZerosAreList, bool kOnesAreList>
void merge_as(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept {
    BitWords words(merge.bits);
    const std::uint8_t *zeros = merge.zeros.list, *ones = merge.ones.list;
    uint8x8_t zero = vdup_n_u8(merge.zeros.value), one = vdup_n_u8(merge.ones.value);
    for (std::size_t i = 0; i < count; i += 64) {
        std::uint64_t masks = words.next();
        for (std::size_t lanes = 0; lanes < 64; lanes += kLanes, masks >>= kLanes) {
            const std::uint64_t mask = masks & 0xFFU;
            const std::size_t of_ones = kSteps.ones[mask];
            if constexpr (kZerosAreList) {
                zero = vld1_u8(zeros);
                zeros += kLanes - of_ones;
            }
            if constexpr (kOnesAreList) {
                one = vld1_u8(ones);
                ones += of_ones;
            }
            vst1_u8(out + i + lanes, vqtbl1_u8(vcombine_u8(zero, one), vld1_u8(kSteps.merge[mask])));
        }
    }
}

void merge(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept {
    const bool zeros = merge.zeros.list != nullptr, ones = merge.ones.list != nullptr;
    if (zeros && ones) return merge_as<true, true>(merge, count, out);
    if (zeros) return merge_as<true, false>(merge, count, out);
    if (ones) return merge_as<false, true>(merge, count, out);
    merge_as<false, false>(merge, count, out);
}

/// Which of 64 ranks are not less than the pivot.
std::uint64_t mask_of(const std::uint8_t* ranks, uint8x16_t pivot) noexcept {
    const uint8x16_t bits = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    const auto bits_of = [=](std::size_t from) {
        return vandq_u8(vcgeq_u8(vld1q_u8(ranks + from), pivot), bits);
    };
    // Adding neighbours three times leaves a byte of each 8.
    const uint8x16_t first = vpaddq_u8(bits_of(0), bits_of(16)), second = vpaddq_u8(bits_of(32), bits_of(48));
    const uint8x16_t all = vpaddq_u8(first, second);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

std::size_t partition(std::uint8_t* ranks, std::size_t count, std::uint8_t pivot, std::uint8_t* zeros,
                      std::uint64_t* masks) noexcept {
    const uint8x16_t pivots = vdupq_n_u8(pivot);
    std::uint8_t* stay = ranks;
    for (std::size_t i = 0; i < count; i += 64) {
        std::uint64_t mask = mask_of(ranks + i, pivots);
        if (count - i < 64) mask &= ~std::uint64_t{0} >> (64 - (count - i));
        masks[i / 64] = mask;
        const std::size_t end = count - i < 64 ? count - i : 64;
        for (std::size_t lanes = 0; lanes < end; lanes += kLanes, mask >>= kLanes) {
            const std::size_t ones = kSteps.ones[mask & 0xFFU];
            const uint8x8_t some = vld1_u8(ranks + i + lanes);
            const uint8x16_t order = vld1q_u8(kSteps.partition[mask & 0xFFU]);
            const uint8x16_t parted = vqtbl1q_u8(vcombine_u8(some, some), order);
            vst1_u8(stay, vget_low_u8(parted));
            vst1_u8(zeros, vget_high_u8(parted));
            stay += ones;
            zeros += kLanes - ones;
        }
    }
    return static_cast<std::size_t>(stay - ranks);
}

void map(const std::uint8_t* bytes, std::size_t count, const std::uint8_t* table, std::uint8_t* to) noexcept {
    uint8x16x4_t parts[4];
    for (std::size_t part = 0; part < 4; ++part)
        parts[part] = vld1q_u8_x4(table + 64 * part);
    const uint8x16_t part_size = vdupq_n_u8(64);
    for (std::size_t i = 0; i < count; i += 16) {
        uint8x16_t places = vld1q_u8(bytes + i);
        uint8x16_t found = vqtbl4q_u8(parts[0], places);
        for (std::size_t part = 1; part < 4; ++part) {
            places = vsubq_u8(places, part_size);
            found = vqtbx4q_u8(found, parts[part], places);  // leaves what is outside of its table
        }
        vst1q_u8(to + i, found);
    }
}

// No instruction is of use for what follows.

void count_values(const std::uint8_t* values, std::size_t count, std::uint32_t* counts) noexcept {
    kPortableListKernels.count_values(values, count, counts);
}

constexpr ListKernels kKernels = {count_ones_in_words, merge, partition, map, count_values};

}  // namespace

const ListKernels* const kNeonListKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const ListKernels* const kNeonListKernels = nullptr;

}  // namespace milepost::codec

#endif
