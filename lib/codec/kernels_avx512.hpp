#pragma once

// What both files of kernels for AVX-512 use. For those alone: everything here is in a namespace without a
// name, so that each has a copy of its own, and none is for another machine. See base/cpu.hpp.

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernel_parts.hpp"
#include "codec/list_kernels.hpp"

namespace milepost::codec {
namespace {

/// A table of 256 bytes in registers.
class ByteTable {
public:
    explicit ByteTable(const std::uint8_t* from) noexcept {
        for (int i = 0; i < 4; ++i)
            parts_[i] = _mm512_loadu_si512(from + 64 * i);
    }
    [[nodiscard]] __m512i at(__m512i bytes) const noexcept {
        return _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes),
                                      _mm512_permutex2var_epi8(parts_[0], bytes, parts_[1]),
                                      _mm512_permutex2var_epi8(parts_[2], bytes, parts_[3]));
    }

private:
    __m512i parts_[4];
};

inline __mmask64 first_lanes(std::size_t count) noexcept {
    return count < 64 ? (std::uint64_t{1} << count) - 1 : ~std::uint64_t{0};
}

inline __m128i shift_count(unsigned bits) noexcept {
    return _mm_cvtsi32_si128(static_cast<int>(bits));
}

/// The list of a node, 64 values at a time. Each side is a list or not, as the arguments tell.
template <bool kZerosAreList, bool kOnesAreList>
class MergedList {
public:
    explicit MergedList(const ListMerge& merge) noexcept
        : words_(merge.bits),
          zeros_(merge.zeros.list),
          ones_(merge.ones.list),
          zero_(_mm512_set1_epi8(static_cast<char>(merge.zeros.value))),
          one_(_mm512_set1_epi8(static_cast<char>(merge.ones.value))) {}

    __m512i next() noexcept {
        const std::uint64_t mask = words_.next();
        const std::size_t ones = popcount(mask);
        __m512i all = zero_;
        if constexpr (kZerosAreList) {
            all = _mm512_maskz_expand_epi8(~mask, _mm512_loadu_si512(zeros_));
            zeros_ += 64 - ones;
        }
        if constexpr (!kOnesAreList) return _mm512_mask_blend_epi8(mask, all, one_);
        all = _mm512_mask_expand_epi8(all, mask, _mm512_loadu_si512(ones_));
        ones_ += ones;
        return all;
    }

private:
    BitWords words_;
    const std::uint8_t* zeros_;
    const std::uint8_t* ones_;
    __m512i zero_, one_;
};

/// Calls with the MergedList of the kind that is needed.
template <class Call>
void with_merged(const ListMerge& merge, Call call) noexcept {
    const bool zeros = merge.zeros.list != nullptr, ones = merge.ones.list != nullptr;
    if (zeros && ones) return call(MergedList<true, true>(merge));
    if (zeros) return call(MergedList<true, false>(merge));
    if (ones) return call(MergedList<false, true>(merge));
    call(MergedList<false, false>(merge));
}

}  // namespace
}  // namespace milepost::codec
