#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/layout.hpp"

namespace milepost::core {

/// Copies a strided tensor to contiguous memory. `from` is its first element; `element_nbytes` the size of
/// one. Requires: strides_fit; `from` holds extent_nbytes, `to` the bytes of all elements; the two do not
/// overlap.
void gather(const std::byte* from, Dims shape, Dims strides, std::size_t element_nbytes,
            std::byte* to) noexcept;

/// A strided tensor as blocks of contiguous bytes, the axis furthest apart first: finds those within a part
/// of its bytes, so that chunks can be read one after the other.
class ContiguousRuns {
public:
    /// Requires: strides_fit.
    ContiguousRuns(Dims shape, Dims strides, std::size_t element_nbytes) noexcept;

    /// Whether each step of an axis is beyond all that the axes below it reach, as in any slice, transposed
    /// or expanded tensor. Then visit() takes time in proportion to the blocks that it finds; else, up to
    /// that for all blocks.
    [[nodiscard]] bool is_nested() const noexcept;

    /// Calls visit(from, to, nbytes) for each piece of a block in the bytes [begin, end), counted from the
    /// first element on: `from` likewise, `to` from the first byte of the contiguous copy. Stops, and returns
    /// false, when visit does.
    template <class Visit>
    bool visit(std::uint64_t begin, std::uint64_t end, Visit visit) const;

private:
    struct Axis {
        std::uint64_t size, from_step, to_step;
        std::uint64_t below;  ///< bytes that the axes below reach: each step covers so many
    };
    /// Where the walk stands on an axis.
    struct Level {
        std::uint64_t next, end;  ///< steps
        std::uint64_t from, to;   ///< of step 0
    };

    /// The steps on an axis whose bytes meet [begin, end).
    [[nodiscard]] static Level enter(const Axis& axis, std::uint64_t from, std::uint64_t to,
                                     std::uint64_t begin, std::uint64_t end) noexcept;

    std::array<Axis, 64> axes_;
    std::size_t size_ = 0;  ///< at least 1
    std::uint64_t block_;
};

template <class Visit>
bool ContiguousRuns::visit(std::uint64_t begin, std::uint64_t end, Visit visit) const {
    std::array<Level, 64> levels;
    std::size_t depth = 0;
    levels[0] = enter(axes_[0], 0, 0, begin, end);
    for (;;) {
        Level& level = levels[depth];
        if (level.next >= level.end) {
            if (depth == 0) return true;
            --depth;
            continue;
        }
        const std::uint64_t from = level.from + level.next * axes_[depth].from_step;
        const std::uint64_t to = level.to + level.next * axes_[depth].to_step;
        ++level.next;
        if (depth + 1 < size_) {
            ++depth;
            levels[depth] = enter(axes_[depth], from, to, begin, end);
            continue;
        }
        const std::uint64_t first = std::max(from, begin);
        const std::uint64_t last = std::min(from + block_, end);
        if (first < last && !visit(first, to + (first - from), static_cast<std::size_t>(last - first)))
            return false;
    }
}

/// The counterpart of gather: copies contiguous memory into a strided tensor, whose first element is at `to`.
/// Requires: as gather; no two elements of the tensor lie in the same place.
void scatter(const std::byte* from, Dims shape, Dims strides, std::size_t element_nbytes,
             std::byte* to) noexcept;

}  // namespace milepost::core
