// Compiled for AVX-512 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/list_kernels.hpp"

#if defined(__AVX512VBMI__) && defined(__AVX512VBMI2__) && defined(__AVX512BW__) && defined(__AVX512VPOPCNTDQ__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernel_parts.hpp"
#include "codec/kernels_avx512.hpp"

namespace milepost::codec {
namespace {

/// Counts whole bytes, 64 at a time; what is before and after the bits in their first and last byte is taken away.
std::size_t count_ones(NodeBits bits, std::size_t count) noexcept {
    if (count <= 512) return count_ones_in_words(bits, count);
    const std::uint8_t* next = bits.bytes + bits.at / 8;
    const unsigned before = bits.at % 8;
    const std::size_t surplus = popcount(*next & ((1U << before) - 1));
    std::size_t left = before + count;
    __m512i sums = _mm512_setzero_si512();
    for (; left >= 512; left -= 512, next += 64)
        sums = _mm512_add_epi64(sums, _mm512_popcnt_epi64(_mm512_loadu_si512(next)));
    const __m512i last = _mm512_maskz_loadu_epi8(first_lanes(left / 8), next);
    sums = _mm512_add_epi64(sums, _mm512_popcnt_epi64(last));
    std::uint64_t by_lane[8];
    _mm512_storeu_si512(by_lane, sums);
    std::uint64_t ones = popcount(next[left / 8] & ((1U << left % 8) - 1));
    for (const std::uint64_t sum : by_lane)
        ones += sum;
    return ones - surplus;
}

void merge(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept {
    with_merged(merge, [=](auto list) {
        for (std::size_t i = 0; i < count; i += 64)
            _mm512_storeu_si512(out + i, list.next());
    });
}

std::size_t partition(std::uint8_t* ranks, std::size_t count, std::uint8_t pivot, std::uint8_t* zeros,
                      std::uint64_t* masks) noexcept {
    const __m512i first = _mm512_set1_epi8(static_cast<char>(pivot));
    std::size_t stayed = 0;
    for (std::size_t i = 0; i < count; i += 64) {
        const std::uint64_t valid =
            count - i < 64 ? ~std::uint64_t{0} >> (64 - (count - i)) : ~std::uint64_t{0};
        const __m512i some = _mm512_loadu_si512(ranks + i);
        const std::uint64_t mask = _mm512_mask_cmpge_epu8_mask(valid, some, first);
        masks[i / 64] = mask;
        // To a register first: the instruction that compresses to memory is many times slower on some
        // machines.
        _mm512_storeu_si512(zeros, _mm512_maskz_compress_epi8(valid & ~mask, some));
        _mm512_storeu_si512(ranks + stayed, _mm512_maskz_compress_epi8(mask, some));
        zeros += _mm_popcnt_u64(valid & ~mask);
        stayed += static_cast<std::size_t>(_mm_popcnt_u64(mask));
    }
    return stayed;
}

void map(const std::uint8_t* bytes, std::size_t count, const std::uint8_t* table, std::uint8_t* to) noexcept {
    const ByteTable bytes_of(table);
    for (std::size_t i = 0; i < count; i += 64)
        _mm512_storeu_si512(to + i, bytes_of.at(_mm512_loadu_si512(bytes + i)));
}

/// Counts of values, of which few are frequent: kWindow values from `first` on are counted by comparing, the
/// others one by one.
class WindowCounter {
public:
    static constexpr unsigned kWindow = 16;

    WindowCounter(unsigned first, std::uint32_t* counts) noexcept : first_(first), counts_(counts) {}

    void count(const std::uint8_t* values, std::size_t count) noexcept {
        constexpr std::size_t kVectors = 255;  // as often can a byte be counted up
        for (std::size_t begin = 0; begin + 64 <= count;) {
            const std::size_t end =
                count - begin < 64 * kVectors ? count - count % 64 : begin + 64 * kVectors;
            count_vectors(values + begin, (end - begin) / 64);
            begin = end;
        }
        for (std::size_t i = count - count % 64; i < count; ++i)
            ++counts_[values[i]];
    }

private:
    void count_vectors(const std::uint8_t* values, std::size_t vectors) noexcept {
        std::uint8_t others[64 * 255 + kListSlack];
        std::size_t other_count = 0;
        __m512i sums[kWindow];
        for (__m512i& sum : sums)
            sum = _mm512_setzero_si512();
        const __m512i first = _mm512_set1_epi8(static_cast<char>(first_)), one = _mm512_set1_epi8(1);
        for (std::size_t vector = 0; vector < vectors; ++vector) {
            const __m512i some = _mm512_sub_epi8(_mm512_loadu_si512(values + 64 * vector), first);
#pragma GCC unroll 16
            for (unsigned i = 0; i < kWindow; ++i) {
                const __mmask64 equal = _mm512_cmpeq_epi8_mask(some, _mm512_set1_epi8(static_cast<char>(i)));
                sums[i] = _mm512_mask_add_epi8(sums[i], equal, sums[i], one);
            }
            const __mmask64 outside = _mm512_cmpge_epu8_mask(some, _mm512_set1_epi8(kWindow));
            _mm512_storeu_si512(others + other_count, _mm512_maskz_compress_epi8(outside, some));
            other_count += popcount(outside);
        }
        for (unsigned i = 0; i < kWindow; ++i) {
            std::uint64_t by_lane[8];
            _mm512_storeu_si512(by_lane, _mm512_sad_epu8(sums[i], _mm512_setzero_si512()));
            for (const std::uint64_t sum : by_lane)
                counts_[(first_ + i) & 0xFFU] += static_cast<std::uint32_t>(sum);
        }
        for (std::size_t i = 0; i < other_count; ++i)
            ++counts_[(others[i] + first_) & 0xFFU];
    }

    unsigned first_;
    std::uint32_t* counts_;
};

/// The window that has most of a sample, if it has nearly all of it; else 256.
unsigned find_window(const std::uint8_t* values, std::size_t count) noexcept {
    constexpr std::size_t kRuns = 16;
    std::uint32_t counts[256 + WindowCounter::kWindow] = {};
    std::size_t sampled = 0;
    for (std::size_t run = 0; run < kRuns; ++run) {
        const std::uint8_t* const from = values + count / kRuns * run;
        for (std::size_t i = 0; i < 32; ++i, ++sampled)
            ++counts[from[i]];
    }
    std::size_t sum = 0, best = 0;
    unsigned at = 256;
    for (unsigned i = 0; i < 256 + WindowCounter::kWindow; ++i) {
        sum += counts[i];
        if (i < WindowCounter::kWindow) continue;
        sum -= counts[i - WindowCounter::kWindow];
        if (sum > best) {
            best = sum;
            at = i + 1 - WindowCounter::kWindow;
        }
    }
    return best * 16 >= sampled * 15 ? at : 256;
}

void count_values(const std::uint8_t* values, std::size_t count, std::uint32_t* counts) noexcept {
    const unsigned first = count < 4096 ? 256 : find_window(values, count);
    if (first == 256) return kPortableListKernels.count_values(values, count, counts);
    __builtin_memset(counts, 0, 256 * sizeof counts[0]);
    WindowCounter(first, counts).count(values, count);
}

constexpr ListKernels kKernels = {count_ones, merge, partition, map, count_values};

}  // namespace

const ListKernels* const kAvx512ListKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const ListKernels* const kAvx512ListKernels = nullptr;

}  // namespace milepost::codec

#endif
