// Compiled for AVX-512 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/split_kernels.hpp"

#if defined(__AVX512VBMI__) && defined(__AVX512VBMI2__) && defined(__AVX512BW__) && defined(__AVX512VL__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernels_avx512.hpp"

namespace milepost::codec {
namespace {

/// The low bytes of 64 words of 16 bits.
__m512i low_bytes(__m512i first, __m512i second) noexcept {
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(first)),
                              _mm512_cvtepi16_epi8(second), 1);
}

/// What of the 16 highest bits is the rest.
class Rests {
public:
    explicit Rests(const TopCut& cut) noexcept
        : low_mask_(_mm512_set1_epi16(static_cast<short>((1U << cut.low_bits) - 1))),
          by_sign_(shift_count(15 - cut.low_bits)) {}

    [[nodiscard]] __m512i of(__m512i tops) const noexcept {
        const __m512i sign_bits = _mm512_andnot_si512(low_mask_, _mm512_srl_epi16(tops, by_sign_));
        return _mm512_ternarylogic_epi64(sign_bits, tops, low_mask_, 0xF8);  // sign_bits | (tops & low_mask_)
    }

private:
    __m512i low_mask_;
    __m128i by_sign_;
};

/// Symbols by arithmetic.
class ComputedSymbols {
public:
    explicit ComputedSymbols(const TopCut& cut) noexcept
        : base_(_mm512_set1_epi16(static_cast<short>(cut.base))), by_low_(shift_count(cut.low_bits)) {}

    [[nodiscard]] __m512i of(__m512i first, __m512i second) const noexcept {
        return low_bytes(symbol(first), symbol(second));
    }

private:
    [[nodiscard]] __m512i symbol(__m512i tops) const noexcept {
        const __m512i without_sign = _mm512_and_si512(tops, _mm512_set1_epi16(0x7FFF));
        return _mm512_sub_epi16(_mm512_srl_epi16(without_sign, by_low_), base_);
    }

    __m512i base_;
    __m128i by_low_;
};

/// Symbols from a table.
class TabledSymbols {
public:
    explicit TabledSymbols(const TopCut& cut) noexcept
        : firsts_(cut.first_symbols),
          mantissa_mask_(_mm512_set1_epi16(static_cast<short>((1U << cut.mantissa_bits) - 1))),
          by_mantissa_(shift_count(cut.mantissa_bits)),
          by_low_(shift_count(cut.low_bits)) {}

    [[nodiscard]] __m512i of(__m512i first, __m512i second) const noexcept {
        return _mm512_add_epi8(firsts_.at(low_bytes(exponents_of(first), exponents_of(second))),
                               low_bytes(high_mantissas_of(first), high_mantissas_of(second)));
    }

private:
    [[nodiscard]] __m512i exponents_of(__m512i tops) const noexcept {
        return _mm512_srl_epi16(_mm512_and_si512(tops, _mm512_set1_epi16(0x7FFF)), by_mantissa_);
    }
    [[nodiscard]] __m512i high_mantissas_of(__m512i tops) const noexcept {
        return _mm512_srl_epi16(_mm512_and_si512(tops, mantissa_mask_), by_low_);
    }

    ByteTable firsts_;
    __m512i mantissa_mask_;
    __m128i by_mantissa_, by_low_;
};

template <class Symbols>
void split_as(const std::uint8_t* words, std::size_t count, const Symbols& symbols, const Rests& rests,
              const PlaneTargets& to) noexcept {
    for (std::size_t i = 0; i < count; i += 64) {
        const __mmask64 valid = first_lanes(count - i);
        const __m512i first = _mm512_maskz_loadu_epi16(static_cast<__mmask32>(valid), words + 2 * i);
        const __m512i second =
            _mm512_maskz_loadu_epi16(static_cast<__mmask32>(valid >> 32U), words + 2 * i + 64);
        _mm512_storeu_si512(to.symbols + i, symbols.of(first, second));
        _mm512_storeu_si512(to.rests + i, low_bytes(rests.of(first), rests.of(second)));
    }
}

