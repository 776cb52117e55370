#include "core/gather.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/layout.hpp"

namespace milepost::core {
namespace {

/// One dimension; both steps in bytes.
struct Axis {
    std::size_t size;
    std::size_t from_step;
    std::size_t to_step;
};

/// A fixed array, because a copy must not fail for lack of memory: a tensor of less than 2^63 elements has at
/// most 62 dimensions above 1; two of size 1 may be added.
class Axes {
public:
    void push_back(const Axis& axis) noexcept { axes_[size_++] = axis; }
    void pop_back() noexcept { --size_; }
    void push_front(const Axis& axis) noexcept {
        std::copy_backward(begin(), end(), end() + 1);
        axes_[0] = axis;
        ++size_;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] Axis& back() noexcept { return axes_[size_ - 1]; }
    [[nodiscard]] const Axis& operator[](std::size_t i) const noexcept { return axes_[i]; }
    [[nodiscard]] Axis* begin() noexcept { return axes_.data(); }
    [[nodiscard]] Axis* end() noexcept { return axes_.data() + size_; }

private:
    std::array<Axis, 64> axes_;
    std::size_t size_ = 0;
};

/// The loops that are left when a tensor is read in blocks of contiguous bytes: as few as possible.
struct Plan {
    Axes axes;
    std::size_t block;  ///< bytes
};

Plan make_plan(Dims shape, Dims strides, std::size_t element_nbytes) noexcept {
    Plan plan{{}, element_nbytes};
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 1) continue;
        const std::size_t step = strides[i] * element_nbytes;
        // Two dimensions that are walked in one stride are one. No overflow: the outer step is as large as
        // this.
        if (!plan.axes.empty() && plan.axes.back().from_step / shape[i] == step &&
            plan.axes.back().from_step % shape[i] == 0) {
            plan.axes.back().size *= shape[i];
            plan.axes.back().from_step = step;
        } else {
            plan.axes.push_back({shape[i], step, 0});
        }
    }
    if (!plan.axes.empty() && plan.axes.back().from_step == element_nbytes) {
        plan.block *= plan.axes.back().size;
        plan.axes.pop_back();
    }
    std::size_t to_step = plan.block;
    for (Axis* axis = plan.axes.end(); axis != plan.axes.begin();) {
        (--axis)->to_step = to_step;
        to_step *= axis->size;
    }
    return plan;
}

/// Moves the axis whose neighbours are nearest in the source to the place before the last axis. These two
/// axes form the planes. Requires: two axes or more.
void choose_plane(Axes& axes) noexcept {
    const auto nearest = std::min_element(axes.begin(), axes.end() - 1, [](const Axis& a, const Axis& b) {
        return a.from_step - 1 < b.from_step - 1;  // a step of 0 counts as the farthest: it gains nothing
    });
    std::rotate(nearest, nearest + 1, axes.end() - 1);
}

/// Copies blocks of kBlock bytes, or of `block` bytes if kBlock is 0.
template <std::size_t kBlock>
void copy_rows(const std::byte* from, std::byte* to, const Axis& rows, const Axis& columns,
               std::size_t block) {
    for (std::size_t row = 0; row < rows.size; ++row) {
        const std::byte* source = from + row * rows.from_step;
        std::byte* target = to + row * rows.to_step;
        for (std::size_t column = 0; column < columns.size; ++column) {
            std::memcpy(target, source, kBlock == 0 ? block : kBlock);
            source += columns.from_step;
            target += columns.to_step;
        }
    }
}

/// The same for a plane whose columns are closer together in the source than its rows are, as those of a
/// transposed matrix: in tiles, read down the columns and written along the rows, so that each line of the
/// cache is filled and emptied once. The tile is turned in memory of its own, since the lines of a column, a
/// power of two apart, would drive each other out of the cache.
template <std::size_t kBlock>
void copy_tiles(const std::byte* from, std::byte* to, const Axis& rows, const Axis& columns, std::size_t) {
    constexpr std::size_t kSide = kBlock <= 4 ? 64 : 32;
    std::array<std::byte, kSide * kSide * kBlock> tile;
    for (std::size_t top = 0; top < rows.size; top += kSide) {
        const std::size_t height = std::min(kSide, rows.size - top);
        for (std::size_t left = 0; left < columns.size; left += kSide) {
            const std::size_t width = std::min(kSide, columns.size - left);
            const std::byte* source = from + top * rows.from_step + left * columns.from_step;
            for (std::size_t column = 0; column < width; ++column) {
                for (std::size_t row = 0; row < height; ++row) {
                    std::memcpy(&tile[(row * kSide + column) * kBlock],
                                source + column * columns.from_step + row * rows.from_step, kBlock);
                }
            }
            std::byte* target = to + top * rows.to_step + left * kBlock;
            for (std::size_t row = 0; row < height; ++row) {
                std::memcpy(target + row * rows.to_step, &tile[row * kSide * kBlock], width * kBlock);
            }
        }
    }
}

