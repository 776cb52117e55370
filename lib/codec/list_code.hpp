#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/list_kernels.hpp"
#include "codec/list_tree.hpp"

namespace milepost::codec {

/// The most values of one plane: docs/format.md, section 4.4.
inline constexpr std::size_t kBlockWords = std::size_t{1} << 16U;

/// Room for the values of a plane.
using ValueBuffer = std::array<std::uint8_t, kBlockWords + kListSlack>;

/// Codes the values of one plane after the other, and decodes them. Has the memory for that. One thread at a
/// time.
class ListCoder {
public:
    explicit ListCoder(const ListKernels& kernels = list_kernels()) noexcept : kernels_(kernels) {}

    /// Writes the bits of all nodes and returns how many there are. Requires: each value has a code word;
    /// kListSlack bytes follow the values; `to` has room for the bits and 8 bytes.
    std::size_t encode(const ListTree& tree, std::span<const std::uint8_t> values, std::byte* to) noexcept;

    /// Decodes `count` values, whose bits are the first `nbits` of `bits`, into `values`. False if the bits
    /// of the nodes are not exactly that many. Requires: count is at most kBlockWords; bits has them.
    [[nodiscard]] bool decode(const ListTree& tree, std::span<const std::byte> bits, std::size_t nbits,
                              std::size_t count, ValueBuffer& values) noexcept;

private:
    class Writer;
    class Reader;

    const ListKernels& kernels_;
    ValueBuffer first_;
    ValueBuffer second_;
    std::array<std::uint64_t, kBlockWords / 64> masks_;
};

}  // namespace milepost::codec
