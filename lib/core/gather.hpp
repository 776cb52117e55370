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

/// A strided tensor as runs of contiguous bytes, the axis with the largest step first. Finds the runs within
/// a range of its bytes, so that chunks can be read one after the other.
class ContiguousRuns {
public:
    /// Requires: strides_fit.
    ContiguousRuns(Dims shape, Dims strides, std::size_t element_nbytes) noexcept;

    /// Whether each step of an axis is larger than the extent of all axes below it, as in any slice,
    /// transposed or expanded tensor. Then the time of visit() is proportional to the runs that it finds;
    /// otherwise it may be that for all runs.
    [[nodiscard]] bool is_nested() const noexcept;

    /// Calls visit(from, to, nbytes) for each part of a run in the bytes [begin, end), counted from the
    /// first element on: `from` likewise, `to` from the first byte of the contiguous copy. Stops, and returns
    /// false, when visit does.
    template <class Visit>
    bool visit(std::uint64_t begin, std::uint64_t end, Visit visit) const;

private:
    struct Axis {
        std::uint64_t size, from_step, to_step;
        std::uint64_t below;  ///< extent of the axes below, in bytes: each step covers as many
    };
    /// The position of the walk on an axis.
    struct Level {
        std::uint64_t next, end;  ///< steps
        std::uint64_t from, to;   ///< of step 0
    };

    /// The steps on an axis whose bytes meet [begin, end).
    [[nodiscard]] static Level enter(const Axis& axis, std::uint64_t from, std::uint64_t to,
                                     std::uint64_t begin, std::uint64_t end) noexcept;

    std::array<Axis, 64> axes_;
    std::size_t size_ = 0;  ///< at least 1
    std::uint64_t run_nbytes_;
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
        const std::uint64_t last = std::min(from + run_nbytes_, end);
        if (first < last && !visit(first, to + (first - from), static_cast<std::size_t>(last - first)))
            return false;
    }
}

/// The counterpart of gather: copies contiguous memory into a strided tensor, whose first element is at `to`.
/// Requires: as gather; no two elements of the tensor overlap.
void scatter(const std::byte* from, Dims shape, Dims strides, std::size_t element_nbytes,
             std::byte* to) noexcept;

}  // namespace milepost::core
