#include "codec/list_code.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/little_endian.hpp"
#include "codec/list_kernels.hpp"
#include "codec/list_tree.hpp"

namespace milepost::codec {
namespace {

constexpr std::size_t kWordBits = 64;

bool is_leaf(std::uint16_t child) noexcept {
    return child >= ListTree::kLeaf;
}

/// Bits one after the other, from the lowest of each byte on.
class BitWriter {
public:
    explicit BitWriter(std::byte* to) noexcept : to_(to) {}

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

/// Bits of a span, 64 at a time from any bit on. After the end there are zeros.
class BitReader {
public:
    explicit BitReader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] std::uint64_t word(std::size_t bit) const noexcept {
        const std::size_t byte = bit / 8, shift = bit % 8;
        if (byte + 9 <= bytes_.size()) return joined(bytes_.data() + byte, shift);
        std::array<std::byte, 9> last{};
        if (byte < bytes_.size())
            std::memcpy(last.data(), bytes_.data() + byte, std::min(last.size(), bytes_.size() - byte));
        return joined(last.data(), shift);
    }

private:
    static std::uint64_t joined(const std::byte* from, std::size_t shift) noexcept {
        const auto low = base::load_le<std::uint64_t>(from);
        return shift == 0 ? low
                          : low >> shift | std::to_integer<std::uint64_t>(from[8]) << (kWordBits - shift);
    }

    std::span<const std::byte> bytes_;
};

}  // namespace

class ListCoder::Writer {
public:
    Writer(ListCoder& coder, const ListTree& tree, std::byte* to) noexcept
        : coder_(coder), tree_(tree), bits_(to) {}

    /// `ranks` and `scratch` have room for `count`, and are both used up.
    void write(std::uint16_t number, std::uint8_t* ranks, std::size_t count, std::uint8_t* scratch) noexcept {
        const ListTree::Node& node = tree_.nodes[number];
        std::uint64_t* const masks = coder_.masks_.data();
        const std::size_t ones = coder_.kernels_.partition(ranks, count, node.pivot, scratch, masks);
        for (std::size_t i = 0; i < count; i += kWordBits)
            bits_.add(masks[i / kWordBits], std::min(kWordBits, count - i));
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

std::size_t ListCoder::encode(const ListTree& tree, std::span<const std::uint8_t> values,
                              std::byte* to) noexcept {
    const auto ranks = tree.ranks();
    kernels_.map(values.data(), values.size(), ranks.data(), first_.data());
    Writer writer(*this, tree, to);
    writer.write(0, first_.data(), values.size(), second_.data());
    return writer.finish();
}

/// Lists are made in two buffers by turns: a node's at its place in one, those that it is merged of at the
/// same place in the other one. What a vector writes after the end of a list is where lists are made later.
class ListCoder::Reader {
public:
    Reader(ListCoder& coder, const ListTree& tree, std::span<const std::byte> bits,
           std::size_t nbits) noexcept
        : coder_(coder), tree_(tree), bits_(bits), nbits_(nbits) {}

    [[nodiscard]] bool read(std::uint16_t number, std::size_t count, std::uint8_t* out,
                            std::uint8_t* other) noexcept {
        if (count > nbits_ - at_) return false;
        const std::size_t begin = at_;
        at_ += count;
        const ListTree::Node& node = tree_.nodes[number];
        const std::size_t zeros = count - ones_in(begin, count);
        if (!is_leaf(node.zeros) && !read(node.zeros, zeros, other, out)) return false;
        if (!is_leaf(node.ones) && !read(node.ones, count - zeros, other + zeros, out + zeros)) return false;
        for (std::size_t i = 0; i < count; i += kWordBits)
            coder_.masks_[i / kWordBits] = bits_.word(begin + i);
        coder_.kernels_.merge(coder_.masks_.data(), count, side(node.zeros, other),
                              side(node.ones, other + zeros), out);
        return true;
    }

    [[nodiscard]] bool is_at_end() const noexcept { return at_ == nbits_; }

private:
    [[nodiscard]] ListSide side(std::uint16_t child, const std::uint8_t* list) const noexcept {
        if (is_leaf(child)) return {nullptr, tree_.values[child - ListTree::kLeaf]};
        return {list, 0};
    }

    [[nodiscard]] std::size_t ones_in(std::size_t begin, std::size_t count) const noexcept {
        std::size_t ones = 0, i = 0;
        for (; i + kWordBits <= count; i += kWordBits)
            ones += static_cast<std::size_t>(std::popcount(bits_.word(begin + i)));
        if (i == count) return ones;
        const std::uint64_t last = bits_.word(begin + i) << (kWordBits - (count - i));
        return ones + static_cast<std::size_t>(std::popcount(last));
    }

    ListCoder& coder_;
    const ListTree& tree_;
    BitReader bits_;
    std::size_t nbits_;
    std::size_t at_ = 0;
};

bool ListCoder::decode(const ListTree& tree, std::span<const std::byte> bits, std::size_t nbits,
                       std::size_t count, ValueBuffer& values) noexcept {
    Reader reader(*this, tree, bits, nbits);
    return reader.read(0, count, values.data(), second_.data()) && reader.is_at_end();
}

}  // namespace milepost::codec
