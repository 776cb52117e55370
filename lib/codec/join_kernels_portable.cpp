#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/little_endian.hpp"
#include "codec/join_kernels.hpp"
#include "codec/list_kernels.hpp"

namespace milepost::codec {
namespace {

/// Values that are packed together: they fill as many whole bytes as each has bits.
constexpr std::size_t kGroup = 8;
/// Words that are joined in memory that is in a cache, and that no other buffer can be.
constexpr std::size_t kPart = 8 * kJoinedWords;

/// The part of a list after its first `count` values.
ListMerge rest_of(ListMerge merge, std::size_t count) noexcept {
    const std::size_t ones = kPortableListKernels.count_ones(merge.bits, count);
    merge.bits.at += count;
    if (merge.ones.list != nullptr) merge.ones.list += ones;
    if (merge.zeros.list != nullptr) merge.zeros.list += count - ones;
    return merge;
}

void make_tops(const std::uint8_t* symbols, const std::uint8_t* rests, const TopForm& form, std::size_t count,
               std::uint16_t* tops) noexcept {
    const unsigned low_mask = (1U << form.low_bits) - 1;
    const auto add_rest = [&](unsigned top, unsigned rest) {
        return static_cast<std::uint16_t>(top | (rest >> form.low_bits << 15U) | (rest & low_mask));
    };
    if (form.of_symbols != nullptr) {
        for (std::size_t i = 0; i < count; ++i)
            tops[i] = add_rest(form.of_symbols[symbols[i]], rests[i]);
        return;
    }
    for (std::size_t i = 0; i < count; ++i)
        tops[i] = add_rest(form.base + (unsigned{symbols[i]} << form.low_bits), rests[i]);
}

/// Calls with the first and the number of the words of a part, and their 16 highest bits.
template <class Call>
void for_parts(const PlaneSources& from, const TopForm& form, std::size_t count, Call call) noexcept {
    std::array<std::uint8_t, kPart + kListSlack> symbols;
    std::array<std::uint16_t, kPart> tops;
    ListMerge left = from.symbols;
    for (std::size_t begin = 0; begin < count; begin += kPart) {
        const std::size_t some = std::min(kPart, count - begin);
        kPortableListKernels.merge(left, some, symbols.data());
        left = rest_of(left, some);
        make_tops(symbols.data(), from.rests + begin, form, some, tops.data());
        call(begin, some, tops.data());
    }
}

void join(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    for_parts(from, form, to.count,
              [words = to.words](std::size_t begin, std::size_t some, const std::uint16_t* tops) {
                  std::memcpy(words + 2 * begin, tops, 2 * some);
              });
}

void join_wide(const PlaneSources& from, const TopForm& form, const WordTarget& to) noexcept {
    for_parts(from, form, to.count, [&](std::size_t begin, std::size_t some, const std::uint16_t* tops) {
        std::array<std::uint32_t, kPart> part;
        for (std::size_t i = 0; i < some; ++i)
            part[i] = std::uint32_t{tops[i]} << 16U | std::uint32_t{from.high[begin + i]} << 8U |
                      from.low[begin + i];
        std::memcpy(to.words + 4 * begin, part.data(), 4 * some);
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
