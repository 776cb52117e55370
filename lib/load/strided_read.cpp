#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <vector>

#include "base/out_of_memory.hpp"
#include "base/parallel.hpp"
#include "core/layout.hpp"
#include "load/storage_reader.hpp"

// StorageReader::gather: a strided tensor, or a slice, from the chunks that hold its elements.
namespace milepost::loading {
namespace {

using codec::kChunkNbytes;
using format::ChunkWalk;

/// Below this, a copy is not worth a second thread.
constexpr std::uint64_t kParallelNbytes = 8 * kChunkNbytes;

}  // namespace

Result<void> StorageReader::gather(std::uint32_t storage, const detail::StridedLayout& layout,
                                   std::span<std::byte> to) const try {
    const core::Blocks blocks(layout.shape, layout.strides, layout.element_nbytes);
    const std::uint64_t offset = layout.offset;
    const std::uint64_t end =
        offset + core::reach_nbytes(layout.shape, layout.strides, 8 * layout.element_nbytes);
    if (is_mapped_raw(storage)) {
        if (auto checked = check_blocks(storage, offset, end, blocks); !checked) return checked;
        const std::uint64_t at = chunk_bytes_.opened.index.storages[storage].offset + offset;
        core::gather(chunk_bytes_.mapped.data() + at, layout.shape, layout.strides, layout.element_nbytes,
                     to.data());
        return {};
    }
    const std::uint64_t first = offset / kChunkNbytes;
    const std::uint64_t chunks = format::chunk_count(end) - first;
    const unsigned threads = to.size() < kParallelNbytes ? 1 : base::thread_count(options_.threads);
    const std::size_t pieces = std::min<std::uint64_t>(threads, chunks);
    std::vector<Result<void>> outcomes(pieces);
    base::parallel_for(pieces, threads, [&] {
        return [&, checker = ChunkChecker(chunk_bytes_)](std::size_t piece) mutable {
            outcomes[piece] = gather_chunks(checker, storage, offset, first + chunks * piece / pieces,
                                            first + chunks * (piece + 1) / pieces, blocks, to);
        };
    });
    for (Result<void>& outcome : outcomes) {
        if (!outcome) return std::move(outcome);
    }
    return {};
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

/// The checksums of the chunks of [offset, end) that hold a block.
Result<void> StorageReader::check_blocks(std::uint32_t storage, std::uint64_t offset, std::uint64_t end,
                                         const core::Blocks& blocks) const {
    for (std::uint64_t begin = offset; begin < end;) {
        const std::uint64_t until = std::min(end, (begin / kChunkNbytes + 1) * kChunkNbytes);
        const bool unused =
            blocks.visit(begin - offset, until - offset, [](auto, auto, auto) { return false; });
        if (!unused) {
            if (auto checked = check_mapped(storage, begin, until); !checked) return checked;
        }
        begin = until;
    }
    return {};
}

/// From the chunks [begin, end): each is read when its first block is met.
Result<void> StorageReader::gather_chunks(ChunkChecker& checker, std::uint32_t storage, std::uint64_t offset,
                                          std::uint64_t begin, std::uint64_t end, const core::Blocks& blocks,
                                          std::span<std::byte> to) const {
    ChunkWalk walk(chunk_bytes_.opened.index, chunk_bytes_.opened.outline, storage);
    walk.skip_to(begin);
    for (; !walk.done() && walk.chunk().number < end; walk.next()) {
        const std::uint64_t chunk_begin = walk.chunk().number * kChunkNbytes;
        const std::uint64_t from_offset = std::max(offset, chunk_begin) - offset;
        const std::uint64_t until_offset = chunk_begin + walk.chunk().raw_nbytes - offset;
        std::optional<ChunkOutcome> outcome;
        blocks.visit(from_offset, until_offset, [&](auto from, auto target, auto nbytes) {
            if (!outcome) outcome = checker.check(storage, walk.chunk());
            if (!outcome->ok()) return false;
            std::memcpy(to.data() + target, outcome->raw.data() + (offset + from - chunk_begin), nbytes);
            return true;
        });
        if (outcome && !outcome->ok()) return error_of(storage, walk.chunk(), *std::move(outcome));
    }
    return {};
}

}  // namespace milepost::loading
