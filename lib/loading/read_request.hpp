#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "base/memory.hpp"
#include "base/parallel.hpp"
#include "codec/codec.hpp"
#include "core/layout.hpp"
#include "core/storage_provider.hpp"

namespace milepost::loading {

/// Bytes of a storage that are to be read, and where to. What it refers to outlives the read.
struct ReadRequest {
    std::uint32_t storage = 0;
    /// The first byte in the storage, and the one after the last. Requires: begin < end.
    ///@{
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    ///@}
    /// Room for the bytes, or for the elements of a strided tensor, contiguous. Not used by a check.
    std::byte* to = nullptr;
    codec::TargetMemory memory = codec::TargetMemory::any;  ///< that of `to`
    /// A strided tensor, from `begin` on: only chunks that hold its elements are read. Requires: its runs are
    /// nested (core::ContiguousRuns). Without an element size: all bytes.
    detail::StridedLayout strided = {};

    [[nodiscard]] bool is_strided() const noexcept { return strided.element_nbytes != 0; }
};

/// What is known of memory before anything is written to it. Not asked of little, which costs more than it
/// gains.
[[nodiscard]] inline codec::TargetMemory target_memory(std::span<const std::byte> to) noexcept {
    const bool is_touched = to.size() >= codec::kChunkNbytes && base::is_touched(to.data(), to.size());
    return is_touched ? codec::TargetMemory::touched : codec::TargetMemory::any;
}

/// How many threads are worth starting for so many bytes. `wanted`: as base::thread_count().
[[nodiscard]] inline unsigned threads_for(std::uint64_t nbytes, unsigned wanted) noexcept {
    constexpr std::uint64_t kParallelNbytes = 8 * codec::kChunkNbytes;
    return nbytes < kParallelNbytes ? 1 : base::thread_count(wanted);
}

/// The end of the bytes of a strided tensor in its storage. Requires: the layout was validated.
[[nodiscard]] inline std::uint64_t end_of(const detail::StridedLayout& layout) noexcept {
    return layout.offset + core::extent_nbytes(layout.shape, layout.strides, 8 * layout.element_nbytes);
}

/// Puts requests into the order of the file.
inline void sort_requests(std::vector<ReadRequest>& requests) {
    std::sort(requests.begin(), requests.end(), [](const ReadRequest& a, const ReadRequest& b) {
        return std::tuple(a.storage, a.begin, a.end) < std::tuple(b.storage, b.begin, b.end);
    });
}

}  // namespace milepost::loading
