#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace milepost::fuzz {

/// The fuzzer's bytes, taken from front to back; zeros where there are none left, so that every input is one.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t nbytes) noexcept
        : left_(std::as_bytes(std::span(data, nbytes))) {}
    explicit Input(std::span<const std::byte> bytes) noexcept : left_(bytes) {}

    [[nodiscard]] bool empty() const noexcept { return left_.empty(); }

    /// Up to `most` of the next bytes.
    std::span<const std::byte> bytes(std::size_t most) noexcept {
        const auto taken = left_.first(std::min(most, left_.size()));
        left_ = left_.subspan(taken.size());
        return taken;
    }

    std::span<const std::byte> rest() noexcept { return bytes(left_.size()); }

    /// An integer of any size.
    template <class T>
    T number() noexcept {
        T value{};
        const auto taken = bytes(sizeof value);
        if (!taken.empty()) std::memcpy(&value, taken.data(), taken.size());
        return value;
    }

    /// A number from 0 to `end` - 1, of one byte. Requires: end is 1 to 256.
    unsigned below(unsigned end) noexcept { return number<std::uint8_t>() % end; }

    /// True for one in `times` bytes, and never where no bytes are left.
    bool one_in(unsigned times) noexcept { return !empty() && below(times) == times - 1; }

private:
    std::span<const std::byte> left_;
};

}  // namespace milepost::fuzz
