#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/little_endian.hpp"
#include "codec/split_kernels.hpp"

namespace milepost::codec {
namespace {

/// Values that are packed together: they fill as many whole bytes as each has bits.
constexpr std::size_t kGroup = 8;
template <class Word>
Word load(const std::uint8_t* words, std::size_t i) noexcept {
    Word word;
    std::memcpy(&word, words + i * sizeof word, sizeof word);
    return word;
}

template <class Word>
void split_as(const std::uint8_t* words, std::size_t count, const TopCut& cut,
              const PlaneTargets& to) noexcept {
    const unsigned mantissa_mask = (1U << cut.mantissa_bits) - 1, low_mask = (1U << cut.low_bits) - 1;
    for (std::size_t i = 0; i < count; ++i) {
        const auto word = load<Word>(words, i);
        const unsigned top = word >> (8 * sizeof word - 16), without_sign = top & 0x7FFFU;
        const unsigned symbol = cut.first_symbols == nullptr
                                    ? (without_sign >> cut.low_bits) - cut.base
                                    : cut.first_symbols[without_sign >> cut.mantissa_bits] +
                                          ((top & mantissa_mask) >> cut.low_bits);
        to.symbols[i] = static_cast<std::uint8_t>(symbol);
        to.rests[i] = static_cast<std::uint8_t>(top >> 15U << cut.low_bits | (top & low_mask));
        if constexpr (sizeof word == 4) {
            to.high[i] = static_cast<std::uint8_t>(word >> 8U);
            to.low[i] = static_cast<std::uint8_t>(word);
        }
    }
}

/// Eight values of `bits` bits without the spare bits between them: pairs first, then pairs of those.
std::uint64_t packed_group(std::uint64_t values, unsigned bits) noexcept {
    values = (values & 0x00FF00FF00FF00FF) | (values >> 8U & 0x00FF00FF00FF00FF) << bits;
    // The pairs are in 16 bits each, and what was above them is gone.
    values = (values & 0x0000FFFF0000FFFF) | (values >> 16U & 0x0000FFFF0000FFFF) << 2 * bits;
    return (values & 0xFFFFFFFF) | values >> 32U << 4 * bits;
}

std::uint64_t load_some(const std::uint8_t* from, std::size_t nbytes) noexcept {
    std::array<std::byte, 8> bytes{};
    std::memcpy(bytes.data(), from, nbytes);
    return base::load_le<std::uint64_t>(bytes.data());
}

void store_some(std::uint8_t* to, std::size_t nbytes, std::uint64_t number) noexcept {
    std::array<std::byte, 8> bytes;
    base::store_le(bytes.data(), number);
    std::memcpy(to, bytes.data(), nbytes);
}

void pack(const std::uint8_t* values, std::size_t count, unsigned bits, std::uint8_t* to) noexcept {
    for (; count >= kGroup; count -= kGroup, values += kGroup, to += bits)
        store_some(to, bits, packed_group(load_some(values, kGroup), bits));
    if (count != 0) store_some(to, (count * bits + 7) / 8, packed_group(load_some(values, count), bits));
}

}  // namespace

const SplitKernels kPortableSplitKernels = {split_as<std::uint16_t>, split_as<std::uint32_t>, pack};

}  // namespace milepost::codec
