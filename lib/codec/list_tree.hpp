#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "codec/huffman.hpp"

namespace milepost::codec {

/// The tree of a code: docs/format.md, section 4.4. Values are replaced by their ranks, which are their
/// places in the order of the code words. So the values of a node are a range of ranks, and those on its side
/// of ones are the ranks from its pivot on.
struct ListTree {
    struct Node {
        std::uint8_t pivot;  ///< the first rank on the side of ones
        /// A node of this array, or a rank as kLeaf + rank.
        ///@{
        std::uint16_t zeros;
        std::uint16_t ones;
        ///@}
    };
    static constexpr std::uint16_t kLeaf = 0x8000;
    static constexpr unsigned kMaxLength = 15;

    std::array<Node, 255> nodes;             ///< the first one is the root
    std::array<std::uint8_t, 256> values{};  ///< by rank
    std::uint16_t value_count = 0;           ///< at least 2

    /// Nothing unless the lengths are those of a complete code of two values or more: rule P9.
    [[nodiscard]] static std::optional<ListTree> make(const CodeLengths& lengths) noexcept;
};

}  // namespace milepost::codec
