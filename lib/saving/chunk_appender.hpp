#pragma once

#include <cstdint>

#include <milepost/result.hpp>

#include "saving/chunk_encoder.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

/// Appends encoded chunks to the output in order, each at its offset in the file, and records them in the
/// columns. One thread at a time. Errors: those of the queue; limit_exceeded/total_bytes. Throws
/// std::bad_alloc.
class ChunkAppender {
public:
    /// `queue` and `columns` must outlive this.
    ChunkAppender(std::uint64_t alignment, OutputQueue& queue, StorageColumns& columns) noexcept
        : alignment_(alignment), queue_(queue), columns_(columns) {}

    [[nodiscard]] Result<void> append(const ChunkJob& job, const EncodedChunk& chunk);
    /// For a job that is empty.
    void append_empty(const StorageJob& storage) { add_storage(storage); }

private:
    Result<void> begin_chunk(const ChunkJob& job);
    void add_storage(const StorageJob& storage);

    std::uint64_t alignment_;
    OutputQueue& queue_;
    StorageColumns& columns_;
};

}  // namespace milepost::saving
