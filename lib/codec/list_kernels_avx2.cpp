// Compiled for AVX2 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/list_kernels.hpp"

#if defined(__AVX2__) && defined(__POPCNT__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernel_parts.hpp"
#include "codec/shuffle_steps.hpp"

namespace milepost::codec {
namespace {

constexpr const ShuffleSteps& kSteps = kShuffleSteps;
constexpr std::size_t kLanes = ShuffleSteps::kLanes;

/// 8 bytes in the low half of a register.
__m128i load_low(const std::uint8_t* from) noexcept {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
}
void store_low(std::uint8_t* to, __m128i bytes) noexcept {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), bytes);
}

template <bool kZerosAreList, bool kOnesAreList>
void merge_as(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept {
    BitWords words(merge.bits);
    const std::uint8_t *zeros = merge.zeros.list, *ones = merge.ones.list;
    __m128i zero = _mm_set1_epi8(static_cast<char>(merge.zeros.value));
    __m128i one = _mm_set1_epi8(static_cast<char>(merge.ones.value));
    for (std::size_t i = 0; i < count; i += 64) {
        std::uint64_t masks = words.next();
        for (std::size_t lanes = 0; lanes < 64; lanes += kLanes, masks >>= kLanes) {
            const std::uint64_t mask = masks & 0xFFU;
            const std::size_t of_ones = kSteps.ones[mask];
            if constexpr (kZerosAreList) {
                zero = load_low(zeros);
                zeros += kLanes - of_ones;
            }
            if constexpr (kOnesAreList) {
                one = load_low(ones);
                ones += of_ones;
            }
            const __m128i next = _mm_unpacklo_epi64(zero, one);
            store_low(out + i + lanes, _mm_shuffle_epi8(next, load_low(kSteps.merge[mask])));
        }
    }
}

/// Both sides are values: 32 of them at a time.
void merge_values(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept {
    BitWords words(merge.bits);
    const __m256i zero = _mm256_set1_epi8(static_cast<char>(merge.zeros.value));
    const __m256i one = _mm256_set1_epi8(static_cast<char>(merge.ones.value));
    const __m256i bit_of_lane = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201));
    const __m256i byte_of_lane =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    for (std::size_t i = 0; i < count; i += 64) {
        const std::uint64_t masks = words.next();
        for (unsigned half = 0; half < 2; ++half) {
            const __m256i all = _mm256_set1_epi32(static_cast<int>(masks >> 32 * half));
            const __m256i bits = _mm256_and_si256(_mm256_shuffle_epi8(all, byte_of_lane), bit_of_lane);
            const __m256i is_one = _mm256_cmpeq_epi8(bits, bit_of_lane);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i + 32 * half),
                                _mm256_blendv_epi8(zero, one, is_one));
        }
    }
}

void merge(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept {
    const bool zeros = merge.zeros.list != nullptr, ones = merge.ones.list != nullptr;
    if (zeros && ones) return merge_as<true, true>(merge, count, out);
    if (zeros) return merge_as<true, false>(merge, count, out);
    if (ones) return merge_as<false, true>(merge, count, out);
    merge_values(merge, count, out);
}

/// Which of 64 ranks are not less than the pivot.
std::uint64_t mask_of(const std::uint8_t* ranks, __m256i pivot) noexcept {
    std::uint64_t mask = 0;
    for (unsigned half = 0; half < 2; ++half) {
        const __m256i some = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ranks + 32 * half));
        const __m256i stays = _mm256_cmpeq_epi8(_mm256_max_epu8(some, pivot), some);
        mask |= std::uint64_t{static_cast<unsigned>(_mm256_movemask_epi8(stays))} << 32 * half;
    }
    return mask;
}

std::size_t partition(std::uint8_t* ranks, std::size_t count, std::uint8_t pivot, std::uint8_t* zeros,
                      std::uint64_t* masks) noexcept {
    const __m256i pivots = _mm256_set1_epi8(static_cast<char>(pivot));
    std::uint8_t* stay = ranks;
    for (std::size_t i = 0; i < count; i += 64) {
        std::uint64_t mask = mask_of(ranks + i, pivots);
        if (count - i < 64) mask &= ~std::uint64_t{0} >> (64 - (count - i));
        masks[i / 64] = mask;
        const std::size_t end = count - i < 64 ? count - i : 64;
        for (std::size_t lanes = 0; lanes < end; lanes += kLanes, mask >>= kLanes) {
            const std::size_t ones = kSteps.ones[mask & 0xFFU];
            const __m128i order =
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(kSteps.partition[mask & 0xFFU]));
            const __m128i parted = _mm_shuffle_epi8(load_low(ranks + i + lanes), order);
            store_low(stay, parted);
            store_low(zeros, _mm_unpackhi_epi64(parted, parted));
            stay += ones;
            zeros += kLanes - ones;
        }
    }
    return static_cast<std::size_t>(stay - ranks);
}

// No instruction is of use for what follows.

void map(const std::uint8_t* bytes, std::size_t count, const std::uint8_t* table, std::uint8_t* to) noexcept {
    kPortableListKernels.map(bytes, count, table, to);
}

void count_values(const std::uint8_t* values, std::size_t count, std::uint32_t* counts) noexcept {
    kPortableListKernels.count_values(values, count, counts);
}

constexpr ListKernels kKernels = {count_ones_in_words, merge, partition, map, count_values};

}  // namespace

const ListKernels* const kAvx2ListKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const ListKernels* const kAvx2ListKernels = nullptr;

}  // namespace milepost::codec

#endif
