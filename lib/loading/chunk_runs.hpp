#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <milepost/tensor.hpp>

#include "base/parallel.hpp"
#include "codec/codec.hpp"
#include "core/layout.hpp"
#include "core/storage_provider.hpp"
#include "format/chunks.hpp"

namespace milepost::loading {

/// Chunks [begin, end) of a storage.
struct ChunkRun {
    std::uint64_t begin, end;
};

/// How many threads a copy of so many bytes is worth: one for little.
[[nodiscard]] inline unsigned worthwhile_threads(unsigned wanted, std::uint64_t nbytes) noexcept {
    constexpr std::uint64_t kParallelNbytes = 8 * codec::kChunkNbytes;
    return nbytes < kParallelNbytes ? 1 : base::thread_count(wanted);
}

/// Splits the chunks of the bytes [begin, end) into runs of about the same length, at most `count` of them.
/// To find a compressed chunk, all before it must be passed: a thread does so once for each run. Requires:
/// begin < end. Throws std::bad_alloc.
[[nodiscard]] inline std::vector<ChunkRun> split_chunks(std::uint64_t begin, std::uint64_t end,
                                                        unsigned count) {
    const std::uint64_t first = begin / codec::kChunkNbytes;
    const std::uint64_t chunks = format::chunk_count(end) - first;
    const std::uint64_t parts = count < chunks ? count : chunks;
    std::vector<ChunkRun> runs;
    runs.reserve(static_cast<std::size_t>(parts));
    for (std::uint64_t i = 0; i < parts; ++i)
        runs.push_back({first + chunks * i / parts, first + chunks * (i + 1) / parts});
    return runs;
}

/// The end of the bytes of a strided tensor in its storage. Requires: the layout was validated.
[[nodiscard]] inline std::uint64_t end_of(const detail::StridedLayout& layout) noexcept {
    return layout.offset + core::extent_nbytes(layout.shape, layout.strides, 8 * layout.element_nbytes);
}

}  // namespace milepost::loading
