// Compiled for AVX-512 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/list_kernels.hpp"

#if defined(__AVX512VBMI__) && defined(__AVX512VBMI2__) && defined(__AVX512BW__) && defined(__POPCNT__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace milepost::codec {
namespace {

/// The next values of a side, spread over the lanes of the mask, over what is in the other lanes.
__m512i spread(const std::uint8_t*& next, __m512i value, __m512i over, std::uint64_t mask) noexcept {
    if (next == nullptr) return _mm512_mask_blend_epi8(mask, over, value);
    const __m512i spread = _mm512_mask_expand_epi8(over, mask, _mm512_loadu_si512(next));
    next += _mm_popcnt_u64(mask);
    return spread;
}

void merge(const std::uint64_t* masks, std::size_t count, ListSide zeros, ListSide ones,
           std::uint8_t* out) noexcept {
    const __m512i zero = _mm512_set1_epi8(static_cast<char>(zeros.value));
    const __m512i one = _mm512_set1_epi8(static_cast<char>(ones.value));
    for (std::size_t i = 0; i < count; i += 64) {
        const std::uint64_t mask = masks[i / 64];
        const __m512i all = spread(zeros.list, zero, zero, ~mask);
        _mm512_storeu_si512(out + i, spread(ones.list, one, all, mask));
    }
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
    const __m512i first = _mm512_loadu_si512(table), second = _mm512_loadu_si512(table + 64);
    const __m512i third = _mm512_loadu_si512(table + 128), fourth = _mm512_loadu_si512(table + 192);
    for (std::size_t i = 0; i < count; i += 64) {
        const __m512i some = _mm512_loadu_si512(bytes + i);
        const __m512i low = _mm512_permutex2var_epi8(first, some, second);
        const __m512i high = _mm512_permutex2var_epi8(third, some, fourth);
        _mm512_storeu_si512(to + i, _mm512_mask_blend_epi8(_mm512_movepi8_mask(some), low, high));
    }
}

constexpr ListKernels kKernels = {merge, partition, map};

}  // namespace

const ListKernels* const kAvx512ListKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const ListKernels* const kAvx512ListKernels = nullptr;

}  // namespace milepost::codec

#endif
