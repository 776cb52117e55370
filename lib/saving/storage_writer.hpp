#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "codec/codec.hpp"
#include "core/progress_meter.hpp"
#include "format/file_layout.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/new_storage.hpp"
#include "saving/output_queue.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

/// Writes the header and then storages, each at once, and records where they are. The errors of all members
/// are those of the queue, of SaveOptions::progress and of the storages' providers. They throw
/// std::bad_alloc; then nothing more may be written.
class StorageWriter {
public:
    /// Writes nothing yet. `options` and `queue` must outlive this.
    StorageWriter(const SaveOptions& options, OutputQueue& queue);

    /// Tells the progress callback from here on that so many more raw bytes will be written, and no others.
    void expect(std::uint64_t nbytes) noexcept;
    /// Writes the header unless it was written.
    [[nodiscard]] Result<void> begin();
    /// Writes whole storages, in this order, each with the codec that the options choose for it. `describe`
    /// gives the name of the i-th one for errors of reading it; may be empty.
    [[nodiscard]] Result<void> write(const std::vector<NewStorage>& storages,
                                     const std::function<std::string(std::size_t)>& describe = {});
    /// Writes a run of the chunks of a storage: the runs of one storage follow each other.
    [[nodiscard]] Result<void> write_run(const StorageView& run, const codec::CodecChoice& codec,
                                         std::uint64_t first_chunk, std::uint64_t storage_nbytes);

    [[nodiscard]] const StorageColumns& columns() const noexcept { return columns_; }
    [[nodiscard]] const format::HeaderBytes& header() const noexcept { return header_; }

private:
    Result<void> write_jobs(const std::vector<StorageJob>& jobs,
                            const std::function<std::string(std::size_t)>& describe);

    const SaveOptions& options_;
    OutputQueue& queue_;
    format::HeaderBytes header_;
    StorageColumns columns_;
    core::ProgressMeter progress_;
    std::uint64_t written_nbytes_ = 0;
    bool begun_ = false;
};

}  // namespace milepost::saving
