// For aarch64, all of whose machines have NEON.

#include "codec/split_kernels.hpp"

#ifdef __aarch64__

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

namespace milepost::codec {
namespace {

constexpr std::size_t kWords = 16;  ///< that are split at a time

/// Symbols by arithmetic, and rests, of 16 words, from their lower and higher byte.
class Cutter {
public:
    explicit Cutter(const TopCut& cut) noexcept
        : base_(vdupq_n_u16(cut.base)),
          low_mask_(vdupq_n_u16(static_cast<std::uint16_t>((1U << cut.low_bits) - 1))),
          by_low_(vdupq_n_s16(static_cast<std::int16_t>(cut.low_bits))) {}

    void cut(uint8x16x2_t bytes, std::uint8_t* symbols, std::uint8_t* rests) const noexcept {
        const uint8x16x2_t tops = vzipq_u8(bytes.val[0], bytes.val[1]);
        const uint16x8_t first = vreinterpretq_u16_u8(tops.val[0]),
                         second = vreinterpretq_u16_u8(tops.val[1]);
        vst1q_u8(symbols, vcombine_u8(vmovn_u16(symbol(first)), vmovn_u16(symbol(second))));
        vst1q_u8(rests, vcombine_u8(vmovn_u16(rest(first)), vmovn_u16(rest(second))));
    }

private:
    [[nodiscard]] uint16x8_t symbol(uint16x8_t tops) const noexcept {
        const uint16x8_t without_sign = vandq_u16(tops, vdupq_n_u16(0x7FFF));
        return vsubq_u16(vshlq_u16(without_sign, vnegq_s16(by_low_)), base_);
    }
    [[nodiscard]] uint16x8_t rest(uint16x8_t tops) const noexcept {
        return vorrq_u16(vshlq_u16(vshrq_n_u16(tops, 15), by_low_), vandq_u16(tops, low_mask_));
    }

    uint16x8_t base_, low_mask_;
    int16x8_t by_low_;
};

void split(const std::uint8_t* words, std::size_t count, const TopCut& cut, const PlaneTargets& to) noexcept {
    const std::size_t whole = cut.first_symbols == nullptr ? count - count % kWords : 0;
    const Cutter cutter(cut);
    for (std::size_t i = 0; i < whole; i += kWords)
        cutter.cut(vld2q_u8(words + 2 * i), to.symbols + i, to.rests + i);
    kPortableSplitKernels.split(words + 2 * whole, count - whole, cut,
                                {to.symbols + whole, to.rests + whole, nullptr, nullptr});
}

void split_wide(const std::uint8_t* words, std::size_t count, const TopCut& cut,
                const PlaneTargets& to) noexcept {
    const std::size_t whole = cut.first_symbols == nullptr ? count - count % kWords : 0;
    const Cutter cutter(cut);
    for (std::size_t i = 0; i < whole; i += kWords) {
        const uint8x16x4_t bytes = vld4q_u8(words + 4 * i);
        vst1q_u8(to.low + i, bytes.val[0]);
        vst1q_u8(to.high + i, bytes.val[1]);
        cutter.cut({{bytes.val[2], bytes.val[3]}}, to.symbols + i, to.rests + i);
    }
    kPortableSplitKernels.split_wide(words + 4 * whole, count - whole, cut,
                                     {to.symbols + whole, to.rests + whole, to.high + whole, to.low + whole});
}

// No instruction is of use for what follows.

void pack(const std::uint8_t* values, std::size_t count, unsigned bits, std::uint8_t* to) noexcept {
    kPortableSplitKernels.pack(values, count, bits, to);
}

constexpr SplitKernels kKernels = {split, split_wide, pack};

}  // namespace

const SplitKernels* const kNeonSplitKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const SplitKernels* const kNeonSplitKernels = nullptr;

}  // namespace milepost::codec

#endif
