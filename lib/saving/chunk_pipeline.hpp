#pragma once

#include <cstdint>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "codec/codec.hpp"
#include "saving/output_queue.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

/// A storage on its way into the file, or a run of its chunks: the runs of one storage follow each other.
struct StorageJob {
    StorageView view;  ///< of the run: whole chunks, but for the end of the storage
    const codec::CodecRow* codec;
    std::uint64_t first_chunk = 0;
    std::uint64_t storage_nbytes = view.nbytes();
};

struct PipelineOptions {
    std::uint64_t alignment;
    int zstd_level;
    unsigned threads;  ///< at least 1
};

/// Encodes and hashes chunks on several threads and appends them in order: the bytes do not depend on the
/// number of threads (docs/design.md, "The pipeline"). Memory: about 2 MiB a thread and the buffers of
/// `stream`, whatever the sizes. The calling thread writes; with one thread, or few chunks, it does all.
/// Errors: those of the Output and of the storages' providers. Throws std::bad_alloc; then nothing more may
/// be written.
[[nodiscard]] Result<void> write_storages(const std::vector<StorageJob>& jobs, const PipelineOptions& options,
                                          OutputQueue& stream, StorageColumns& columns);

}  // namespace milepost::saving
