#pragma once

#include <cstdint>
#include <vector>

#include <milepost/result.hpp>

#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

struct PipelineOptions {
    std::uint64_t alignment;
    int zstd_level;
    unsigned threads;  ///< at least 1
};

/// Encodes and hashes chunks on several threads and appends them in order: the bytes do not depend on the
/// number of threads (docs/design.md, "The pipeline"). Memory: about 2 MiB a thread and the buffers of
/// `queue`, independent of the sizes. The calling thread writes; with one thread, or few chunks, it also
/// encodes. Errors: those of the Sink and of the storages' providers. Throws std::bad_alloc; then nothing
/// more may be written.
[[nodiscard]] Result<void> write_storages(const std::vector<StorageJob>& jobs, const PipelineOptions& options,
                                          OutputQueue& queue, StorageColumns& columns);

}  // namespace milepost::saving
