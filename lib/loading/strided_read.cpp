#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

#include "base/out_of_memory.hpp"
#include "core/layout.hpp"
#include "loading/storage_reader.hpp"

// StorageReader::gather: a strided tensor, or a slice, from the chunks that hold its elements.
namespace milepost::loading {

using codec::kChunkNbytes;
using format::ChunkIterator;
Result<void> StorageReader::gather(std::uint32_t storage, const detail::StridedLayout& layout,
                                   std::span<std::byte> to) const try {
    const core::ContiguousRuns blocks(layout.shape, layout.strides, layout.element_nbytes);
    const std::uint64_t offset = layout.offset;
    const std::uint64_t end =
        offset + core::extent_nbytes(layout.shape, layout.strides, 8 * layout.element_nbytes);
    auto gather_from = [&](Result<std::span<const std::byte>> raw) -> Result<void> {
        if (!raw) return std::move(raw).error();
        core::gather(raw->data(), layout.shape, layout.strides, layout.element_nbytes, to.data());
        return {};
    };
    // Strides that interleave are rare, and a walk over them chunk by chunk could take for ever.
    if (!blocks.is_nested()) return gather_from(bytes(storage, offset, end));
    if (is_mapped(storage)) {
        if (auto checked = check_blocks(storage, offset, end, blocks); !checked) return checked;
        return gather_from(mapped_bytes(storage, offset, end));
    }
    return for_chunk_runs(offset, end, to.size(), [&](ChunkReader& checker, ChunkRun run) {
        return gather_chunks(checker, storage, offset, run, blocks, to);
    });
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

/// The checksums of the chunks of [offset, end) that hold a block, neighbours together.
Result<void> StorageReader::check_blocks(std::uint32_t storage, std::uint64_t offset, std::uint64_t end,
                                         const core::ContiguousRuns& blocks) const {
    std::uint64_t run_begin = offset;  // of the used chunks that are not checked yet
    for (std::uint64_t begin = offset; begin < end;) {
        const std::uint64_t until = std::min(end, (begin / kChunkNbytes + 1) * kChunkNbytes);
        const bool unused =
            blocks.visit(begin - offset, until - offset, [](auto, auto, auto) { return false; });
        if (unused) {
            if (auto checked = check_mapped(storage, run_begin, begin); !checked) return checked;
            run_begin = until;
        }
        begin = until;
    }
    return check_mapped(storage, run_begin, std::max(run_begin, end));
}

/// From the chunks of the run: each is read when its first block is met.
Result<void> StorageReader::gather_chunks(ChunkReader& checker, std::uint32_t storage, std::uint64_t offset,
                                          ChunkRun run, const core::ContiguousRuns& blocks,
                                          std::span<std::byte> to) const {
    ChunkIterator walk(chunk_bytes_.opened.index, chunk_bytes_.opened.offsets, storage);
    walk.skip_to(run.begin);
    for (; !walk.done() && walk.chunk().number < run.end; walk.next()) {
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
