#include "codec/plane_writer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/little_endian.hpp"
#include "codec/huffman.hpp"
#include "codec/list_code.hpp"
#include "codec/list_tree.hpp"
#include "codec/plane.hpp"
#include "codec/word_kernels.hpp"

namespace milepost::codec {
namespace {

constexpr std::byte form_byte(PlaneForm form) noexcept {
    return static_cast<std::byte>(form);
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

std::size_t write_packed(const PlaneShape& plane, const ValueBuffer& values, const WordKernels& kernels,
                         std::byte* to) noexcept {
    if (plane.bits == kByteBits)
        std::memcpy(to, values.data(), plane.count);
    else
        kernels.pack(values.data(), plane.count, plane.bits, reinterpret_cast<std::uint8_t*>(to));
    return plane.packed_nbytes();
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

}  // namespace

Counts count_values(const PlaneShape& plane, const ValueBuffer& values) noexcept {
    return count_runs(values, plane.count, 64);
}

std::size_t write_plane(const PlaneShape& plane, const Counts& counts, const ValueBuffer& values,
                        const PlaneTools& tools, std::byte* to) noexcept {
    if (distinct_values(counts) == 1) {
        to[0] = form_byte(PlaneForm::one_value);
        to[1] = static_cast<std::byte>(values[0]);
        return 2;
    }
    const CodeLengths lengths = huffman_lengths(counts);
    const CodeCost cost = cost_of(counts, lengths);
    if (cost.nbytes() < plane.packed_nbytes() / 100 * 98) {
        to[0] = form_byte(PlaneForm::coded);
        return 1 + write_code(plane, values, lengths, cost, tools.coder, to + 1);
    }
    to[0] = form_byte(PlaneForm::packed);
    return 1 + write_packed(plane, values, tools.kernels, to + 1);
}

std::size_t write_plane(const PlaneShape& plane, const ValueBuffer& values, const PlaneTools& tools,
                        std::byte* to) noexcept {
    if (sample_gains(plane, values))
        return write_plane(plane, count_values(plane, values), values, tools, to);
    to[0] = form_byte(PlaneForm::packed);
    return 1 + write_packed(plane, values, tools.kernels, to + 1);
}

}  // namespace milepost::codec
