// Compiled for AVX-512 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/split_kernels.hpp"

#if defined(__AVX512VBMI__) && defined(__AVX512VBMI2__) && defined(__AVX512BW__) && defined(__AVX512VL__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernels_avx512.hpp"

namespace milepost::codec {
namespace {

/// The bytes with even numbers of two registers, and those with odd ones.
///@{
__m512i low_bytes(__m512i first, __m512i second) noexcept {
    const __m512i even = _mm512_set_epi8(126, 124, 122, 120, 118, 116, 114, 112, 110, 108, 106, 104, 102, 100,
                                         98, 96, 94, 92, 90, 88, 86, 84, 82, 80, 78, 76, 74, 72, 70, 68, 66,
                                         64, 62, 60, 58, 56, 54, 52, 50, 48, 46, 44, 42, 40, 38, 36, 34, 32,
                                         30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    return _mm512_permutex2var_epi8(first, even, second);
}
__m512i high_bytes(__m512i first, __m512i second) noexcept {
    return low_bytes(_mm512_srli_epi16(first, 8), _mm512_srli_epi16(second, 8));
}
///@}

/// Symbols and rests of 64 words, from their 16 highest bits.
struct Cut {
    __m512i symbols, rests;
};

/// By arithmetic.
class ComputedCut {
public:
    explicit ComputedCut(const TopCut& cut) noexcept
        : base_(_mm512_set1_epi16(static_cast<short>(cut.base))),
          low_mask_(_mm512_set1_epi16(static_cast<short>((1U << cut.low_bits) - 1))),
          by_low_(_mm512_set1_epi16(static_cast<short>(cut.low_bits))) {}

    [[nodiscard]] Cut of(__m512i first, __m512i second) const noexcept {
        return {low_bytes(symbol(first), symbol(second)), rests(first, second)};
    }
    [[nodiscard]] __m512i rests(__m512i first, __m512i second) const noexcept {
        return low_bytes(rest(first), rest(second));
    }

private:
    [[nodiscard]] __m512i symbol(__m512i tops) const noexcept {
        const __m512i without_sign = _mm512_and_si512(tops, _mm512_set1_epi16(0x7FFF));
        return _mm512_sub_epi16(_mm512_srlv_epi16(without_sign, by_low_), base_);
    }
    [[nodiscard]] __m512i rest(__m512i tops) const noexcept {
        const __m512i sign = _mm512_sllv_epi16(_mm512_srli_epi16(tops, 15), by_low_);
        return _mm512_ternarylogic_epi64(sign, tops, low_mask_, 0xF8);  // sign | (tops & low_mask_)
    }

    __m512i base_, low_mask_, by_low_;
};

/// The same where the 16 bits, rotated, are a symbol and, rotated back, a rest.
class RotatedCut {
public:
    [[nodiscard]] static bool fits(const TopCut& cut) noexcept {
        return cut.low_bits == 7 && cut.base == 0 && cut.first_symbols == nullptr;
    }
    [[nodiscard]] Cut of(__m512i first, __m512i second) const noexcept {
        first = _mm512_shldi_epi16(first, first, 1);
        second = _mm512_shldi_epi16(second, second, 1);
        const __m512i low = low_bytes(first, second);
        // The sign comes from the lowest bit: (low >> 1 & 0x7F) | (low << 7 & 0x80).
        const __m512i rests = _mm512_ternarylogic_epi64(_mm512_srli_epi16(low, 1), _mm512_slli_epi16(low, 7),
                                                        _mm512_set1_epi8(0x7F), 0xE4);
        return {high_bytes(first, second), rests};
    }
};

/// With symbols from a table.
class TabledCut {
public:
    explicit TabledCut(const TopCut& cut) noexcept
        : rests_(cut),
          firsts_(cut.first_symbols),
          mantissa_mask_(_mm512_set1_epi16(static_cast<short>((1U << cut.mantissa_bits) - 1))),
          by_mantissa_(_mm512_set1_epi16(static_cast<short>(cut.mantissa_bits))),
          by_low_(_mm512_set1_epi16(static_cast<short>(cut.low_bits))) {}

    [[nodiscard]] Cut of(__m512i first, __m512i second) const noexcept {
        const __m512i exponents = low_bytes(exponents_of(first), exponents_of(second));
        const __m512i highs = low_bytes(high_mantissas_of(first), high_mantissas_of(second));
        return {_mm512_add_epi8(firsts_.at(exponents), highs), rests_.rests(first, second)};
    }

private:
    [[nodiscard]] __m512i exponents_of(__m512i tops) const noexcept {
        return _mm512_srlv_epi16(_mm512_and_si512(tops, _mm512_set1_epi16(0x7FFF)), by_mantissa_);
    }
    [[nodiscard]] __m512i high_mantissas_of(__m512i tops) const noexcept {
        return _mm512_srlv_epi16(_mm512_and_si512(tops, mantissa_mask_), by_low_);
    }

    ComputedCut rests_;
    ByteTable firsts_;
    __m512i mantissa_mask_, by_mantissa_, by_low_;
};

template <class Cutter>
void split_as(const std::uint8_t* words, std::size_t count, const Cutter& cutter,
              const PlaneTargets& to) noexcept {
    for (std::size_t i = 0; i < count; i += 64) {
        const __mmask64 valid = first_lanes(count - i);
        const __m512i first = _mm512_maskz_loadu_epi16(static_cast<__mmask32>(valid), words + 2 * i);
        const __m512i second =
            _mm512_maskz_loadu_epi16(static_cast<__mmask32>(valid >> 32U), words + 2 * i + 64);
        const Cut cut = cutter.of(first, second);
        _mm512_storeu_si512(to.symbols + i, cut.symbols);
        _mm512_storeu_si512(to.rests + i, cut.rests);
    }
}

template <class Cutter>
void split_wide_as(const std::uint8_t* words, std::size_t count, const Cutter& cutter,
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
        const Cut cut = cutter.of(tops[0], tops[1]);
        _mm512_storeu_si512(to.symbols + i, cut.symbols);
        _mm512_storeu_si512(to.rests + i, cut.rests);
        _mm512_storeu_si512(to.high + i, high_bytes(lows[0], lows[1]));
        _mm512_storeu_si512(to.low + i, low_bytes(lows[0], lows[1]));
    }
}

/// Calls with what cuts words.
template <class Call>
void with_cutter(const TopCut& cut, Call call) noexcept {
    if (cut.first_symbols != nullptr) return call(TabledCut(cut));
    if (RotatedCut::fits(cut)) return call(RotatedCut());
    call(ComputedCut(cut));
}

void split(const std::uint8_t* words, std::size_t count, const TopCut& cut, const PlaneTargets& to) noexcept {
    with_cutter(cut, [&](const auto& cutter) { split_as(words, count, cutter, to); });
}

void split_wide(const std::uint8_t* words, std::size_t count, const TopCut& cut,
                const PlaneTargets& to) noexcept {
    with_cutter(cut, [&](const auto& cutter) { split_wide_as(words, count, cutter, to); });
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
