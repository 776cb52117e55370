// Compiled for AVX-512 where the compiler can do so; base/cpu.hpp has the rule for what may be called.

#include "codec/join_kernels.hpp"

#if defined(__AVX512VBMI__) && defined(__AVX512VBMI2__) && defined(__AVX512BW__) && defined(__AVX512VL__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernels_avx512.hpp"

namespace milepost::codec {
namespace {

/// Two registers of 64 bytes, whose lanes are ordered so that unpacking gives numbers in order.
struct Halves {
    __m512i low, high;
};

Halves unpacked_bytes(__m512i low, __m512i high) noexcept {
    return {_mm512_unpacklo_epi8(low, high), _mm512_unpackhi_epi8(low, high)};
}

/// The 16 highest bits by arithmetic.
class ComputedTops {
public:
    explicit ComputedTops(const TopForm& form) noexcept
        : base_(_mm512_set1_epi16(static_cast<short>(form.base))),
          low_mask_(_mm512_set1_epi16(static_cast<short>((1U << form.low_bits) - 1))),
          by_low_(_mm512_set1_epi16(static_cast<short>(form.low_bits))),
          by_sign_(_mm512_set1_epi16(static_cast<short>(15 - form.low_bits))) {}

    [[nodiscard]] Halves of(__m512i symbols, __m512i rests) const noexcept {
        const Halves wide = unpacked_bytes(symbols, _mm512_setzero_si512());
        const Halves rest = unpacked_bytes(rests, _mm512_setzero_si512());
        return {top(wide.low, rest.low), top(wide.high, rest.high)};
    }

private:
    [[nodiscard]] __m512i top(__m512i symbols, __m512i rests) const noexcept {
        const __m512i first = _mm512_add_epi16(_mm512_sllv_epi16(symbols, by_low_), base_);
        // first | rests' low bits, then | the sign, shifted to its place
        const __m512i unsigned_top = _mm512_ternarylogic_epi64(first, rests, low_mask_, 0xF8);
        return _mm512_ternarylogic_epi64(unsigned_top, _mm512_sllv_epi16(rests, by_sign_),
                                         _mm512_set1_epi16(static_cast<short>(0x8000)), 0xF8);
    }

    __m512i base_, low_mask_, by_low_, by_sign_;
};

/// The same where a symbol and the low bits have a byte each, less the sign: both bytes beside one another
/// are the 16 bits, rotated.
class RotatedTops {
public:
    [[nodiscard]] static bool fit(const TopForm& form) noexcept {
        return form.low_bits == 7 && form.base == 0 && form.of_symbols == nullptr;
    }
    [[nodiscard]] Halves of(__m512i symbols, __m512i rests) const noexcept {
        // The sign comes to the lowest bit: (rests << 1) | (rests >> 7 & 1).
        const __m512i rotated = _mm512_ternarylogic_epi64(
            _mm512_add_epi8(rests, rests), _mm512_srli_epi16(rests, 7), _mm512_set1_epi8(1), 0xF8);
        const Halves both = unpacked_bytes(rotated, symbols);
        return {_mm512_shrdi_epi16(both.low, both.low, 1), _mm512_shrdi_epi16(both.high, both.high, 1)};
    }
};

/// The 16 highest bits from a table.
class TabledTops {
public:
    explicit TabledTops(const TopForm& form) noexcept
        : lows_(low_bytes_of(form.of_symbols, 0).bytes),
          highs_(low_bytes_of(form.of_symbols, 8).bytes),
          low_mask_(_mm512_set1_epi8(static_cast<char>((1U << form.low_bits) - 1))),
          sign_bit_(_mm512_set1_epi8(static_cast<char>(1U << form.low_bits))) {}

    [[nodiscard]] Halves of(__m512i symbols, __m512i rests) const noexcept {
        const __m512i low = _mm512_or_si512(lows_.at(symbols), _mm512_and_si512(rests, low_mask_));
        const __mmask64 signs = _mm512_test_epi8_mask(rests, sign_bit_);
        const __m512i high =
            _mm512_or_si512(highs_.at(symbols), _mm512_maskz_set1_epi8(signs, static_cast<char>(0x80)));
        return unpacked_bytes(low, high);
    }

private:
    struct Bytes {
        std::uint8_t bytes[256];
    };
    static Bytes low_bytes_of(const std::uint16_t* numbers, unsigned shift) noexcept {
        Bytes made;
        for (int i = 0; i < 256; ++i)
            made.bytes[i] = static_cast<std::uint8_t>(numbers[i] >> shift);
        return made;
    }

