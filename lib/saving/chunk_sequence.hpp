#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <milepost/tensor.hpp>

#include "codec/codec.hpp"
#include "format/chunks.hpp"

namespace milepost::saving {

/// A storage that is to be written, or a run of its chunks: the runs of one storage follow each other.
struct StorageJob {
    StorageView view;  ///< of the run: whole chunks, except at the end of the storage
    codec::CodecChoice codec;
    std::uint64_t first_chunk = 0;
    std::uint64_t storage_nbytes = view.nbytes();
    std::size_t number = 0;  ///< among the storages that are written together
};

/// One chunk of a StorageJob.
struct ChunkJob {
    const StorageJob* storage = nullptr;
    std::uint64_t number = 0;  ///< within the job

    /// A storage without bytes has no chunks, but one job, so that it gets its place in the columns.
    [[nodiscard]] bool is_empty() const noexcept { return storage->view.nbytes() == 0; }
};

/// The chunks of all storages in order, without a list of them. One thread at a time.
class ChunkSequence {
public:
    /// `storages` must outlive this.
    explicit ChunkSequence(const std::vector<StorageJob>& storages) : storages_(storages) {}

    /// The next chunk; nothing at the end.
    [[nodiscard]] std::optional<ChunkJob> next() {
        if (storage_ == storages_.size()) return std::nullopt;
        const ChunkJob job{&storages_[storage_], chunk_};
        if (++chunk_ >= format::chunk_count(job.storage->view.nbytes())) {
            ++storage_;
            chunk_ = 0;
        }
        return job;
    }

private:
    const std::vector<StorageJob>& storages_;
    std::size_t storage_ = 0;
    std::uint64_t chunk_ = 0;
};

}  // namespace milepost::saving
