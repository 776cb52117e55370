#include "codec/plane.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "base/little_endian.hpp"
#include "codec/huffman.hpp"
#include "codec/list_code.hpp"
#include "codec/list_tree.hpp"

namespace milepost::codec {
namespace {

// Forms of a plane.
constexpr unsigned kOneValue = 0;
constexpr unsigned kPacked = 1;
constexpr unsigned kCoded = 2;

/// Values that are packed together: they fill as many whole bytes as each has bits.
constexpr std::size_t kGroup = 8;

constexpr std::size_t packed_nbytes(const PlaneShape& plane) noexcept {
    return (plane.count * plane.bits + 7) / 8;
}

/// Counts runs of 64 values, `apart` from one another. Four tables, because the same value twice in a row
/// would wait for itself.
Counts count_runs(const ValueBuffer& values, std::size_t count, std::size_t apart) noexcept {
    constexpr std::size_t kRun = 64;
    std::array<Counts, 4> tables{};
    for (std::size_t begin = 0; begin < count; begin += apart) {
        const std::size_t end = std::min(count, begin + kRun);
        std::size_t i = begin;
        for (; i + 4 <= end; i += 4) {
            ++tables[0][values[i]];
            ++tables[1][values[i + 1]];
            ++tables[2][values[i + 2]];
            ++tables[3][values[i + 3]];
        }
        for (; i < end; ++i)
            ++tables[0][values[i]];
    }
    for (std::size_t value = 0; value < 256; ++value)
        tables[0][value] += tables[1][value] + tables[2][value] + tables[3][value];
    return tables[0];
}

std::size_t distinct_values(const Counts& counts) noexcept {
    return 256 - static_cast<std::size_t>(std::count(counts.begin(), counts.end(), 0U));
}

/// What form 2 takes after its first byte.
struct CodeCost {
    std::size_t last;  ///< the largest value that has a code word
    std::size_t nbits;
    [[nodiscard]] std::size_t lengths_nbytes() const noexcept { return last / 2 + 1; }
    [[nodiscard]] std::size_t nbytes() const noexcept { return 5 + lengths_nbytes() + (nbits + 7) / 8; }
};

CodeCost cost_of(const Counts& counts, const CodeLengths& lengths) noexcept {
    std::size_t last = 255;
    while (lengths[last] == 0)
        --last;
    return {last, static_cast<std::size_t>(coded_bits(counts, lengths))};
}

/// Whether coding promises to gain 3 % of a plane, or it has one value only. Looks at every eighth run.
bool sample_gains(const PlaneShape& plane, const ValueBuffer& values) noexcept {
    constexpr std::size_t kApart = 512;
    if (plane.count < 8 * kApart) return true;
    const Counts counts = count_runs(values, plane.count, kApart);
    if (distinct_values(counts) == 1) return true;
    const std::size_t sampled = plane.count / 8;
    return coded_bits(counts, huffman_lengths(counts)) < sampled * plane.bits / 100 * 97;
}

/// Eight values of `bits` bits without the spare bits between them: pairs first, then pairs of those.
std::uint64_t pack(std::uint64_t values, unsigned bits) noexcept {
    values = (values & 0x00FF00FF00FF00FF) | (values >> 8U & 0x00FF00FF00FF00FF) << bits;
    // The pairs are in 16 bits each, and what was above them is gone.
    values = (values & 0x0000FFFF0000FFFF) | (values >> 16U & 0x0000FFFF0000FFFF) << 2 * bits;
    return (values & 0xFFFFFFFF) | values >> 32U << 4 * bits;
}

/// The opposite: a value in each byte.
std::uint64_t unpack(std::uint64_t group, unsigned bits) noexcept {
    const auto low = [bits](unsigned values) { return (std::uint64_t{1} << values * bits) - 1; };
    group = (group & low(4)) | (group >> 4 * bits & low(4)) << 32U;
    const std::uint64_t twos = low(2) * 0x0000000100000001, ones = low(1) * 0x0001000100010001;
    group = (group & twos) | (group >> 2 * bits & twos) << 16U;
    return (group & ones) | (group >> bits & ones) << 8U;
}

std::size_t write_packed(const PlaneShape& plane, const ValueBuffer& values, std::byte* to) noexcept {
    if (plane.bits == 8) {
        std::memcpy(to, values.data(), plane.count);
        return plane.count;
    }
    const auto write = [&](std::size_t i, std::size_t some) {
        std::uint64_t group = 0;
        std::memcpy(&group, values.data() + i, some);
        base::store_le(to + i / kGroup * plane.bits,
                       pack(group, plane.bits));  // over the next group's place, too
    };
    std::size_t i = 0;
    for (; i + kGroup <= plane.count; i += kGroup)
        write(i, kGroup);
    if (i < plane.count) write(i, plane.count - i);
    return packed_nbytes(plane);
}

std::size_t write_code(const PlaneShape& plane, const ValueBuffer& values, const CodeLengths& lengths,
                       const CodeCost& cost, ListCoder& coder, std::byte* to) noexcept {
    to[0] = static_cast<std::byte>(cost.last);
    for (std::size_t i = 0; i < cost.lengths_nbytes(); ++i) {
        const unsigned high = 2 * i + 1 > cost.last ? 0U : lengths[2 * i + 1];
        to[1 + i] = static_cast<std::byte>(lengths[2 * i] | high << 4U);
    }
    base::store_le(to + 1 + cost.lengths_nbytes(), static_cast<std::uint32_t>(cost.nbits));
    const auto tree = ListTree::make(lengths);  // a Huffman code is complete
    coder.encode(*tree, std::span(values).first(plane.count), to + 5 + cost.lengths_nbytes());
    return cost.nbytes();
}

// Reading.

bool read_packed(const PlaneShape& plane, StoredBytes& stored, ValueBuffer& buffer,
                 const std::uint8_t*& values) noexcept {
    const auto bytes = stored.take(packed_nbytes(plane));
    if (!bytes) return false;
    if (plane.bits == 8) {
        values = reinterpret_cast<const std::uint8_t*>(bytes->data());
        return true;
    }
    std::uint64_t group = 0;
    const auto read = [&](std::size_t i, std::size_t nbytes) {
        group = 0;
        std::memcpy(&group, bytes->data() + i / kGroup * plane.bits, nbytes);
        const std::uint64_t some = unpack(group, plane.bits);
        std::memcpy(buffer.data() + i, &some, sizeof some);
    };
    std::size_t i = 0;
    for (; i / kGroup * plane.bits + sizeof group <= bytes->size() && i < plane.count; i += kGroup)
        read(i, sizeof group);
    for (; i < plane.count; i += kGroup)
        read(i, std::min<std::size_t>(plane.bits, bytes->size() - i / kGroup * plane.bits));
    const std::size_t last = (plane.count - 1) % kGroup + 1;
    return last == kGroup || group >> (last * plane.bits) == 0;
}

std::string_view read_lengths(StoredBytes& stored, std::size_t limit, CodeLengths& lengths) noexcept {
    const auto last = stored.take_byte();
    if (!last) return "a code is cut";
    if (*last >= limit) return "a code has a value above the largest one of its plane";
    const auto halves = stored.take(*last / 2 + 1);
    if (!halves) return "the lengths of a code are cut";
    lengths = {};
    for (std::size_t i = 0; i < halves->size(); ++i) {
        lengths[2 * i] = std::to_integer<std::uint8_t>((*halves)[i] & std::byte{15});
        lengths[2 * i + 1] = std::to_integer<std::uint8_t>((*halves)[i] >> 4U);
    }
    if (lengths[*last] == 0) return "the largest value of a code has no code word";
    if (*last % 2 == 0 && lengths[*last + 1] != 0)
        return "the half byte after the lengths of a code is not zero";
    return {};
}

std::string_view read_code(const PlaneShape& plane, std::size_t limit, StoredBytes& stored, ListCoder& coder,
                           ValueBuffer& values) noexcept {
    CodeLengths lengths;
    if (const auto wrong = read_lengths(stored, limit, lengths); !wrong.empty()) return wrong;
    const auto tree = ListTree::make(lengths);
    if (!tree) return "the lengths are not those of a complete code";
    const auto number = stored.take(sizeof(std::uint32_t));
    if (!number) return "the number of bits of a code is cut";
    const std::size_t nbits = base::load_le<std::uint32_t>(number->data());
    const auto bits = stored.take((nbits + 7) / 8);
    if (!bits) return "the bits of a code are cut";
    if (nbits % 8 != 0 && std::to_integer<unsigned>(bits->back()) >> nbits % 8 != 0)
        return "a bit after those of a code is not zero";
    if (!coder.decode(*tree, *bits, nbits, plane.count, values))
        return "a code has more or fewer bits than its values";
    return {};
}

}  // namespace

Counts count_values(const PlaneShape& plane, const ValueBuffer& values) noexcept {
    return count_runs(values, plane.count, 64);
}

std::size_t write_plane(const PlaneShape& plane, const Counts& counts, const ValueBuffer& values,
                        ListCoder& coder, std::byte* to) noexcept {
    if (distinct_values(counts) == 1) {
        to[0] = std::byte{kOneValue};
        to[1] = static_cast<std::byte>(values[0]);
        return 2;
    }
    const CodeLengths lengths = huffman_lengths(counts);
    const CodeCost cost = cost_of(counts, lengths);
    if (cost.nbytes() < packed_nbytes(plane) / 100 * 98) {
        to[0] = std::byte{kCoded};
        return 1 + write_code(plane, values, lengths, cost, coder, to + 1);
    }
    to[0] = std::byte{kPacked};
    return 1 + write_packed(plane, values, to + 1);
}

std::size_t write_plane(const PlaneShape& plane, const ValueBuffer& values, ListCoder& coder,
                        std::byte* to) noexcept {
    if (sample_gains(plane, values))
        return write_plane(plane, count_values(plane, values), values, coder, to);
    to[0] = std::byte{kPacked};
    return 1 + write_packed(plane, values, to + 1);
}

std::string_view read_plane(const PlaneShape& plane, std::size_t limit, StoredBytes& stored, ListCoder& coder,
                            ValueBuffer& buffer, const std::uint8_t*& values) noexcept {
    const auto form = stored.take_byte();
    if (!form) return "a plane is cut";
    values = buffer.data();
    switch (*form) {
        case kOneValue: {
            const auto value = stored.take_byte();
            if (!value) return "the value of a plane is cut";
            if (*value >= limit) return "a plane has a value above its largest one";
            std::fill_n(buffer.begin(), plane.count, static_cast<std::uint8_t>(*value));
            return {};
        }
        case kPacked:
            if (!read_packed(plane, stored, buffer, values))
                return "a packed plane is cut, or a bit after it is not zero";
            if (limit < 256 && *std::max_element(values, values + plane.count) >= limit)
                return "a plane has a value above its largest one";
            return {};
        case kCoded:
            return read_code(plane, limit, stored, coder, buffer);
        default:
            return "the form of a plane is not 0, 1 or 2";
    }
}

}  // namespace milepost::codec
