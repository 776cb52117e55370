#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/packed_group.hpp"
#include "codec/split_kernels.hpp"

namespace milepost::codec {
namespace {

/// Parts of words that are cut in memory that is in a cache.
constexpr std::size_t kPart = 512;

/// Symbols and rests of the 16 highest bits. The compiler makes vectors of loops without a table if memory
/// does not overlap. It multiplies in vectors of 16 bits; to shift by a variable it would need 32.
void split_tops(const std::uint16_t* __restrict tops, std::size_t count, const TopCut& cut,
                std::uint8_t* __restrict symbols, std::uint8_t* __restrict rests) noexcept {
    const auto sign_bit = static_cast<std::uint16_t>(1U << cut.low_bits);
    const auto low_mask = static_cast<std::uint16_t>(sign_bit - 1U);
    for (std::size_t i = 0; i < count; ++i)
        rests[i] = static_cast<std::uint8_t>((tops[i] >> 15U) * sign_bit | (tops[i] & low_mask));
    if (const std::uint8_t* const first_symbols = cut.first_symbols; first_symbols != nullptr) {
        const unsigned mantissa_mask = (1U << cut.mantissa_bits) - 1;
        for (std::size_t i = 0; i < count; ++i) {
            const unsigned first = first_symbols[(tops[i] & 0x7FFFU) >> cut.mantissa_bits];
            symbols[i] = static_cast<std::uint8_t>(first + ((tops[i] & mantissa_mask) >> cut.low_bits));
        }
        return;
    }
    // The product's upper half, of the bits after the sign: they are shifted to the right by low_bits.
    const auto by_low = static_cast<std::uint16_t>(1U << (15 - cut.low_bits));
    const std::uint16_t base = cut.base;
    for (std::size_t i = 0; i < count; ++i) {
        const auto after_sign = static_cast<std::uint16_t>(tops[i] << 1U);
        const auto above = static_cast<std::uint16_t>(unsigned{after_sign} * by_low >> 16U);
        symbols[i] = static_cast<std::uint8_t>(above - base);
    }
}

void split(const std::uint8_t* words, std::size_t count, const TopCut& cut, const PlaneTargets& to) noexcept {
    std::array<std::uint16_t, kPart> tops;
    for (std::size_t begin = 0; begin < count; begin += kPart) {
        const std::size_t some = std::min(kPart, count - begin);
        std::memcpy(tops.data(), words + 2 * begin, 2 * some);
        split_tops(tops.data(), some, cut, to.symbols + begin, to.rests + begin);
    }
}

void split_parts(const std::uint32_t* __restrict words, std::size_t count, std::uint16_t* __restrict tops,
                 std::uint8_t* __restrict high, std::uint8_t* __restrict low) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        tops[i] = static_cast<std::uint16_t>(words[i] >> 16U);
        high[i] = static_cast<std::uint8_t>(words[i] >> 8U);
        low[i] = static_cast<std::uint8_t>(words[i]);
    }
}

void split_wide(const std::uint8_t* words, std::size_t count, const TopCut& cut,
                const PlaneTargets& to) noexcept {
    std::array<std::uint32_t, kPart> part;
    std::array<std::uint16_t, kPart> tops;
    for (std::size_t begin = 0; begin < count; begin += kPart) {
        const std::size_t some = std::min(kPart, count - begin);
        std::memcpy(part.data(), words + 4 * begin, 4 * some);
        split_parts(part.data(), some, tops.data(), to.high + begin, to.low + begin);
        split_tops(tops.data(), some, cut, to.symbols + begin, to.rests + begin);
    }
}

/// Eight values of `bits` bits without the spare bits between them: pairs first, then pairs of those.
std::uint64_t packed_group(std::uint64_t values, unsigned bits) noexcept {
    values = (values & 0x00FF00FF00FF00FF) | (values >> 8U & 0x00FF00FF00FF00FF) << bits;
    // The pairs are in 16 bits each, and what was above them is gone.
    values = (values & 0x0000FFFF0000FFFF) | (values >> 16U & 0x0000FFFF0000FFFF) << 2 * bits;
    return (values & 0xFFFFFFFF) | values >> 32U << 4 * bits;
}

void pack(const std::uint8_t* values, std::size_t count, unsigned bits, std::uint8_t* to) noexcept {
    for (; count >= kGroup; count -= kGroup, values += kGroup, to += bits)
        store_some(to, bits, packed_group(load_some(values, kGroup), bits));
    if (count != 0) store_some(to, (count * bits + 7) / 8, packed_group(load_some(values, count), bits));
}

}  // namespace

const SplitKernels kPortableSplitKernels = {split, split_wide, pack};

}  // namespace milepost::codec
