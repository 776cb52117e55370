#include "loading/storage_tensors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "format/index.hpp"
#include "format/index_offsets.hpp"

namespace milepost::loading {
namespace {

constexpr std::size_t kBlock = 256;

}  // namespace

StorageTensors::StorageTensors(const format::Index& index, const format::IndexOffsets& offsets)
    : first_(index.storage_count() + std::size_t{1}) {
    const auto tensors = static_cast<std::uint32_t>(index.tensor_layouts.size());
    const auto extent = [&](std::uint32_t tensor) {
        return offsets.layout_extent[index.tensor_layouts[tensor]];
    };
    for (std::uint32_t i = 0; i < tensors; ++i) {
        if (extent(i) != 0) ++first_[index.storage_of(i) + std::size_t{1}];
    }
    for (std::size_t i = 1; i < first_.size(); ++i)
        first_[i] += first_[i - 1];
    extents_.resize(first_.back());
    std::vector<std::size_t> next = first_;
    for (std::uint32_t i = 0; i < tensors; ++i) {
        if (extent(i) == 0) continue;
        const std::uint64_t begin = index.offset_of(i);
        extents_[next[index.storage_of(i)]++] = {begin, begin + extent(i), i};
    }
    for (std::size_t i = 0; i + 1 < first_.size(); ++i) {
        const auto begin = extents_.begin() + static_cast<std::ptrdiff_t>(first_[i]);
        std::sort(begin, extents_.begin() + static_cast<std::ptrdiff_t>(first_[i + 1]),
                  [](const Extent& a, const Extent& b) {
                      return std::tuple(a.begin, a.tensor) < std::tuple(b.begin, b.tensor);
                  });
    }
    add_ends();
}

void StorageTensors::add_ends() {
    ends_.reserve(extents_.size());
    blocks_.resize((extents_.size() + kBlock - 1) / kBlock);
    for (std::size_t i = 0; i < extents_.size(); ++i) {
        ends_.push_back(extents_[i].end);
        blocks_[i / kBlock] = std::max(blocks_[i / kBlock], extents_[i].end);
    }
    for (std::size_t i = 0; i + 1 < first_.size(); ++i) {
        std::sort(ends_.begin() + static_cast<std::ptrdiff_t>(first_[i]),
                  ends_.begin() + static_cast<std::ptrdiff_t>(first_[i + 1]));
    }
}

/// The extents that begin before `end` are the first ones of the storage.
std::size_t StorageTensors::begin_before(std::uint32_t storage, std::uint64_t end) const noexcept {
    const auto first = extents_.begin() + static_cast<std::ptrdiff_t>(first_[storage]);
    const auto last = extents_.begin() + static_cast<std::ptrdiff_t>(first_[storage + std::size_t{1}]);
    return static_cast<std::size_t>(
        std::partition_point(first, last, [&](const Extent& extent) { return extent.begin < end; }) -
        extents_.begin());
}

std::uint64_t StorageTensors::count(std::uint32_t storage, std::uint64_t begin,
                                    std::uint64_t end) const noexcept {
    const auto first = ends_.begin() + static_cast<std::ptrdiff_t>(first_[storage]);
    const auto last = ends_.begin() + static_cast<std::ptrdiff_t>(first_[storage + std::size_t{1}]);
    const auto before = std::upper_bound(first, last, begin) - first;  // those that end before the range
    return begin_before(storage, end) - first_[storage] - static_cast<std::uint64_t>(before);
}

std::vector<std::uint32_t> StorageTensors::list(std::uint32_t storage, std::uint64_t begin, std::uint64_t end,
                                                std::size_t most) const {
    std::vector<std::uint32_t> tensors;
    const std::size_t last = begin_before(storage, end);
    for (std::size_t i = first_[storage]; i < last && tensors.size() < most;) {
        if (i % kBlock == 0 && blocks_[i / kBlock] <= begin) {
            i += kBlock;
            continue;
        }
        if (extents_[i].end > begin) tensors.push_back(extents_[i].tensor);
        ++i;
    }
    return tensors;
}

}  // namespace milepost::loading
