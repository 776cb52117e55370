#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <milepost/result.hpp>

#include "codec/codec.hpp"
#include "core/progress_meter.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

struct PipelineOptions {
    std::uint64_t alignment;
    codec::EncoderOptions encoder;
    unsigned threads;  ///< that encode; at least 1
    core::ProgressMeter& progress;
    /// The name of the storage of a StorageJob's number, for errors of reading it; may be empty.
    std::function<std::string(std::size_t)> describe = {};
};

/// Encodes and hashes chunks on several threads and puts them in order: the bytes do not depend on the number
/// of threads (docs/design.md, "The pipeline"). Memory: the buffers of `queue` and what the ChunkEncoders
/// hold, independent of the sizes. The calling thread writes, with others where the output takes several
/// writes at once; with few chunks it does everything alone. Errors: those of the output, of the progress and
/// of the storages' providers. Throws std::bad_alloc; then nothing more may be written.
[[nodiscard]] Result<void> write_storages(const std::vector<StorageJob>& jobs, const PipelineOptions& options,
                                          OutputQueue& queue, StorageColumns& columns);

}  // namespace milepost::saving
