#pragma once

#include <cstddef>
#include <cstdint>

#include <milepost/result.hpp>

#include "codec/checksum.hpp"
#include "core/progress_meter.hpp"
#include "saving/chunk_encoder.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

/// Gives encoded chunks their places in the output, in the order of the file, and records them in the
/// columns. place() and append_empty() by one thread at a time, finish() by any. Errors: those of the queue
/// and of the progress; limit_exceeded/total_bytes. Throws std::bad_alloc.
class ChunkAppender {
public:
    /// The references must outlive this. `chunks`: how many there will be. `progress` counts their raw bytes.
    /// Throws std::bad_alloc.
    ChunkAppender(std::uint64_t alignment, std::uint64_t chunks, OutputQueue& queue, StorageColumns& columns,
                  core::ProgressMeter& progress);

    /// Where a chunk goes.
    struct Placed {
        OutputQueue::Place output;
        std::size_t number;  ///< of its checksum in the column
    };

    [[nodiscard]] Result<Placed> place(const ChunkJob& job, const EncodedChunk& chunk);
    /// When the bytes of the chunk are in their place.
    void finish(const Placed& placed, const codec::Digest& stored_checksum) noexcept;
    /// For a job that is empty.
    void append_empty(const StorageJob& storage) { add_storage(storage); }

private:
    Result<void> begin_chunk(const ChunkJob& job);
    void add_storage(const StorageJob& storage);

    std::uint64_t alignment_;
    OutputQueue& queue_;
    StorageColumns& columns_;
    core::ProgressMeter& progress_;
    std::size_t next_checksum_;
};

}  // namespace milepost::saving
