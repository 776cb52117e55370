#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "codec/list_code.hpp"
#include "codec/plane.hpp"
#include "codec/plane_kernels.hpp"
#include "codec/word_planes.hpp"

// What encoder and decoder of the codec planes share: docs/format.md, section 4.4.

namespace milepost::codec {

/// The number of stored bytes of a block.
using BlockSize = std::uint32_t;

/// The form of a block.
enum class BlockForm : std::uint8_t { raw = 0, planes = 1 };

/// How a chunk is cut.
struct ChunkShape {
    ChunkShape(const WordKind& kind, std::size_t raw_nbytes) noexcept
        : words(raw_nbytes / kind.nbytes),
          blocks((words + kBlockWords - 1) / kBlockWords),
          tail_nbytes(raw_nbytes % kind.nbytes) {}

    /// Raw bytes of a block.
    [[nodiscard]] std::size_t block_nbytes(const WordKind& kind, std::size_t block) const noexcept {
        return std::min(kBlockWords, words - block * kBlockWords) * kind.nbytes;
    }

    std::size_t words;
    std::size_t blocks;
    std::size_t tail_nbytes;
};

[[nodiscard]] inline PlaneShape plane_shape(const WordCut& cut, std::size_t plane,
                                            std::size_t count) noexcept {
    return {count, plane == 1 ? cut.rest_bits() : kByteBits};
}

[[nodiscard]] inline std::size_t exponent_set_nbytes(const WordKind& kind) noexcept {
    return (std::size_t{1} << kind.exponent_bits) / 8;
}

/// The memory of an encoder or a decoder for one block.
struct Workspace {
    Workspace(const WordKind& of, const PlaneKernels& kernels_of)
        : kind(of), kernels(kernels_of), planes(of.nbytes), coder(*kernels_of.lists) {}

    const WordKind& kind;
    const PlaneKernels& kernels;
    Planes planes;
    TopBuffer tops;
    ListCoder coder;
};

}  // namespace milepost::codec
