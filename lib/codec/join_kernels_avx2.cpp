// Compiled for AVX2 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/join_kernels.hpp"

#if defined(__AVX2__) && defined(__POPCNT__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernel_parts.hpp"
#include "codec/list_kernels.hpp"

namespace milepost::codec {
namespace {

__m256i load(const std::uint8_t* from) noexcept {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
__m256i load_wide(const std::uint8_t* from) noexcept {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}

/// The 16 highest bits of 16 words, by arithmetic.
class Tops {
public:
    explicit Tops(const TopForm& form) noexcept
        : base_(_mm256_set1_epi16(static_cast<short>(form.base))),
          low_mask_(_mm256_set1_epi16(static_cast<short>((1U << form.low_bits) - 1))),
          by_low_(_mm_cvtsi32_si128(static_cast<int>(form.low_bits))),
          by_sign_(_mm_cvtsi32_si128(static_cast<int>(15 - form.low_bits))) {}

    [[nodiscard]] __m256i of(__m256i symbols, __m256i rests) const noexcept {
        const __m256i first = _mm256_add_epi16(_mm256_sll_epi16(symbols, by_low_), base_);
        const __m256i sign = _mm256_and_si256(_mm256_sll_epi16(rests, by_sign_),
                                              _mm256_set1_epi16(static_cast<short>(0x8000)));
        return _mm256_or_si256(_mm256_or_si256(first, sign), _mm256_and_si256(rests, low_mask_));
    }

private:
    __m256i base_, low_mask_;
    __m128i by_low_, by_sign_;
};

/// Writes to memory through the caches, or past them.
struct CachedStore {
    void operator()(std::uint8_t* to, __m256i bytes) const noexcept {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
    }
};
struct StreamedStore {
    void operator()(std::uint8_t* to, __m256i bytes) const noexcept {
        _mm256_stream_si256(reinterpret_cast<__m256i*>(to), bytes);
    }
};

/// Joins a part, from word `begin` on.
struct JoinPart {
    const PlaneSources& from;
    const WordTarget& to;

    template <class Store>
    void narrow(const Tops& tops, const std::uint8_t* symbols, std::size_t begin, std::size_t count,
                Store store) const noexcept {
        for (std::size_t i = 0; i < count; i += 16)
            store(to.words + 2 * (begin + i),
                  tops.of(load_wide(symbols + i), load_wide(from.rests + begin + i)));
    }

    template <class Store>
    void wide(const Tops& tops, const std::uint8_t* symbols, std::size_t begin, std::size_t count,
              Store store) const noexcept {
        for (std::size_t i = 0; i < count; i += 16) {
            const std::size_t word = begin + i;
            const __m256i top = tops.of(load_wide(symbols + i), load_wide(from.rests + word));
            const __m256i bottom = _mm256_or_si256(_mm256_slli_epi16(load_wide(from.high + word), 8),
                                                   load_wide(from.low + word));
            const __m256i first = _mm256_unpacklo_epi16(bottom, top),
                          second = _mm256_unpackhi_epi16(bottom, top);
            store(to.words + 4 * word, _mm256_permute2x128_si256(first, second, 0x20));
            store(to.words + 4 * word + 32, _mm256_permute2x128_si256(first, second, 0x31));
        }
    }
};

/// Calls for each part, with its symbols, the number of its first word, how many they are, and what stores.
template <class Call>
void with_store(const PlaneSources& from, const WordTarget& to, Call call) noexcept {
    const bool is_streamed = to.is_streamed && reinterpret_cast<std::uintptr_t>(to.words) % 32 == 0;
    const auto with = [&](auto store) {
        for_parts(from, to, kAvx2ListKernels->merge,
                  [&](const std::uint8_t* symbols, std::size_t begin, std::size_t count) {
                      call(symbols, begin, count, store);
                  });
    };
    if (!is_streamed) return with(CachedStore());
    with(StreamedStore());
    _mm_sfence();
}

void join(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    if (form.of_symbols != nullptr) return kPortableJoinKernels.join(from, form, to);
    const Tops tops(form);
    with_store(from, to, [&](const std::uint8_t* symbols, std::size_t begin, std::size_t count, auto store) {
        JoinPart{from, to}.narrow(tops, symbols, begin, count, store);
    });
}

void join_wide(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    if (form.of_symbols != nullptr) return kPortableJoinKernels.join_wide(from, form, to);
    const Tops tops(form);
    with_store(from, to, [&](const std::uint8_t* symbols, std::size_t begin, std::size_t count, auto store) {
        JoinPart{from, to}.wide(tops, symbols, begin, count, store);
    });
}

/// In each 64 bits, 8 values of `bits` bits to a byte each.
__m256i unpacked_groups(__m256i groups, unsigned bits) noexcept {
    const auto by = [](unsigned count) { return _mm_cvtsi32_si128(static_cast<int>(count)); };
    const auto low = [bits](unsigned values) { return (std::uint64_t{1} << values * bits) - 1; };
    const auto each = [](std::uint64_t number) { return _mm256_set1_epi64x(static_cast<long long>(number)); };
    const __m256i fours = each(low(4)), twos = each(low(2) * 0x0000000100000001);
    const __m256i ones = each(low(1) * 0x0001000100010001);
    groups = _mm256_or_si256(
        _mm256_and_si256(groups, fours),
        _mm256_slli_epi64(_mm256_and_si256(_mm256_srl_epi64(groups, by(4 * bits)), fours), 32));
    groups = _mm256_or_si256(
        _mm256_and_si256(groups, twos),
        _mm256_slli_epi64(_mm256_and_si256(_mm256_srl_epi64(groups, by(2 * bits)), twos), 16));
    return _mm256_or_si256(_mm256_and_si256(groups, ones),
                           _mm256_slli_epi64(_mm256_and_si256(_mm256_srl_epi64(groups, by(bits)), ones), 8));
}

void unpack(const std::uint8_t* packed, std::size_t count, unsigned bits, std::uint8_t* values) noexcept {
    // Four groups of 8 values at a time, as long as 8 bytes can be read for each.
    for (; count >= 96; count -= 32, values += 32, packed += 4 * bits) {
        alignas(32) std::uint64_t groups[4];
        for (unsigned group = 0; group < 4; ++group)
            __builtin_memcpy(&groups[group], packed + group * bits, sizeof groups[group]);
        const __m256i some = unpacked_groups(load(reinterpret_cast<const std::uint8_t*>(groups)), bits);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(values), some);
    }
    kPortableJoinKernels.unpack(packed, count, bits, values);
}

constexpr JoinKernels kKernels = {join, join_wide, unpack};

}  // namespace

const JoinKernels* const kAvx2JoinKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const JoinKernels* const kAvx2JoinKernels = nullptr;

}  // namespace milepost::codec

#endif
