#pragma once

// Tables for kernels that shuffle 8 bytes at a time. Data alone: the function that makes them runs in the
// compiler, so that no machine runs code for another one. See base/cpu.hpp.

#include <cstddef>
#include <cstdint>

namespace milepost::codec {

/// For each 8 bits of a mask, how 16 bytes are shuffled, and how many ones there are.
struct ShuffleSteps {
    static constexpr std::size_t kLanes = 8;

    /// Of 8 values of zeros and then 8 of ones, those that are next.
    std::uint8_t merge[256][kLanes] = {};
    /// Of 8 values, those at ones; in the upper 8 bytes, those at zeros.
    std::uint8_t partition[256][2 * kLanes] = {};
    std::uint8_t ones[256] = {};

    consteval ShuffleSteps() noexcept {
        for (unsigned mask = 0; mask < 256; ++mask) {
            unsigned zero_count = 0, one_count = 0;
            for (unsigned lane = 0; lane < kLanes; ++lane) {
                const bool is_one = (mask >> lane & 1U) != 0;
                partition[mask][is_one ? one_count : kLanes + zero_count] = static_cast<std::uint8_t>(lane);
                merge[mask][lane] = static_cast<std::uint8_t>(is_one ? kLanes + one_count++ : zero_count++);
            }
            ones[mask] = static_cast<std::uint8_t>(one_count);
        }
    }
};

inline constexpr ShuffleSteps kShuffleSteps;

}  // namespace milepost::codec
