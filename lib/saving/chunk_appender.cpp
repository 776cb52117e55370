#include "saving/chunk_appender.hpp"

#include <cstddef>
#include <cstdint>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "codec/checksum.hpp"
#include "core/progress_meter.hpp"
#include "format/chunks.hpp"
#include "format/file_layout.hpp"
#include "saving/chunk_encoder.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {

ChunkAppender::ChunkAppender(std::uint64_t alignment, std::uint64_t chunks, OutputQueue& queue,
                             StorageColumns& columns, core::ProgressMeter& progress)
    : alignment_(alignment),
      queue_(queue),
      columns_(columns),
      progress_(progress),
      next_checksum_(columns.stored_checksums.size()) {
    // All at once: several threads then write to different elements.
    columns.stored_checksums.resize(next_checksum_ + static_cast<std::size_t>(chunks));
}

Result<ChunkAppender::Placed> ChunkAppender::place(const ChunkJob& job, const EncodedChunk& chunk) {
    MILEPOST_TRY(progress_.add(chunk.raw_nbytes));
    MILEPOST_TRY(begin_chunk(job));
    if (job.storage->codec.row->make_encoder != nullptr) {
        columns_.stored_nbytes.push_back(static_cast<std::uint32_t>(chunk.stored_nbytes));
        if (chunk.is_compressed()) columns_.raw_checksums.push_back(chunk.raw_checksum);
    }
    MILEPOST_TRY_ASSIGN(auto place, queue_.reserve(static_cast<std::size_t>(chunk.stored_nbytes)));
    return Placed{place, next_checksum_++};
}

void ChunkAppender::finish(const Placed& placed, const codec::Digest& stored_checksum) noexcept {
    columns_.stored_checksums[placed.number] = stored_checksum;
    queue_.complete(placed.output);
}

Result<void> ChunkAppender::begin_chunk(const ChunkJob& job) {
    if (job.storage->first_chunk + job.number != 0)
        return queue_.pad_to(base::align_up(queue_.position(), format::kChunkAlignment));
    std::uint64_t begin = 0;
    if (!format::storage_begin(queue_.position(), job.storage->storage_nbytes, alignment_, begin)) {
        return Error(Condition::total_bytes, "the checkpoint is too large");
    }
    add_storage(*job.storage);
    return queue_.pad_to(begin);
}

void ChunkAppender::add_storage(const StorageJob& storage) {
    columns_.storage_nbytes.push_back(storage.storage_nbytes);
    columns_.codecs.push_back({static_cast<std::uint8_t>(storage.codec.row->code), storage.codec.parameter});
}

}  // namespace milepost::saving
