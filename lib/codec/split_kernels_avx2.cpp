// Compiled for AVX2 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/split_kernels.hpp"

#if defined(__AVX2__) && defined(__POPCNT__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace milepost::codec {
namespace {

constexpr std::size_t kWords = 32;  ///< that are split at a time

__m256i load(const std::uint8_t* from) noexcept {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
void store(std::uint8_t* to, __m256i bytes) noexcept {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
}

/// Symbols by arithmetic, and rests, in 16 bits each.
class Cutter {
public:
    explicit Cutter(const TopCut& cut) noexcept
        : base_(_mm256_set1_epi16(static_cast<short>(cut.base))),
          low_mask_(_mm256_set1_epi16(static_cast<short>((1U << cut.low_bits) - 1))),
          by_low_(_mm_cvtsi32_si128(static_cast<int>(cut.low_bits))) {}

    [[nodiscard]] __m256i symbol(__m256i tops) const noexcept {
        const __m256i without_sign = _mm256_and_si256(tops, _mm256_set1_epi16(0x7FFF));
        return _mm256_sub_epi16(_mm256_srl_epi16(without_sign, by_low_), base_);
    }
    [[nodiscard]] __m256i rest(__m256i tops) const noexcept {
        const __m256i sign = _mm256_sll_epi16(_mm256_srli_epi16(tops, 15), by_low_);
        return _mm256_or_si256(sign, _mm256_and_si256(tops, low_mask_));
    }

private:
    __m256i base_, low_mask_;
    __m128i by_low_;
};

/// The low bytes of numbers of 16 bits. What packs them takes halves of registers by turns.
__m256i packed(__m256i first, __m256i second) noexcept {
    const __m256i low = _mm256_set1_epi16(0xFF);
    return _mm256_packus_epi16(_mm256_and_si256(first, low), _mm256_and_si256(second, low));
}

void split(const std::uint8_t* words, std::size_t count, const TopCut& cut, const PlaneTargets& to) noexcept {
    const std::size_t whole = cut.first_symbols == nullptr ? count - count % kWords : 0;
    const Cutter cutter(cut);
    const auto store_packed = [](std::uint8_t* at, __m256i first, __m256i second) {
        store(at, _mm256_permute4x64_epi64(packed(first, second), 0b11'01'10'00));
    };
    for (std::size_t i = 0; i < whole; i += kWords) {
        const __m256i first = load(words + 2 * i), second = load(words + 2 * i + 32);
        store_packed(to.symbols + i, cutter.symbol(first), cutter.symbol(second));
        store_packed(to.rests + i, cutter.rest(first), cutter.rest(second));
    }
    kPortableSplitKernels.split(words + 2 * whole, count - whole, cut,
                                {to.symbols + whole, to.rests + whole, nullptr, nullptr});
}

void split_wide(const std::uint8_t* words, std::size_t count, const TopCut& cut,
                const PlaneTargets& to) noexcept {
    const std::size_t whole = cut.first_symbols == nullptr ? count - count % kWords : 0;
    const Cutter cutter(cut);
    // Done twice, that takes 4 bytes of each of 4 registers, then the next 4.
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const auto store_packed = [order](std::uint8_t* at, __m256i first, __m256i second) {
        store(at, _mm256_permutevar8x32_epi32(packed(first, second), order));
    };
    for (std::size_t i = 0; i < whole; i += kWords) {
        __m256i tops[2], lows[2];
        for (std::size_t half = 0; half < 2; ++half) {
            const __m256i first = load(words + 4 * i + 64 * half),
                          second = load(words + 4 * i + 64 * half + 32);
            const __m256i low = _mm256_set1_epi32(0xFFFF);
            tops[half] = _mm256_packus_epi32(_mm256_srli_epi32(first, 16), _mm256_srli_epi32(second, 16));
            lows[half] = _mm256_packus_epi32(_mm256_and_si256(first, low), _mm256_and_si256(second, low));
        }
        store_packed(to.symbols + i, cutter.symbol(tops[0]), cutter.symbol(tops[1]));
        store_packed(to.rests + i, cutter.rest(tops[0]), cutter.rest(tops[1]));
        store_packed(to.high + i, _mm256_srli_epi16(lows[0], 8), _mm256_srli_epi16(lows[1], 8));
        store_packed(to.low + i, lows[0], lows[1]);
    }
    kPortableSplitKernels.split_wide(words + 4 * whole, count - whole, cut,
                                     {to.symbols + whole, to.rests + whole, to.high + whole, to.low + whole});
}

/// In each 64 bits, the lowest `bits` of 8 bytes, without what is between them. Pairs first, then pairs of
/// those.
__m256i packed_groups(__m256i values, unsigned bits) noexcept {
    const auto by = [](unsigned count) { return _mm_cvtsi32_si128(static_cast<int>(count)); };
    const __m256i ones = _mm256_set1_epi16(0xFF), twos = _mm256_set1_epi32(0xFFFF);
    const __m256i fours = _mm256_set1_epi64x(0xFFFFFFFF);
    values = _mm256_or_si256(_mm256_and_si256(values, ones),
                             _mm256_sll_epi16(_mm256_srli_epi16(values, 8), by(bits)));
    values = _mm256_or_si256(_mm256_and_si256(values, twos),
                             _mm256_sll_epi32(_mm256_srli_epi32(values, 16), by(2 * bits)));
    return _mm256_or_si256(_mm256_and_si256(values, fours),
                           _mm256_sll_epi64(_mm256_srli_epi64(values, 32), by(4 * bits)));
}

void pack(const std::uint8_t* values, std::size_t count, unsigned bits, std::uint8_t* to) noexcept {
    // Four groups of 8 values at a time, as long as 8 bytes can be written for each.
    for (; count >= 96; count -= 32, values += 32, to += 4 * bits) {
        alignas(32) std::uint64_t groups[4];
        _mm256_store_si256(reinterpret_cast<__m256i*>(groups), packed_groups(load(values), bits));
        for (unsigned group = 0; group < 4; ++group)
            __builtin_memcpy(to + group * bits, &groups[group], sizeof groups[group]);
    }
    kPortableSplitKernels.pack(values, count, bits, to);
}

constexpr SplitKernels kKernels = {split, split_wide, pack};

}  // namespace

const SplitKernels* const kAvx2SplitKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const SplitKernels* const kAvx2SplitKernels = nullptr;

}  // namespace milepost::codec

#endif
