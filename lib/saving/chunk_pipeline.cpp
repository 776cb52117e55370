#include "saving/chunk_pipeline.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <milepost/result.hpp>

#include "format/chunks.hpp"
#include "saving/chunk_appender.hpp"
#include "saving/chunk_encoder.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/encoder_pool.hpp"
#include "saving/output_queue.hpp"
#include "saving/storage_columns.hpp"

namespace milepost::saving {
namespace {

Result<void> run_alone(ChunkSequence& sequence, ChunkEncoder& encoder, ChunkAppender& appender) {
    while (const auto job = sequence.next()) {
        if (job->is_empty()) {
            appender.append_empty(*job->storage);
            continue;
        }
        MILEPOST_TRY_ASSIGN(auto chunk, encoder.encode(*job));
        MILEPOST_TRY_ASSIGN(auto placed, appender.place(*job, chunk));
        MILEPOST_TRY_ASSIGN(auto checksum, encoder.write(*job, chunk, placed.output.bytes));
        appender.finish(placed, checksum);
    }
    return {};
}

std::uint64_t total_chunks(const std::vector<StorageJob>& jobs) noexcept {
    std::uint64_t chunks = 0;
    for (const StorageJob& job : jobs)
        chunks += format::chunk_count(job.view.nbytes());
    return chunks;
}

}  // namespace

Result<void> write_storages(const std::vector<StorageJob>& jobs, const PipelineOptions& options,
                            OutputQueue& queue, StorageColumns& columns) {
    // A thread is worth starting only if it has about two chunks to encode.
    const std::uint64_t chunks = total_chunks(jobs);
    const std::uint64_t wanted = std::min<std::uint64_t>(options.threads, chunks / 2);
    ChunkSequence sequence(jobs);
    ChunkAppender appender(options.alignment, chunks, queue, columns);
    std::vector<ChunkEncoder> encoders;
    encoders.reserve(static_cast<std::size_t>(wanted) + 1);
    do {
        encoders.emplace_back(options.encoder, options.describe);
    } while (encoders.size() < wanted);
    if (encoders.size() == 1) return run_alone(sequence, encoders.front(), appender);
    EncoderPool pool(sequence, appender, queue, encoders.size());
    queue.open_drain();
    bool started = false;
    for (ChunkEncoder& encoder : encoders)
        started = pool.start(encoder) || started;
    if (!started) {
        queue.close_drain();
        return run_alone(sequence, encoders.front(), appender);
    }
    queue.drain();
    pool.join();
    return queue.first_error();
}

}  // namespace milepost::saving
