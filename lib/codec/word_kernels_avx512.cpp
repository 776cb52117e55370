// Compiled for AVX-512 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/word_kernels.hpp"

#if defined(__AVX512VBMI__) && defined(__AVX512BW__) && defined(__AVX512VL__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace milepost::codec {
namespace {

/// A table of 256 bytes in registers.
struct Table {
    __m512i parts[4];

    explicit Table(const std::uint8_t* from) noexcept {
        for (int i = 0; i < 4; ++i)
            parts[i] = _mm512_loadu_si512(from + 64 * i);
    }
    [[nodiscard]] __m512i at(__m512i bytes) const noexcept {
        return _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes),
                                      _mm512_permutex2var_epi8(parts[0], bytes, parts[1]),
                                      _mm512_permutex2var_epi8(parts[2], bytes, parts[3]));
    }
};

/// The low bytes of 64 words of 16 bits.
__m512i low_bytes(__m512i first, __m512i second) noexcept {
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(first)),
                              _mm512_cvtepi16_epi8(second), 1);
}

void split(const std::uint16_t* tops, std::size_t count, TopCut cut, const std::uint8_t* first_symbols,
           std::uint8_t* symbols, std::uint8_t* rests) noexcept {
    const Table firsts(first_symbols);
    const __m512i mantissa_mask = _mm512_set1_epi16(static_cast<short>((1U << cut.mantissa_bits) - 1));
    const __m512i low_mask = _mm512_set1_epi16(static_cast<short>((1U << cut.low_bits) - 1));
    const __m128i by_mantissa = _mm_cvtsi32_si128(static_cast<int>(cut.mantissa_bits));
    const __m128i by_low = _mm_cvtsi32_si128(static_cast<int>(cut.low_bits));
    for (std::size_t i = 0; i < count; i += 64) {
        __m512i exponents[2], highs[2], lows[2];
        for (std::size_t half = 0; half < 2; ++half) {
            const std::size_t from = i + 32 * half, left = from < count ? count - from : 0;
            const __mmask32 valid = left < 32 ? (1U << left) - 1 : ~0U;
            const __m512i top = _mm512_maskz_loadu_epi16(valid, tops + (from < count ? from : 0));
            const __m512i mantissas = _mm512_and_si512(top, mantissa_mask);
            const __m512i signs = _mm512_sll_epi16(_mm512_srli_epi16(top, 15), by_low);
            exponents[half] = _mm512_srl_epi16(_mm512_and_si512(top, _mm512_set1_epi16(0x7FFF)), by_mantissa);
            highs[half] = _mm512_srl_epi16(mantissas, by_low);
            lows[half] = _mm512_or_si512(signs, _mm512_and_si512(mantissas, low_mask));
        }
        const __m512i symbol =
            _mm512_add_epi8(firsts.at(low_bytes(exponents[0], exponents[1])), low_bytes(highs[0], highs[1]));
        _mm512_storeu_si512(symbols + i, symbol);
        _mm512_storeu_si512(rests + i, low_bytes(lows[0], lows[1]));
    }
}

/// Words of 16 bits in order, of their low and high bytes.
void store_words(std::uint16_t* to, std::size_t count, __m512i low, __m512i high) noexcept {
    const __m512i order = _mm512_set_epi64(7, 3, 6, 2, 5, 1, 4, 0);  // as unpacking takes them
    low = _mm512_permutexvar_epi64(order, low);
    high = _mm512_permutexvar_epi64(order, high);
    const __m512i first = _mm512_unpacklo_epi8(low, high), second = _mm512_unpackhi_epi8(low, high);
    if (count >= 64) {
        _mm512_storeu_si512(to, first);
        _mm512_storeu_si512(to + 32, second);
        return;
    }
    const std::uint64_t valid = (std::uint64_t{1} << count) - 1;
    _mm512_mask_storeu_epi16(to, static_cast<__mmask32>(valid), first);
    if (count > 32) _mm512_mask_storeu_epi16(to + 32, static_cast<__mmask32>(valid >> 32U), second);
}

void join(const std::uint8_t* symbols, const std::uint8_t* rests, std::size_t count, TopCut cut,
          const std::uint16_t* of_symbols, std::uint16_t* tops) noexcept {
    std::uint8_t low_table[256], high_table[256];
    for (int i = 0; i < 256; ++i) {
        low_table[i] = static_cast<std::uint8_t>(of_symbols[i]);
        high_table[i] = static_cast<std::uint8_t>(of_symbols[i] >> 8U);
    }
    const Table lows(low_table), highs(high_table);
    const __m512i low_mask = _mm512_set1_epi8(static_cast<char>((1U << cut.low_bits) - 1));
    const __m512i sign_bit = _mm512_set1_epi8(static_cast<char>(1U << cut.low_bits));
    const __m512i sign = _mm512_set1_epi8(static_cast<char>(0x80));
    for (std::size_t i = 0; i < count; i += 64) {
        const std::uint64_t valid =
            count - i < 64 ? (std::uint64_t{1} << (count - i)) - 1 : ~std::uint64_t{0};
        const __m512i symbol = _mm512_maskz_loadu_epi8(valid, symbols + i);
        const __m512i rest = _mm512_maskz_loadu_epi8(valid, rests + i);
        const __m512i low = _mm512_or_si512(lows.at(symbol), _mm512_and_si512(rest, low_mask));
        const __m512i signs = _mm512_maskz_mov_epi8(_mm512_test_epi8_mask(rest, sign_bit), sign);
        store_words(tops + i, count - i, low, _mm512_or_si512(highs.at(symbol), signs));
    }
}

__mmask16 valid_lanes(std::size_t left) noexcept {
    return static_cast<__mmask16>(left < 16 ? (1U << left) - 1 : 0xFFFFU);
}

void split_wide(const std::uint32_t* words, std::size_t count, std::uint16_t* tops, std::uint8_t* high,
                std::uint8_t* low) noexcept {
    for (std::size_t i = 0; i < count; i += 16) {
        const __mmask16 valid = valid_lanes(count - i);
        const __m512i some = _mm512_maskz_loadu_epi32(valid, words + i);
        _mm512_mask_cvtepi32_storeu_epi16(tops + i, valid, _mm512_srli_epi32(some, 16));
        _mm512_mask_cvtepi32_storeu_epi8(high + i, valid, _mm512_srli_epi32(some, 8));
        _mm512_mask_cvtepi32_storeu_epi8(low + i, valid, some);
    }
}

void join_wide(const std::uint16_t* tops, const std::uint8_t* high, const std::uint8_t* low,
               std::size_t count, std::uint32_t* words) noexcept {
    for (std::size_t i = 0; i < count; i += 16) {
        const __mmask16 valid = valid_lanes(count - i);
        const __m512i top = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(valid, tops + i));
        const __m512i above = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, high + i));
        const __m512i below = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, low + i));
        const __m512i rest = _mm512_or_si512(_mm512_slli_epi32(above, 8), below);
        _mm512_mask_storeu_epi32(words + i, valid, _mm512_or_si512(_mm512_slli_epi32(top, 16), rest));
    }
}

constexpr WordKernels kKernels = {split, join, split_wide, join_wide};

}  // namespace

const WordKernels* const kAvx512WordKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const WordKernels* const kAvx512WordKernels = nullptr;

}  // namespace milepost::codec

#endif
