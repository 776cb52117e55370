#include "live/live_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/tensor_span.hpp>

#include "core/gather.hpp"
#include "core/layout.hpp"
#include "live/tensor_copy.hpp"

namespace milepost::live {
namespace {

/// The addresses from the first byte of a live tensor to its last one.
struct AddressRange {
    std::uintptr_t begin, end;
};

AddressRange range_of(const TensorSpan& live) noexcept {
    const TensorView& view = live.view();
    const auto begin = reinterpret_cast<std::uintptr_t>(live.memory().data()) + view.offset();
    if (view.element_count() == 0) return {begin, begin};
    return {begin, begin + core::extent_nbytes(view.shape(), view.strides(), view.dtype().bits)};
}

Error different_bytes() {
    return {Condition::unexpected, "live tensors share memory, and the file has different bytes for them"};
}

bool same_layout(const TensorSpan& a, const TensorSpan& b) noexcept {
    return range_of(a).begin == range_of(b).begin && a.dtype() == b.dtype() && a.shape() == b.shape() &&
           a.view().strides() == b.view().strides();
}

bool same_in_file(const TensorView& a, const TensorView& b) noexcept {
    return a.storage() == b.storage() && a.offset() == b.offset() && a.dtype() == b.dtype() &&
           a.shape() == b.shape() && a.strides() == b.strides();
}

/// Some live memory as it will be: what the pairs write into it one after the other.
class Overlay {
public:
    Overlay(std::uintptr_t begin, std::uintptr_t end) : begin_(begin), is_written_(end - begin) {}

    /// Whether the tensor has bytes in common with those before it.
    bool mark(const TensorSpan& live) {
        return !visit(live.view(), range_of(live).begin - begin_, [&](std::uint64_t at, auto, auto nbytes) {
            const auto first = is_written_.begin() + static_cast<std::ptrdiff_t>(at);
            const auto last = first + static_cast<std::ptrdiff_t>(nbytes);
            const bool is_new = std::find(first, last, true) == last;
            std::fill(first, last, true);
            return is_new;
        });
    }

    /// Errors: mismatch/unexpected where other bytes were written before; those of for_each_block.
    Result<void> write(const TensorPair& pair) {
        bytes_.resize(is_written_.size());
        const std::uintptr_t memory = reinterpret_cast<std::uintptr_t>(pair.to->memory().data());
        return for_each_block(
            *pair.from, *pair.to,
            [&](std::span<const std::byte> block, const TensorView& part) -> Result<void> {
                const std::uintptr_t base = memory + part.offset() - begin_;
                const bool same =
                    visit(part, base, [&](std::uint64_t at, std::uint64_t in_block, auto nbytes) {
                        return write_run(static_cast<std::size_t>(at),
                                         block.subspan(static_cast<std::size_t>(in_block), nbytes));
                    });
                if (!same) return different_bytes();
                return {};
            });
    }

    void clear() { std::fill(is_written_.begin(), is_written_.end(), false); }

private:
    /// Calls run(position here, position in the contiguous copy, nbytes) until that returns false.
    template <class Run>
    static bool visit(const TensorView& view, std::uint64_t base, Run run) {
        if (view.element_count() == 0) return true;
        if (view.is_contiguous()) return run(base, std::uint64_t{0}, static_cast<std::size_t>(view.nbytes()));
        const core::ContiguousRuns runs(view.shape(), view.strides(), view.dtype().bits / 8U);
        const std::uint64_t extent = core::extent_nbytes(view.shape(), view.strides(), view.dtype().bits);
        return runs.visit(0, extent, [&](std::uint64_t from, std::uint64_t to, std::size_t nbytes) {
            return run(base + from, to, nbytes);
        });
    }

    bool write_run(std::size_t at, std::span<const std::byte> run) {
        for (std::size_t i = 0; i < run.size(); ++i) {
            if (is_written_[at + i] && bytes_[at + i] != run[i]) return false;
            is_written_[at + i] = true;
            bytes_[at + i] = run[i];
        }
        return true;
    }

