// For aarch64, all of whose machines have NEON.

#include "codec/join_kernels.hpp"

#ifdef __aarch64__

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "codec/kernel_parts.hpp"
#include "codec/list_kernels.hpp"

namespace milepost::codec {
namespace {

constexpr std::size_t kWords = 16;  ///< that are joined at a time

/// The 16 highest bits of 16 words, by arithmetic: their lower and their higher bytes.
class Tops {
public:
    explicit Tops(const TopForm& form) noexcept
        : base_(vdupq_n_u16(form.base)),
          low_mask_(vdupq_n_u16(static_cast<std::uint16_t>((1U << form.low_bits) - 1))),
          by_low_(vdupq_n_s16(static_cast<std::int16_t>(form.low_bits))),
          by_sign_(vdupq_n_s16(static_cast<std::int16_t>(15 - form.low_bits))) {}

    [[nodiscard]] uint8x16x2_t of(const std::uint8_t* symbols, const std::uint8_t* rests) const noexcept {
        const uint8x16_t symbol = vld1q_u8(symbols), rest = vld1q_u8(rests);
        const uint8x16_t first = top(vget_low_u8(symbol), vget_low_u8(rest));
        return vuzpq_u8(first, top(vget_high_u8(symbol), vget_high_u8(rest)));
    }

private:
    [[nodiscard]] uint8x16_t top(uint8x8_t symbols, uint8x8_t rests) const noexcept {
        const uint16x8_t rest = vmovl_u8(rests);
        const uint16x8_t first = vaddq_u16(vshlq_u16(vmovl_u8(symbols), by_low_), base_);
        const uint16x8_t sign = vandq_u16(vshlq_u16(rest, by_sign_), vdupq_n_u16(0x8000));
        return vreinterpretq_u8_u16(vorrq_u16(vorrq_u16(first, sign), vandq_u16(rest, low_mask_)));
    }

    uint16x8_t base_, low_mask_;
    int16x8_t by_low_, by_sign_;
};

void join(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    if (form.of_symbols != nullptr) return kPortableJoinKernels.join(from, form, to);
    const Tops tops(form);
    for_parts(from, to, kNeonListKernels->merge,
              [&](const std::uint8_t* symbols, std::size_t begin, std::size_t count) {
                  for (std::size_t i = 0; i < count; i += kWords)
                      vst2q_u8(to.words + 2 * (begin + i), tops.of(symbols + i, from.rests + begin + i));
              });
}

void join_wide(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    if (form.of_symbols != nullptr) return kPortableJoinKernels.join_wide(from, form, to);
    const Tops tops(form);
    for_parts(from, to, kNeonListKernels->merge,
              [&](const std::uint8_t* symbols, std::size_t begin, std::size_t count) {
                  for (std::size_t i = 0; i < count; i += kWords) {
                      const std::size_t word = begin + i;
                      const uint8x16x2_t top = tops.of(symbols + i, from.rests + word);
                      const uint8x16_t low = vld1q_u8(from.low + word), high = vld1q_u8(from.high + word);
                      vst4q_u8(to.words + 4 * word, {{low, high, top.val[0], top.val[1]}});
                  }
              });
}

// No instruction is of use for what follows.

void unpack(const std::uint8_t* packed, std::size_t count, unsigned bits, std::uint8_t* values) noexcept {
    kPortableJoinKernels.unpack(packed, count, bits, values);
}

constexpr JoinKernels kKernels = {join, join_wide, unpack};

}  // namespace

const JoinKernels* const kNeonJoinKernels = &kKernels;

}  // namespace milepost::codec

#else

namespace milepost::codec {

const JoinKernels* const kNeonJoinKernels = nullptr;

}  // namespace milepost::codec

#endif
