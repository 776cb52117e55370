#include "core/gather.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace milepost::core {
namespace {

/// One dimension; both steps in bytes.
struct Axis {
    std::size_t size;
    std::size_t from_step;
    std::size_t to_step;
};

/// The loops that are left when a tensor is read in blocks of contiguous bytes: as few as possible.
struct Plan {
    std::vector<Axis> axes;
    std::size_t block;  ///< bytes
};

Plan make_plan(Dims shape, Dims strides, std::size_t element_nbytes) {
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
    for (auto axis = plan.axes.rbegin(); axis != plan.axes.rend(); ++axis) {
        axis->to_step = to_step;
        to_step *= axis->size;
    }
    return plan;
}

/// Puts the axis beside the last one whose neighbours are nearest in the source: with the last one it makes
/// the planes. Requires: two axes or more.
void choose_plane(std::vector<Axis>& axes) {
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

/// The same for a plane whose columns lie closer together in the source than its rows do, as those of a
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

/// Copies of a size that the compiler knows are single moves.
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

}  // namespace

void gather(const std::byte* from, Dims shape, Dims strides, std::size_t element_nbytes, std::byte* to) {
    Plan plan = make_plan(shape, strides, element_nbytes);
    constexpr Axis kOne{1, 0, 0};
    while (plan.axes.size() < 2)
        plan.axes.insert(plan.axes.begin(), kOne);
    choose_plane(plan.axes);
    const Axis columns = plan.axes.back();
    const Axis rows = plan.axes[plan.axes.size() - 2];
    const CopyPlane copy = choose_copy(plan.block, rows, columns);
    plan.axes.resize(plan.axes.size() - 2);
    std::vector<std::size_t> position(plan.axes.size());
    for (;;) {
        copy(from, to, rows, columns, plan.block);
        std::size_t i = plan.axes.size();
        for (; i > 0; --i) {  // one step on, as an odometer turns
            const Axis& axis = plan.axes[i - 1];
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

}  // namespace milepost::core
