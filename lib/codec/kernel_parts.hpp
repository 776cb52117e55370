#pragma once

// What kernels of several instruction sets have in common. Everything here is in a namespace without a name:
// each file that includes this has a copy of its own, compiled for its instruction set, and calls no other.
// See base/cpu.hpp.

#include <cstddef>
#include <cstdint>

#include "codec/join_kernels.hpp"
#include "codec/list_kernels.hpp"

namespace milepost::codec {
namespace {

inline std::size_t popcount(std::uint64_t word) noexcept {
    return static_cast<std::size_t>(__builtin_popcountll(word));
}

/// Words of 64 bits one after the other, from any bit on. Reads 9 bytes for each.
class BitWords {
public:
    explicit BitWords(NodeBits bits) noexcept
        : next_(bits.bytes + bits.at / 8), shift_(static_cast<unsigned>(bits.at % 8)) {}

    std::uint64_t next() noexcept {
        std::uint64_t low;
        __builtin_memcpy(&low, next_, sizeof low);
        const std::uint64_t high = next_[8];
        next_ += sizeof low;
        return low >> shift_ | high << 1U << (63 - shift_);
    }

private:
    const std::uint8_t* next_;
    unsigned shift_;
};

/// How many of `count` bits are 1.
inline std::size_t count_ones_in_words(NodeBits bits, std::size_t count) noexcept {
    BitWords words(bits);
    std::size_t ones = 0;
    for (; count >= 64; count -= 64)
        ones += popcount(words.next());
    return count == 0 ? ones : ones + popcount(words.next() << (64 - count));
}

/// The list without its first `count` values.
inline ListMerge rest_of(ListMerge merge, std::size_t count) noexcept {
    const std::size_t ones = count_ones_in_words(merge.bits, count);
    merge.bits.at += count;
    if (merge.ones.list != nullptr) merge.ones.list += ones;
    if (merge.zeros.list != nullptr) merge.zeros.list += count - ones;
    return merge;
}

/// Words of a part.
inline constexpr std::size_t kJoinPart = 8 * kJoinedWords;

/// For kernels that merge symbols first and join words then, in parts that stay in a cache: calls with the
/// symbols of a part, the number of its first word, and how many they are.
template <class Call>
void for_parts(const PlaneSources& from, const WordTarget& to, MergeKernel* merge, Call call) noexcept {
    std::uint8_t symbols[kJoinPart + kListSlack];
    ListMerge left = from.symbols;
    for (std::size_t begin = 0; begin < to.count; begin += kJoinPart) {
        const std::size_t count = to.count - begin < kJoinPart ? to.count - begin : kJoinPart;
        merge(left, count, symbols);
        left = rest_of(left, count);
        call(symbols, begin, count);
    }
}

}  // namespace
}  // namespace milepost::codec
