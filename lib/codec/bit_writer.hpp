#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/little_endian.hpp"

namespace milepost::codec {

inline constexpr std::size_t kWordBits = 64;

/// Bits one after the other, from the lowest of each byte on.
class BitWriter {
public:
    explicit BitWriter(std::byte* to) noexcept : to_(to) {}

    /// Adds words of 64 bits.
    void add_words(std::span<const std::uint64_t> words) noexcept {
        const std::size_t filled = nbits_ % kWordBits;
        nbits_ += kWordBits * words.size();
        if (filled == 0) {
            std::memcpy(to_, words.data(), words.size_bytes());  // little-endian: base/little_endian.hpp
        } else {
            std::uint64_t before = waiting_ << (kWordBits - filled);
            for (std::size_t i = 0; i < words.size(); ++i) {
                base::store_le(to_ + i * sizeof before, words[i] << filled | before >> (kWordBits - filled));
                before = words[i];
            }
            if (!words.empty()) waiting_ = before >> (kWordBits - filled);
        }
        to_ += words.size_bytes();
    }

    /// Adds the lowest `count` bits of the word, 1 to 64. The others are zero.
    void add(std::uint64_t word, std::size_t count) noexcept {
        const std::size_t filled = nbits_ % kWordBits;
        waiting_ |= word << filled;
        nbits_ += count;
        if (filled + count < kWordBits) return;
        base::store_le(to_, waiting_);
        to_ += sizeof waiting_;
        waiting_ = filled == 0 ? 0 : word >> (kWordBits - filled);
    }

    /// Writes what is left and returns the number of all bits.
    std::size_t finish() noexcept {
        base::store_le(to_, waiting_);
        return nbits_;
    }

private:
    std::byte* to_;
    std::uint64_t waiting_ = 0;
    std::size_t nbits_ = 0;
};

}  // namespace milepost::codec
