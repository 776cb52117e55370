#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codec/join_kernels.hpp"
#include "codec/kernel_parts.hpp"
#include "codec/list_kernels.hpp"
#include "codec/packed_group.hpp"

namespace milepost::codec {
namespace {

/// The compiler makes vectors of the loops if memory does not overlap. It multiplies in vectors of 16 bits;
/// to shift by a variable it would need 32.
void make_tops(const std::uint8_t* __restrict symbols, const std::uint8_t* __restrict rests,
               const TopForm& form, std::size_t count, std::uint16_t* __restrict tops) noexcept {
    const auto to_exponent = static_cast<std::uint16_t>(1U << form.low_bits);
    const auto to_sign = static_cast<std::uint16_t>(1U << (15 - form.low_bits));
    const auto low_mask = static_cast<std::uint16_t>(to_exponent - 1U);
    // Of the rest, what is above the low bits is the sign.
    const auto rest_of_top = [=](std::uint16_t rest) {
        const auto sign = static_cast<std::uint16_t>(unsigned{rest} * to_sign & 0x8000U);
        return static_cast<std::uint16_t>(sign | (rest & low_mask));
    };
    if (const std::uint16_t* const of_symbols = form.of_symbols; of_symbols != nullptr) {
        for (std::size_t i = 0; i < count; ++i)
            tops[i] = static_cast<std::uint16_t>(of_symbols[symbols[i]] | rest_of_top(rests[i]));
        return;
    }
    const std::uint16_t base = form.base;
    for (std::size_t i = 0; i < count; ++i) {
        const auto first = static_cast<std::uint16_t>(base + unsigned{symbols[i]} * to_exponent);
        tops[i] = static_cast<std::uint16_t>(first | rest_of_top(rests[i]));
    }
}

/// Calls for each part, with the 16 highest bits of words, the number of the first one, and how many they
/// are.
template <class Call>
void with_tops(const PlaneSources& from, const TopForm& form, const WordTarget& to, Call call) noexcept {
    for_parts(from, to, kPortableListKernels.merge,
              [&](const std::uint8_t* symbols, std::size_t begin, std::size_t count) {
                  std::array<std::uint16_t, kJoinPart> tops;
                  make_tops(symbols, from.rests + begin, form, count, tops.data());
                  call(tops.data(), begin, count);
              });
}

void join(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    with_tops(from, form, to, [&](const std::uint16_t* tops, std::size_t begin, std::size_t count) {
        std::memcpy(to.words + 2 * begin, tops, 2 * count);
    });
}

void make_words(const std::uint16_t* __restrict tops, const std::uint8_t* __restrict high,
                const std::uint8_t* __restrict low, std::size_t count,
                std::uint32_t* __restrict words) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        words[i] = std::uint32_t{tops[i]} << 16U | std::uint32_t{high[i]} << 8U | low[i];
}

void join_wide(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    with_tops(from, form, to, [&](const std::uint16_t* tops, std::size_t begin, std::size_t count) {
        std::array<std::uint32_t, kJoinPart> words;
        make_words(tops, from.high + begin, from.low + begin, count, words.data());
        std::memcpy(to.words + 4 * begin, words.data(), 4 * count);
    });
}

/// The opposite: a value in each byte.
std::uint64_t unpacked_group(std::uint64_t group, unsigned bits) noexcept {
    const auto low = [bits](unsigned values) { return (std::uint64_t{1} << values * bits) - 1; };
    group = (group & low(4)) | (group >> 4 * bits & low(4)) << 32U;
    const std::uint64_t twos = low(2) * 0x0000000100000001, ones = low(1) * 0x0001000100010001;
    group = (group & twos) | (group >> 2 * bits & twos) << 16U;
    return (group & ones) | (group >> bits & ones) << 8U;
}

void unpack(const std::uint8_t* packed, std::size_t count, unsigned bits, std::uint8_t* values) noexcept {
    // As long as 8 bytes can be read and 8 values written.
    for (; count >= 2 * kGroup && count / kGroup * bits >= 8;
         count -= kGroup, values += kGroup, packed += bits)
        store_some(values, kGroup, unpacked_group(load_some(packed, 8), bits));
    for (; count >= kGroup; count -= kGroup, values += kGroup, packed += bits)
        store_some(values, kGroup, unpacked_group(load_some(packed, bits), bits));
    if (count != 0)
        store_some(values, count, unpacked_group(load_some(packed, (count * bits + 7) / 8), bits));
}

}  // namespace

const JoinKernels kPortableJoinKernels = {join, join_wide, unpack};

}  // namespace milepost::codec