    std::uintptr_t begin_;
    std::vector<bool> is_written_;
    std::vector<std::byte> bytes_;
};

/// Tensors [first, last) of `order`, whose addresses meet.
struct Cluster {
    std::size_t first, last;
    AddressRange range;
};

std::vector<Cluster> find_clusters(std::span<const TensorPair> pairs, const std::vector<std::size_t>& order) {
    std::vector<Cluster> clusters;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const AddressRange range = range_of(*pairs[order[i]].to);
        if (clusters.empty() || range.begin >= clusters.back().range.end) {
            clusters.push_back({i, i + 1, range});
        } else {
            clusters.back().last = i + 1;
            clusters.back().range.end = std::max(clusters.back().range.end, range.end);
        }
    }
    return clusters;
}

/// Compares the tensors of a cluster, all of which have one layout, with the first of them.
Result<void> compare_with_first(std::span<const TensorPair> pairs, std::span<const std::size_t> members,
                                std::size_t& failed) {
    const TensorPair& first = pairs[members.front()];
    for (const std::size_t member : members.subspan(1)) {
        failed = member;
        if (same_in_file(*first.from, *pairs[member].from)) continue;
        MILEPOST_TRY_ASSIGN(auto same, same_bytes(*first.from, *pairs[member].from, *first.to));
        if (!same) return different_bytes();
    }
    return {};
}

/// The same for layouts that differ: columns of one matrix, say, which share addresses but no byte.
Result<void> overlay(std::span<const TensorPair> pairs, std::span<const std::size_t> members,
                     AddressRange range, std::size_t& failed) {
    Overlay memory(range.begin, range.end);
    const auto overlaps = [&](std::size_t member) { return memory.mark(*pairs[member].to); };
    if (std::none_of(members.begin(), members.end(), overlaps)) return {};
    memory.clear();
    for (const std::size_t member : members) {
        failed = member;
        MILEPOST_TRY(memory.write(pairs[member]));
    }
    return {};
}

}  // namespace

LoadedTensors::Key LoadedTensors::key_of(const TensorView& view) {
    return {view.storage(), view.offset(), view.dtype().code, view.shape(), view.strides()};
}

LoadedTensors::LiveKey LoadedTensors::key_of(const TensorSpan& live) {
    return {range_of(live).begin, live.dtype().code, live.shape(), live.view().strides()};
}

LoadedTensors::LoadedTensors(std::span<const TensorPair> loaded) {
    for (const TensorPair& pair : loaded) {
        in_file_.insert(key_of(*pair.from));
        if (pair.to->memory().empty()) continue;
        const AddressRange range = range_of(*pair.to);
        if (pair.to->view().is_contiguous()) {
            ranges_.emplace_back(range.begin, range.end);
        } else {
            live_strided_.insert(key_of(*pair.to));
        }
    }
    std::sort(ranges_.begin(), ranges_.end());
    for (std::size_t i = 1; i < ranges_.size(); ++i)
        ranges_[i].second = std::max(ranges_[i].second, ranges_[i - 1].second);
}

bool LoadedTensors::has_memory(const TensorSpan& live) const {
    if (live.memory().empty() || !live.check_layout()) return false;
    const AddressRange range = range_of(live);
    if (range.begin == range.end) return false;
    const auto above =
        std::upper_bound(ranges_.begin(), ranges_.end(), range.begin,
                         [](std::uintptr_t at, const auto& other) { return at < other.first; });
    if (above != ranges_.begin() && (above - 1)->second >= range.end) return true;
    return live_strided_.contains(key_of(live));
}

bool LoadedTensors::has_twin(const TensorView& in_file) const {
    return in_file.element_count() != 0 && in_file_.contains(key_of(in_file));
}

Result<void> check_shared_memory(std::span<const TensorPair> pairs, std::size_t& failed) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const AddressRange range = range_of(*pairs[i].to);
        if (range.begin != range.end) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return range_of(*pairs[a].to).begin < range_of(*pairs[b].to).begin;
    });
    for (const Cluster& cluster : find_clusters(pairs, order)) {
        if (cluster.last - cluster.first == 1) continue;
        const auto members = std::span(order).subspan(cluster.first, cluster.last - cluster.first);
        const bool all_same = std::all_of(members.begin(), members.end(), [&](std::size_t member) {
            return same_layout(*pairs[members.front()].to, *pairs[member].to);
        });
        auto checked = all_same ? compare_with_first(pairs, members, failed)
                                : overlay(pairs, members, cluster.range, failed);
        if (!checked) return checked;
    }
    return {};
}

}  // namespace milepost::live