    ByteTable lows_, highs_;
    __m512i low_mask_, sign_bit_;
};

/// Writes to memory through the caches, or past them.
struct CachedStore {
    void operator()(std::uint8_t* to, __m512i bytes) const noexcept { _mm512_storeu_si512(to, bytes); }
};
struct StreamedStore {
    void operator()(std::uint8_t* to, __m512i bytes) const noexcept {
        _mm512_stream_si512(reinterpret_cast<__m512i*>(to), bytes);
    }
};

template <class Tops, class List, class Store>
void join_as(const PlaneSources& from, const Tops& tops, List symbols, Store store,
             const WordTarget& to) noexcept {
    const __m512i order = _mm512_set_epi64(7, 3, 6, 2, 5, 1, 4, 0);
    const std::uint8_t* const rests = from.rests;
    std::uint8_t* const words = to.words;
    for (std::size_t i = 0, count = to.count; i < count; i += 64) {
        const __m512i symbol = _mm512_permutexvar_epi64(order, symbols.next());
        const __m512i rest = _mm512_permutexvar_epi64(order, _mm512_loadu_si512(rests + i));
        const Halves top = tops.of(symbol, rest);
        store(words + 2 * i, top.low);
        store(words + 2 * i + 64, top.high);
    }
}

template <class Tops, class List, class Store>
void join_wide_as(const PlaneSources& from, const Tops& tops, List symbols, Store store,
                  const WordTarget& to) noexcept {
    const __m512i order = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    const auto ordered = [order](__m512i bytes) { return _mm512_permutexvar_epi32(order, bytes); };
    for (std::size_t i = 0; i < to.count; i += 64) {
        const Halves top = tops.of(ordered(symbols.next()), ordered(_mm512_loadu_si512(from.rests + i)));
        const Halves bottom = unpacked_bytes(ordered(_mm512_loadu_si512(from.low + i)),
                                             ordered(_mm512_loadu_si512(from.high + i)));
        std::uint8_t* const words = to.words + 4 * i;
        store(words, _mm512_unpacklo_epi16(bottom.low, top.low));
        store(words + 64, _mm512_unpackhi_epi16(bottom.low, top.low));
        store(words + 128, _mm512_unpacklo_epi16(bottom.high, top.high));
        store(words + 192, _mm512_unpackhi_epi16(bottom.high, top.high));
    }
}

/// Calls with what gives the 16 highest bits, the list of symbols, and what stores.
template <class Call>
void with_all(const PlaneSources& from, const TopForm& form, const WordTarget& to, Call call) noexcept {
    const bool is_streamed = to.is_streamed && reinterpret_cast<std::uintptr_t>(to.words) % 64 == 0;
    const auto with_tops = [&](auto symbols, auto store) {
        if (form.of_symbols != nullptr) return call(TabledTops(form), symbols, store);
        if (RotatedTops::fit(form)) return call(RotatedTops(), symbols, store);
        call(ComputedTops(form), symbols, store);
    };
    with_merged(from.symbols, [&](auto symbols) {
        if (!is_streamed) return with_tops(symbols, CachedStore());
        with_tops(symbols, StreamedStore());
        _mm_sfence();
    });
}

void join(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    with_all(from, form, to, [&](const auto& tops, const auto& symbols, auto store) {
        join_as(from, tops, symbols, store, to);
    });
}

void join_wide(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    with_all(from, form, to, [&](const auto& tops, const auto& symbols, auto store) {
        join_wide_as(from, tops, symbols, store, to);
    });
}

void unpack(const std::uint8_t* packed, std::size_t count, unsigned bits, std::uint8_t* values) noexcept {
    const __mmask64 kept = 0x0101010101010101 * ((std::uint64_t{1} << bits) - 1);
    const __m512i mask = _mm512_set1_epi8(static_cast<char>((1U << bits) - 1));
    std::uint64_t shifts = 0;
    for (unsigned i = 0; i < 8; ++i)
        shifts |= std::uint64_t{i * bits} << 8 * i;
    const __m512i shift = _mm512_set1_epi64(static_cast<long long>(shifts));
    for (std::size_t i = 0; i < count; i += 64) {
        const std::size_t left = count - i;
        const std::size_t nbytes = left < 64 ? (left * bits + 7) / 8 : 8 * bits;
        const __m512i bytes = _mm512_maskz_loadu_epi8(first_lanes(nbytes), packed + i / 8 * bits);
        const __m512i groups = _mm512_maskz_expand_epi8(kept, bytes);
        _mm512_storeu_si512(values + i, _mm512_and_si512(_mm512_multishift_epi64_epi8(shift, groups), mask));
    }
}

constexpr JoinKernels kKernels = {join, join_wide, unpack};

}  // namespace

const JoinKernels* const kAvx512JoinKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const JoinKernels* const kAvx512JoinKernels = nullptr;

}  // namespace milepost::codec

#endif
