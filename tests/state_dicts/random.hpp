#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace milepost::state_dicts {

/// Numbers that follow from a seed alone, on every platform: splitmix64 (Steele, Lea, Flood 2014). The
/// standard library's distributions differ between platforms, so none is used.
/// Two draws in the arguments of one call happen in an order that the compiler chooses: draw before the
/// call.
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        std::uint64_t mixed = state_ += 0x9E37'79B9'7F4A'7C15U;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D0'49BB'1331'11EBU;
        return mixed ^ (mixed >> 31U);
    }

    /// 0 to count - 1. Small counts, so that the remainder is even enough.
    std::uint64_t below(std::uint64_t count) noexcept { return next() % count; }
    [[nodiscard]] bool one_in(std::uint64_t count) noexcept { return below(count) == 0; }

    template <class T, std::size_t kCount>
    const T& pick(const std::array<T, kCount>& from) noexcept {
        return from[static_cast<std::size_t>(below(kCount))];
    }

    template <class T>
    void shuffle(std::vector<T>& items) noexcept {
        for (std::size_t i = items.size(); i > 1; --i)
            std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
    }

private:
    std::uint64_t state_;
};

}  // namespace milepost::state_dicts
