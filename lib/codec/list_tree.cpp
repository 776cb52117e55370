#include "codec/list_tree.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "codec/huffman.hpp"

namespace milepost::codec {
namespace {

bool is_complete(const CodeLengths& lengths) noexcept {
    std::uint32_t sum = 0;
    for (const std::uint8_t length : lengths) {
        if (length > ListTree::kMaxLength) return false;
        if (length != 0) sum += 1U << (ListTree::kMaxLength - length);
    }
    return sum == 1U << ListTree::kMaxLength;  // a code of one value would have a word of no bits
}

/// Makes the nodes in the order of the bits. The code is complete, so that no node is left without children.
class Builder {
public:
    Builder(ListTree& tree, const CodeLengths& lengths) noexcept : tree_(tree), lengths_(lengths) {}

    std::uint16_t make(unsigned depth) noexcept {
        if (lengths_[tree_.values[rank_]] == depth)
            return static_cast<std::uint16_t>(ListTree::kLeaf + rank_++);
        const std::uint16_t node = made_++;
        const std::uint16_t zeros = make(depth + 1);
        const auto pivot = static_cast<std::uint8_t>(rank_);
        tree_.nodes[node] = {pivot, zeros, make(depth + 1)};
        return node;
    }

private:
    ListTree& tree_;
    const CodeLengths& lengths_;
    unsigned rank_ = 0;
    std::uint16_t made_ = 0;
};

}  // namespace

std::optional<ListTree> ListTree::make(const CodeLengths& lengths) noexcept {
    if (!is_complete(lengths)) return std::nullopt;
    ListTree tree;
    for (std::size_t value = 0; value < lengths.size(); ++value) {
        if (lengths[value] != 0) tree.values[tree.value_count++] = static_cast<std::uint8_t>(value);
    }
    std::sort(tree.values.begin(), tree.values.begin() + tree.value_count,
              [&](auto a, auto b) { return lengths[a] != lengths[b] ? lengths[a] < lengths[b] : a < b; });
    Builder(tree, lengths).make(0);
    return tree;
}

}  // namespace milepost::codec