using CopyPlane = void (*)(const std::byte*, std::byte*, const Axis&, const Axis&, std::size_t);

/// Copies of a size that the compiler knows are single instructions.
CopyPlane choose_copy(std::size_t block, const Axis& rows, const Axis& columns) {
    const bool turned = rows.from_step != 0 && rows.from_step < columns.from_step;
    switch (block) {
        case 1:
            return turned ? copy_tiles<1> : copy_rows<1>;
        case 2:
            return turned ? copy_tiles<2> : copy_rows<2>;
        case 4:
            return turned ? copy_tiles<4> : copy_rows<4>;
        case 8:
            return turned ? copy_tiles<8> : copy_rows<8>;
        case 16:
            return turned ? copy_tiles<16> : copy_rows<16>;
        default:
            return copy_rows<0>;
    }
}

/// Calls copy(from, to) for each plane of the axes before the last two, as an odometer turns.
template <class Copy>
void for_each_plane(const Axes& axes, const std::byte* from, std::byte* to, Copy copy) {
    std::array<std::size_t, 64> position{};
    for (;;) {
        copy(from, to);
        std::size_t i = axes.size() - 2;
        for (; i > 0; --i) {
            const Axis& axis = axes[i - 1];
            if (++position[i - 1] < axis.size) {
                from += axis.from_step;
                to += axis.to_step;
                break;
            }
            from -= axis.from_step * (axis.size - 1);
            to -= axis.to_step * (axis.size - 1);
            position[i - 1] = 0;
        }
        if (i == 0) return;
    }
}

void add_axes_of_one(Axes& axes) noexcept {
    constexpr Axis kOne{1, 0, 0};
    while (axes.size() < 2)
        axes.push_front(kOne);
}

}  // namespace

void gather(const std::byte* from, Dims shape, Dims strides, std::size_t element_nbytes,
            std::byte* to) noexcept {
    Plan plan = make_plan(shape, strides, element_nbytes);
    add_axes_of_one(plan.axes);
    choose_plane(plan.axes);
    const Axis columns = plan.axes.back();
    const Axis rows = plan.axes[plan.axes.size() - 2];
    const CopyPlane copy = choose_copy(plan.block, rows, columns);
    for_each_plane(plan.axes, from, to, [&](const std::byte* source, std::byte* target) {
        copy(source, target, rows, columns, plan.block);
    });
}

ContiguousRuns::ContiguousRuns(Dims shape, Dims strides, std::size_t element_nbytes) noexcept {
    Plan plan = make_plan(shape, strides, element_nbytes);
    if (plan.axes.empty()) plan.axes.push_back({1, 0, 0});
    run_nbytes_ = plan.block;
    for (const auto& axis : plan.axes)
        axes_[size_++] = {axis.size, axis.from_step, axis.to_step, 0};
    std::stable_sort(axes_.begin(), axes_.begin() + size_,
                     [](const auto& a, const auto& b) { return a.from_step > b.from_step; });
    std::uint64_t below = run_nbytes_;
    for (std::size_t i = size_; i-- > 0;) {
        axes_[i].below = below;
        below += (axes_[i].size - 1) * axes_[i].from_step;  // extent_nbytes: below 2^63
    }
}

bool ContiguousRuns::is_nested() const noexcept {
    return std::all_of(axes_.begin(), axes_.begin() + size_,
                       [](const Axis& axis) { return axis.from_step == 0 || axis.from_step >= axis.below; });
}

ContiguousRuns::Level ContiguousRuns::enter(const Axis& axis, std::uint64_t from, std::uint64_t to,
                                            std::uint64_t begin, std::uint64_t end) noexcept {
    const std::uint64_t step = axis.from_step;
    if (from >= end) return {0, 0, from, to};
    if (step == 0) return {0, from + axis.below > begin ? axis.size : 0, from, to};
    const std::uint64_t step_end = from + axis.below;  // end of the bytes of step 0
    const std::uint64_t first = step_end > begin ? 0 : (begin - step_end) / step + 1;
    return {first, std::min(axis.size, (end - 1 - from) / step + 1), from, to};
}

void scatter(const std::byte* from, Dims shape, Dims strides, std::size_t element_nbytes,
             std::byte* to) noexcept {
    Plan plan = make_plan(shape, strides, element_nbytes);
    add_axes_of_one(plan.axes);
    for (Axis& axis : plan.axes)
        std::swap(axis.from_step, axis.to_step);
    const Axis columns = plan.axes.back();
    const Axis rows = plan.axes[plan.axes.size() - 2];
    for_each_plane(plan.axes, from, to, [&](const std::byte* source, std::byte* target) {
        copy_rows<0>(source, target, rows, columns, plan.block);
    });
}

}  // namespace milepost::core
