// Compiled for AVX-512 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/list_kernels.hpp"

#if defined(__AVX512VBMI__) && defined(__AVX512VBMI2__) && defined(__AVX512BW__) && defined(__POPCNT__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernels_avx512.hpp"

namespace milepost::codec {
namespace {

std::size_t count_ones(NodeBits bits, std::size_t count) noexcept {
    BitWords words(bits);
    std::size_t ones = 0;
    for (; count >= 64; count -= 64)
        ones += popcount(words.next());
    return count == 0 ? ones : ones + popcount(words.next() << (64 - count));
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

constexpr ListKernels kKernels = {count_ones, merge, partition, map};

}  // namespace

const ListKernels* const kAvx512ListKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const ListKernels* const kAvx512ListKernels = nullptr;

}  // namespace milepost::codec

#endif
