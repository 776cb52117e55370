#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/list_kernels.hpp"

namespace milepost::codec {
namespace {

constexpr std::size_t kLanes = 8;

/// For each 8 bits of a mask: which of 16 bytes each of 8 values is, the next 8 of zeros and then of ones;
/// and how many ones there are.
struct Steps {
    std::array<std::array<std::uint8_t, kLanes>, 256> from{};
    std::array<std::uint8_t, 256> ones{};
};

constexpr Steps make_steps() noexcept {
    Steps steps;
    for (unsigned mask = 0; mask < 256; ++mask) {
        std::uint8_t zeros = 0, ones = 0;
        for (unsigned lane = 0; lane < kLanes; ++lane) {
            const bool is_one = (mask >> lane & 1U) != 0;
            steps.from[mask][lane] = static_cast<std::uint8_t>(is_one ? kLanes + ones++ : zeros++);
        }
        steps.ones[mask] = ones;
    }
    return steps;
}

constexpr Steps kSteps = make_steps();

/// The next 8 values of a side are in memory that is 8 bytes apart from those of the other one.
class Side {
public:
    Side(ListSide side, std::uint8_t* window) noexcept : next_(side.list), window_(window) {
        if (next_ == nullptr) std::memset(window, side.value, kLanes);
    }
    void load() const noexcept {
        if (next_ != nullptr) std::memcpy(window_, next_, kLanes);
    }
    void skip(std::size_t count) noexcept {
        if (next_ != nullptr) next_ += count;
    }

private:
    const std::uint8_t* next_;
    std::uint8_t* window_;
};

/// The next 64 bits, 9 bytes of which are read.
std::uint64_t word_at(NodeBits bits) noexcept {
    const std::uint8_t* const from = bits.bytes + bits.at / 8;
    std::uint64_t low = 0;
    for (unsigned i = 0; i < 8; ++i)
        low |= std::uint64_t{from[i]} << 8 * i;
    const unsigned shift = bits.at % 8;
    return low >> shift | std::uint64_t{from[8]} << 1U << (63 - shift);
}

std::size_t count_ones(NodeBits bits, std::size_t count) noexcept {
    std::size_t ones = 0, i = 0;
    for (; i + 64 <= count; i += 64)
        ones += static_cast<std::size_t>(std::popcount(word_at({bits.bytes, bits.at + i})));
    if (i == count) return ones;
    const std::uint64_t last = word_at({bits.bytes, bits.at + i}) << (64 - (count - i));
    return ones + static_cast<std::size_t>(std::popcount(last));
}

void merge(const ListMerge& merge, std::size_t count, std::uint8_t* out) noexcept {
    std::uint8_t window[2 * kLanes];
    std::uint64_t mask_word = 0;
    Side zero_side(merge.zeros, window), one_side(merge.ones, window + kLanes);
    for (std::size_t i = 0; i < count; i += kLanes) {
        if (i % 64 == 0) mask_word = word_at({merge.bits.bytes, merge.bits.at + i});
        const auto mask = static_cast<std::uint8_t>(mask_word >> i % 64);
        zero_side.load();
        one_side.load();
        const auto& from = kSteps.from[mask];
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            out[i + lane] = window[from[lane]];
        one_side.skip(kSteps.ones[mask]);
        zero_side.skip(kLanes - kSteps.ones[mask]);
    }
}

std::size_t partition(std::uint8_t* ranks, std::size_t count, std::uint8_t pivot, std::uint8_t* zeros,
                      std::uint64_t* masks) noexcept {
    std::size_t stayed = 0, gone = 0;
    for (std::size_t begin = 0; begin < count; begin += 64) {
        const std::size_t end = count - begin < 64 ? count : begin + 64;
        std::uint64_t mask = 0;
        for (std::size_t i = begin; i < end; ++i) {
            const std::uint8_t rank = ranks[i];
            const bool stays = rank >= pivot;
            ranks[stayed] = rank;
            zeros[gone] = rank;
            stayed += static_cast<std::size_t>(stays);
            gone += static_cast<std::size_t>(!stays);
            mask |= std::uint64_t{stays} << (i - begin);
        }
        masks[begin / 64] = mask;
    }
    return stayed;
}

void map(const std::uint8_t* bytes, std::size_t count, const std::uint8_t* table, std::uint8_t* to) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        to[i] = table[bytes[i]];
}

/// Tables by turns, because the same value twice in a row would wait for itself.
void count_values(const std::uint8_t* values, std::size_t count, std::uint32_t* counts) noexcept {
    constexpr std::size_t kTables = 8;
    std::uint32_t tables[kTables][256] = {};
    std::size_t i = 0;
    for (; i + kTables <= count; i += kTables) {
        std::uint64_t some;
        std::memcpy(&some, values + i, sizeof some);
        for (std::size_t table = 0; table < kTables; ++table)
            ++tables[table][some >> 8 * table & 0xFFU];
    }
    for (; i < count; ++i)
        ++tables[0][values[i]];
    for (std::size_t value = 0; value < 256; ++value) {
        counts[value] = 0;
        for (const auto& table : tables)
            counts[value] += table[value];
    }
}

}  // namespace

const ListKernels kPortableListKernels = {count_ones, merge, partition, map, count_values};

}  // namespace milepost::codec