template <class Symbols>
void split_wide_as(const std::uint8_t* words, std::size_t count, const Symbols& symbols, const Rests& rests,
                   const PlaneTargets& to) noexcept {
    // Of two registers with 16 words each, the 16 lowest bits; the 16 highest ones are beside them.
    const __m512i low_halves =
        _mm512_set_epi16(62, 60, 58, 56, 54, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34, 32, 30, 28, 26, 24, 22,
                         20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i high_halves = _mm512_or_si512(low_halves, _mm512_set1_epi16(1));
    for (std::size_t i = 0; i < count; i += 64) {
        const __mmask64 valid = first_lanes(count - i);
        __m512i some[4], lows[2], tops[2];
        for (unsigned j = 0; j < 4; ++j)
            some[j] =
                _mm512_maskz_loadu_epi32(static_cast<__mmask16>(valid >> 16 * j), words + 4 * i + 64 * j);
        for (unsigned j = 0; j < 2; ++j) {
            lows[j] = _mm512_permutex2var_epi16(some[2 * j], low_halves, some[2 * j + 1]);
            tops[j] = _mm512_permutex2var_epi16(some[2 * j], high_halves, some[2 * j + 1]);
        }
        _mm512_storeu_si512(to.symbols + i, symbols.of(tops[0], tops[1]));
        _mm512_storeu_si512(to.rests + i, low_bytes(rests.of(tops[0]), rests.of(tops[1])));
        _mm512_storeu_si512(to.high + i,
                            low_bytes(_mm512_srli_epi16(lows[0], 8), _mm512_srli_epi16(lows[1], 8)));
        _mm512_storeu_si512(to.low + i, low_bytes(lows[0], lows[1]));
    }
}

void split(const std::uint8_t* words, std::size_t count, const TopCut& cut, const PlaneTargets& to) noexcept {
    const Rests rests(cut);
    if (cut.first_symbols == nullptr) return split_as(words, count, ComputedSymbols(cut), rests, to);
    split_as(words, count, TabledSymbols(cut), rests, to);
}

void split_wide(const std::uint8_t* words, std::size_t count, const TopCut& cut,
                const PlaneTargets& to) noexcept {
    const Rests rests(cut);
    if (cut.first_symbols == nullptr) return split_wide_as(words, count, ComputedSymbols(cut), rests, to);
    split_wide_as(words, count, TabledSymbols(cut), rests, to);
}

/// In each 64 bits, the lowest `bits` of 8 bytes, without what is between them. Pairs first, then pairs of
/// those.
__m512i packed(__m512i values, unsigned bits) noexcept {
    const __m512i ones = _mm512_set1_epi16((1 << 8) - 1), twos = _mm512_set1_epi32((1 << 16) - 1);
    const __m512i fours = _mm512_set1_epi64(0xFFFFFFFF);
    values = _mm512_or_si512(_mm512_and_si512(values, ones),
                             _mm512_sll_epi16(_mm512_srli_epi16(values, 8), shift_count(bits)));
    values = _mm512_or_si512(_mm512_and_si512(values, twos),
                             _mm512_sll_epi32(_mm512_srli_epi32(values, 16), shift_count(2 * bits)));
    return _mm512_or_si512(_mm512_and_si512(values, fours),
                           _mm512_sll_epi64(_mm512_srli_epi64(values, 32), shift_count(4 * bits)));
}

void pack(const std::uint8_t* values, std::size_t count, unsigned bits, std::uint8_t* to) noexcept {
    // Of each 8 bytes, the first `bits`.
    const __mmask64 kept = 0x0101010101010101 * ((std::uint64_t{1} << bits) - 1);
    for (std::size_t i = 0; i < count; i += 64) {
        const std::size_t left = count - i;
        const __m512i some = _mm512_maskz_loadu_epi8(first_lanes(left), values + i);
        const __m512i bytes = _mm512_maskz_compress_epi8(kept, packed(some, bits));
        const std::size_t nbytes = left < 64 ? (left * bits + 7) / 8 : 8 * bits;
        _mm512_mask_storeu_epi8(to + i / 8 * bits, first_lanes(nbytes), bytes);
    }
}

constexpr SplitKernels kKernels = {split, split_wide, pack};

}  // namespace

const SplitKernels* const kAvx512SplitKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const SplitKernels* const kAvx512SplitKernels = nullptr;

}  // namespace milepost::codec

#endif
