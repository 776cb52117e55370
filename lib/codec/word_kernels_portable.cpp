#include <cstddef>
#include <cstdint>

#include "codec/word_kernels.hpp"

namespace milepost::codec {
namespace {

void split(const std::uint16_t* tops, std::size_t count, TopCut cut, const std::uint8_t* first_symbols,
           std::uint8_t* symbols, std::uint8_t* rests) noexcept {
    const unsigned mantissa_mask = (1U << cut.mantissa_bits) - 1, low_mask = (1U << cut.low_bits) - 1;
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned top = tops[i], mantissa = top & mantissa_mask;
        const unsigned first = first_symbols[(top & 0x7FFFU) >> cut.mantissa_bits];
        symbols[i] = static_cast<std::uint8_t>(first + (mantissa >> cut.low_bits));
        rests[i] = static_cast<std::uint8_t>(top >> 15U << cut.low_bits | (mantissa & low_mask));
    }
}

void join(const std::uint8_t* symbols, const std::uint8_t* rests, std::size_t count, TopCut cut,
          const std::uint16_t* of_symbols, std::uint16_t* tops) noexcept {
    const unsigned low_mask = (1U << cut.low_bits) - 1;
    for (std::size_t i = 0; i < count; ++i) {
        const unsigned rest = rests[i];
        tops[i] = static_cast<std::uint16_t>(of_symbols[symbols[i]] | rest >> cut.low_bits << 15U |
                                             (rest & low_mask));
    }
}

void split_wide(const std::uint32_t* words, std::size_t count, std::uint16_t* tops, std::uint8_t* high,
                std::uint8_t* low) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        tops[i] = static_cast<std::uint16_t>(words[i] >> 16U);
        high[i] = static_cast<std::uint8_t>(words[i] >> 8U);
        low[i] = static_cast<std::uint8_t>(words[i]);
    }
}

void join_wide(const std::uint16_t* tops, const std::uint8_t* high, const std::uint8_t* low,
               std::size_t count, std::uint32_t* words) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        words[i] = std::uint32_t{tops[i]} << 16U | std::uint32_t{high[i]} << 8U | low[i];
}

}  // namespace

const WordKernels kPortableWordKernels = {split, join, split_wide, join_wide};

}  // namespace milepost::codec
