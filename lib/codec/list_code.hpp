#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "codec/list_kernels.hpp"
#include "codec/list_tree.hpp"

namespace milepost::codec {

/// The most values of one plane: docs/format.md, section 4.4.
inline constexpr std::size_t kBlockWords = std::size_t{1} << 16U;

/// Room for the values of a plane.
using ValueBuffer = std::array<std::uint8_t, kBlockWords + kListSlack>;

/// What merges to a list that is there already. Requires: no more than kBlockWords values.
[[nodiscard]] ListMerge plain_list(const std::uint8_t* values) noexcept;

/// The list without its first `count` values.
[[nodiscard]] ListMerge rest_of(const ListKernels& kernels, ListMerge merge, std::size_t count) noexcept;

/// Writes the list to memory that has no room for more. The list is `out.size()` values long.
void merge_exactly(const ListKernels& kernels, const ListMerge& merge, std::span<std::uint8_t> out) noexcept;

/// Bits of a code.
struct CodedBits {
    std::span<const std::uint8_t> bytes;  ///< the bits, and all that may be read after them
    std::size_t nbits;
};

/// Codes the values of one plane after the other, and decodes them. Has the memory for that. One thread at a
/// time.
class ListCoder {
public:
    explicit ListCoder(const ListKernels& kernels) noexcept : kernels_(kernels) {}

    /// Writes the bits of all nodes and returns how many there are. `ranks` has the rank of each value in the
    /// tree. Requires: each value has a code word; kListSlack bytes follow the values; `to` has room for the
    /// bits and 8 bytes.
    std::size_t encode(const ListTree& tree, const std::array<std::uint8_t, 256>& ranks,
                       std::span<const std::uint8_t> values, std::byte* to) noexcept;

    /// Decodes everything but the root of a tree, whose list has `count` values. Returns what merges that
    /// list; it is valid until the next call, and as long as the bits. Nothing if the bits of the nodes are
    /// not exactly as many. Requires: count is at most kBlockWords.
    [[nodiscard]] std::optional<ListMerge> decode_sides(const ListTree& tree, const CodedBits& bits,
                                                        std::size_t count) noexcept;

    /// The same with the root: decodes `count` values into `values`.
    [[nodiscard]] bool decode(const ListTree& tree, const CodedBits& bits, std::size_t count,
                              ValueBuffer& values) noexcept;

private:
    class Writer;
    class Reader;

    /// No value has a longer code word, so that no code has more bytes.
    static constexpr std::size_t kMaxNbytes = kBlockWords / 8 * ListTree::kMaxLength;

    const ListKernels& kernels_;
    std::array<std::uint8_t, kMaxNbytes + kListSlack> bits_;
    ValueBuffer first_;
    ValueBuffer second_;
    std::array<std::uint64_t, kBlockWords / 64> masks_;
};

}  // namespace milepost::codec
