// Compiled for AVX-512 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/list_kernels.hpp"

#if defined(__AVX512VBMI__) && defined(__AVX512VBMI2__) && defined(__AVX512BW__) && \
    defined(__AVX512VPOPCNTDQ__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernel_parts.hpp"
#include "codec/kernels_avx512.hpp"

namespace milepost::codec {
namespace {

/// Counts whole bytes, 64 at a time; what is before and after the bits in their first and last byte is taken
/// away.
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

/// Counts values by their bits: 512 of them at a time become 8 registers, one for each bit of a value. A
/// value occurs where its 4 upper and its 4 lower bits do. Most data has few values of the upper ones.
class BitCounter {
public:
    static constexpr std::size_t kSlices = 8;  ///< registers of each bit that are counted together
    static constexpr std::size_t kValues = 512 * kSlices;

    explicit BitCounter(std::uint32_t* counts) noexcept : counts_(counts) {}

    void count(const std::uint8_t* values) noexcept {
        for (std::size_t slice = 0; slice < kSlices; ++slice)
            take_bits(values + 512 * slice, bits_[slice]);
        for (std::size_t slice = 0; slice < kSlices; ++slice) {
            const auto& bits = bits_[slice];
            const Quarters first(bits[0], bits[1]), second(bits[2], bits[3]);
            for (unsigned i = 0; i < 16; ++i)
                _mm512_store_si512(lower_[slice][i], _mm512_and_si512(first.at[i % 4], second.at[i / 4]));
            const Quarters third(bits[4], bits[5]), fourth(bits[6], bits[7]);
            for (unsigned i = 0; i < 4; ++i) {
                _mm512_store_si512(upper_[slice][i], third.at[i]);
                _mm512_store_si512(upper_[slice][4 + i], fourth.at[i]);
            }
        }
        for (unsigned group = 0; group < 16; ++group)
            count_group(group);
    }

private:
    using Register = std::uint64_t[8];

    /// Where two bits have each of their four values.
    struct Quarters {
        Quarters(const Register& low_bits, const Register& high_bits) noexcept {
            const __m512i low = _mm512_load_si512(low_bits), high = _mm512_load_si512(high_bits);
            at[0] = _mm512_ternarylogic_epi64(low, low, high, 0x05);  // neither
            at[1] = _mm512_andnot_si512(high, low);
            at[2] = _mm512_andnot_si512(low, high);
            at[3] = _mm512_and_si512(low, high);
        }
        __m512i at[4];
    };

    static void take_bits(const std::uint8_t* values, Register (&bits)[8]) noexcept {
        for (std::size_t part = 0; part < 8; ++part) {
            const __m512i some = _mm512_loadu_si512(values + 64 * part);
            for (unsigned bit = 0; bit < 8; ++bit)
                bits[bit][part] = _mm512_test_epi8_mask(some, _mm512_set1_epi8(static_cast<char>(1U << bit)));
        }
    }

    /// Values with these upper bits.
    void count_group(unsigned group) noexcept {
        __m512i upper[kSlices], any = _mm512_setzero_si512(), sums[16];
        for (std::size_t slice = 0; slice < kSlices; ++slice) {
            upper[slice] = _mm512_and_si512(_mm512_load_si512(upper_[slice][group % 4]),
                                            _mm512_load_si512(upper_[slice][4 + group / 4]));
            any = _mm512_or_si512(any, upper[slice]);
        }
        if (_mm512_test_epi64_mask(any, any) == 0) return;
        for (__m512i& sum : sums)
            sum = _mm512_setzero_si512();
        for (std::size_t slice = 0; slice < kSlices; ++slice) {
#pragma GCC unroll 16
            for (unsigned i = 0; i < 16; ++i) {
                const __m512i here = _mm512_and_si512(upper[slice], _mm512_load_si512(lower_[slice][i]));
                sums[i] = _mm512_add_epi64(sums[i], _mm512_popcnt_epi64(here));
            }
        }
        for (unsigned i = 0; i < 16; ++i)
            counts_[16 * group + i] += sum_of(sums[i]);
    }

    static std::uint32_t sum_of(__m512i numbers) noexcept {
        const __m256i four =
            _mm256_add_epi64(_mm512_castsi512_si256(numbers), _mm512_extracti64x4_epi64(numbers, 1));
        const __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
        return static_cast<std::uint32_t>(_mm_extract_epi64(two, 0) + _mm_extract_epi64(two, 1));
    }

    std::uint32_t* counts_;
    alignas(64) Register bits_[kSlices][8];
    alignas(64) Register lower_[kSlices][16];  ///< where each value of the lower bits is
    alignas(
        64) Register upper_[kSlices][8];  ///< where two of the upper bits have each value, then the others
};

void count_values(const std::uint8_t* values, std::size_t count, std::uint32_t* counts) noexcept {
    if (count < BitCounter::kValues) return kPortableListKernels.count_values(values, count, counts);
    __builtin_memset(counts, 0, 256 * sizeof counts[0]);
    BitCounter counter(counts);
    for (; count >= BitCounter::kValues; count -= BitCounter::kValues, values += BitCounter::kValues)
        counter.count(values);
    for (std::size_t i = 0; i < count; ++i)
        ++counts[values[i]];
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
