#include "codec/list_code.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "codec/bit_writer.hpp"
#include "codec/list_kernels.hpp"
#include "codec/list_tree.hpp"

namespace milepost::codec {
namespace {

bool is_leaf(std::uint16_t child) noexcept {
    return child >= ListTree::kLeaf;
}

}  // namespace

ListMerge plain_list(const std::uint8_t* values) noexcept {
    static constexpr std::array<std::uint8_t, kBlockWords / 8 + kListSlack> kZeros{};
    return {{kZeros.data(), 0}, {values, 0}, {nullptr, 0}};
}

ListMerge rest_of(const ListKernels& kernels, ListMerge merge, std::size_t count) noexcept {
    const std::size_t ones = kernels.count_ones(merge.bits, count);
    merge.bits.at += count;
    if (merge.ones.list != nullptr) merge.ones.list += ones;
    if (merge.zeros.list != nullptr) merge.zeros.list += count - ones;
    return merge;
}

void merge_exactly(const ListKernels& kernels, const ListMerge& merge, std::span<std::uint8_t> out) noexcept {
    constexpr std::size_t kVector = kListSlack;  // no kernel writes more values at a time
    const std::size_t last = out.size() % kVector, first = out.size() - last;
    kernels.merge(merge, first, out.data());
    std::array<std::uint8_t, kVector + kListSlack> some;
    kernels.merge(rest_of(kernels, merge, first), last, some.data());
    std::copy_n(some.begin(), last, out.begin() + static_cast<std::ptrdiff_t>(first));
}

class ListCoder::Writer {
public:
    Writer(ListCoder& coder, const ListTree& tree, std::byte* to) noexcept
        : coder_(coder), tree_(tree), bits_(to) {}

    /// `ranks` and `scratch` have room for `count`, and are both used up.
    void write(std::uint16_t number, std::uint8_t* ranks, std::size_t count, std::uint8_t* scratch) noexcept {
        const ListTree::Node& node = tree_.nodes[number];
        std::uint64_t* const masks = coder_.masks_.data();
        const std::size_t ones = coder_.kernels_.partition(ranks, count, node.pivot, scratch, masks);
        bits_.add_words({masks, count / kWordBits});
        if (count % kWordBits != 0) bits_.add(masks[count / kWordBits], count % kWordBits);
        // The ranks that have gone have left as much room after those that stayed.
        if (!is_leaf(node.zeros)) write(node.zeros, scratch, count - ones, ranks + ones);
        if (!is_leaf(node.ones)) write(node.ones, ranks, ones, scratch);
    }
    std::size_t finish() noexcept { return bits_.finish(); }

private:
    ListCoder& coder_;
    const ListTree& tree_;
    BitWriter bits_;
};

std::size_t ListCoder::encode(const ListTree& tree, const std::array<std::uint8_t, 256>& ranks,
                              std::span<const std::uint8_t> values, std::byte* to) noexcept {
    kernels_.map(values.data(), values.size(), ranks.data(), first_.data());
    Writer writer(*this, tree, to);
    writer.write(0, first_.data(), values.size(), second_.data());
    return writer.finish();
}

/// Lists are made in two buffers by turns: a node's at its place in one, those that it is merged of at the
/// same place in the other one. What a vector writes after the end of a list is where lists are made later.
class ListCoder::Reader {
public:
    Reader(const ListKernels& kernels, const ListTree& tree, const std::uint8_t* bits,
           std::size_t nbits) noexcept
        : kernels_(kernels), tree_(tree), bits_(bits), nbits_(nbits) {}

    /// Makes the lists of both sides of a node, in `other`, and uses `out`.
    [[nodiscard]] std::optional<ListMerge> read_sides(std::uint16_t number, std::size_t count,
                                                      std::uint8_t* out, std::uint8_t* other) noexcept {
        if (count > nbits_ - at_) return std::nullopt;
        const NodeBits bits{bits_, at_};
        at_ += count;
        const ListTree::Node& node = tree_.nodes[number];
        const std::size_t ones = kernels_.count_ones(bits, count), zeros = count - ones;
        if (!is_leaf(node.zeros) && !read(node.zeros, zeros, other, out)) return std::nullopt;
        if (!is_leaf(node.ones) && !read(node.ones, ones, other + zeros, out + zeros)) return std::nullopt;
        return ListMerge{bits, side(node.zeros, other), side(node.ones, other + zeros)};
    }

    [[nodiscard]] bool is_at_end() const noexcept { return at_ == nbits_; }

private:
    [[nodiscard]] bool read(std::uint16_t number, std::size_t count, std::uint8_t* out,
                            std::uint8_t* other) noexcept {
        const auto merge = read_sides(number, count, out, other);
        if (!merge) return false;
        kernels_.merge(*merge, count, out);
        return true;
    }

    [[nodiscard]] ListSide side(std::uint16_t child, const std::uint8_t* list) const noexcept {
        if (is_leaf(child)) return {nullptr, tree_.values[child - ListTree::kLeaf]};
        return {list, 0};
    }

    const ListKernels& kernels_;
    const ListTree& tree_;
    const std::uint8_t* bits_;
    std::size_t nbits_;
    std::size_t at_ = 0;
};

std::optional<ListMerge> ListCoder::decode_sides(const ListTree& tree, const CodedBits& bits,
                                                 std::size_t count) noexcept {
    if (bits.nbits > count * ListTree::kMaxLength) return std::nullopt;
    const std::size_t nbytes = (bits.nbits + 7) / 8;
    const bool has_slack = bits.bytes.size() - nbytes >= kListSlack;
    if (!has_slack) std::copy_n(bits.bytes.begin(), nbytes, bits_.begin());
    Reader reader(kernels_, tree, has_slack ? bits.bytes.data() : bits_.data(), bits.nbits);
    const auto merge = reader.read_sides(0, count, first_.data(), second_.data());
    return reader.is_at_end() ? merge : std::nullopt;
}

bool ListCoder::decode(const ListTree& tree, const CodedBits& bits, std::size_t count,
                       ValueBuffer& values) noexcept {
    const auto merge = decode_sides(tree, bits, count);
    if (merge) kernels_.merge(*merge, count, values.data());
    return merge.has_value();
}

}  // namespace milepost::codec
