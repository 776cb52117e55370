#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <milepost/result.hpp>

#include "codec/codec.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

struct PipelineOptions {
    std::uint64_t alignment;
    codec::EncoderOptions encoder;
    unsigned threads;  ///< at least 1
    /// The name of the storage of a StorageJob's number, for errors of reading it; may be empty.
    std::function<std::string(std::size_t)> describe = {};
};

/// Encodes and hashes chunks on several threads and puts them in order: the bytes do not depend on the number
/// of threads (docs/design.md, "The pipeline"). Memory: the buffers of `queue` and what the ChunkEncoders
/// hold, independent of the sizes. The calling thread writes; with one thread, or few chunks, it also
/// encodes. Errors: those of the Sink and of the storages' providers. Throws std::bad_alloc; then nothing
/// more may be written.
[[nodiscard]] Result<void> write_storages(const std::vector<StorageJob>& jobs, const PipelineOptions& options,
                                          OutputQueue& queue, StorageColumns& columns);

}  // namespace milepost::saving
