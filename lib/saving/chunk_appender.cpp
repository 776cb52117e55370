#include "saving/chunk_appender.hpp"

#include <cstdint>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "format/chunks.hpp"
#include "format/file_layout.hpp"
#include "saving/chunk_encoder.hpp"
#include "saving/chunk_sequence.hpp"

namespace milepost::saving {

Result<void> ChunkAppender::append(const ChunkJob& job, const EncodedChunk& chunk) {
    if (auto begun = begin_chunk(job); !begun) return begun;
    columns_.stored_checksums.push_back(chunk.stored_checksum);
    if (job.storage->codec->make_encoder != nullptr) {
        columns_.stored_nbytes.push_back(static_cast<std::uint32_t>(chunk.stored.size()));
        if (chunk.stored.size() != chunk.raw_nbytes) columns_.raw_checksums.push_back(chunk.raw_checksum);
    }
    return queue_.append(chunk.stored);
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
    columns_.codecs.push_back({static_cast<std::uint8_t>(storage.codec->code), 0});
}

}  // namespace milepost::saving
