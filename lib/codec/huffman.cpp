#include "codec/huffman.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace milepost::codec {
namespace {

/// Nodes of the tree: the values first, by their counts, then the pairs in the order of their making, which
/// is that of their counts, too. So the two least are always the first of one of two queues.
class Tree {
public:
    explicit Tree(const Counts& counts) noexcept {
        for (std::size_t value = 0; value < counts.size(); ++value) {
            if (counts[value] == 0) continue;
            values_[leaves_++] = static_cast<std::uint8_t>(value);
        }
        std::sort(values_.begin(), values_.begin() + static_cast<std::ptrdiff_t>(leaves_),
                  [&](auto a, auto b) { return counts[a] != counts[b] ? counts[a] < counts[b] : a < b; });
        for (std::size_t i = 0; i < leaves_; ++i)
            weights_[i] = counts[values_[i]];
        const std::size_t root = 2 * leaves_ - 2;
        std::size_t leaf = 0, pair = leaves_;
        for (std::size_t made = leaves_; made <= root; ++made) {
            const auto least = [&] {
                const bool is_leaf = leaf < leaves_ && (pair == made || weights_[leaf] <= weights_[pair]);
                return is_leaf ? leaf++ : pair++;
            };
            const std::size_t first = least(), second = least();
            weights_[made] = weights_[first] + weights_[second];
            parents_[first] = parents_[second] = static_cast<std::uint16_t>(made);
        }
    }

    /// Lengths of the code words, and the longest of them.
    [[nodiscard]] CodeLengths lengths(unsigned& longest) const noexcept {
        std::array<std::uint8_t, 511> depths{};
        CodeLengths lengths{};
        for (std::size_t node = 2 * leaves_ - 2; node-- > 0;) {
            depths[node] = static_cast<std::uint8_t>(depths[parents_[node]] + 1);
            if (node < leaves_) lengths[values_[node]] = depths[node];
        }
        longest = *std::max_element(lengths.begin(), lengths.end());
        return lengths;
    }

private:
    std::size_t leaves_ = 0;
    std::array<std::uint8_t, 256> values_{};
    std::array<std::uint32_t, 511> weights_{};
    std::array<std::uint16_t, 511> parents_{};
};

}  // namespace

CodeLengths huffman_lengths(Counts counts) noexcept {
    for (;;) {
        unsigned longest = 0;
        const CodeLengths lengths = Tree(counts).lengths(longest);
        if (longest <= kMaxCodeLength) return lengths;
        // Rare values get more than their share, until they are not so deep. It ends when all are alike.
        for (std::uint32_t& count : counts)
            count = count == 0 ? 0 : count / 2 + 1;
    }
}

std::uint64_t coded_bits(const Counts& counts, const CodeLengths& lengths) noexcept {
    std::uint64_t bits = 0;
    for (std::size_t value = 0; value < counts.size(); ++value)
        bits += std::uint64_t{counts[value]} * lengths[value];
    return bits;
}

}  // namespace milepost::codec
