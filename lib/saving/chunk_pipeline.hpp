#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "codec/codec.hpp"
#include "format/index.hpp"
#include "saving/output_queue.hpp"

namespace milepost::saving {

/// The columns that say where storages and their chunks lie: filled in file order.
struct StorageColumns {
    std::vector<std::uint64_t> storage_nbytes;
    std::vector<format::CodecRecord> codecs;
    std::vector<format::Digest> stored_checksums;
    std::vector<std::uint32_t> stored_nbytes;
    std::vector<format::Digest> raw_checksums;

    /// As the index has them: none where all are raw.
    [[nodiscard]] std::span<const format::CodecRecord> storage_codecs() const noexcept;
};

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
