#include "saving/chunk_pipeline.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <thread>
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

/// A thread is worth starting only if it has about two chunks to encode, and threads at all only if there is
/// more than one buffer to write.
constexpr std::uint64_t kLeastChunksPerThread = 2;
constexpr std::uint64_t kLeastChunksForThreads = 4;

Result<void> run_alone(ChunkSequence& sequence, ChunkEncoder& encoder, ChunkAppender& appender) {
    while (const auto job = sequence.next()) {
        if (job->is_empty()) {
            appender.append_empty(*job->storage);
            continue;
        }
        MILEPOST_TRY_ASSIGN(auto chunk, encoder.encode(*job));
        MILEPOST_TRY_ASSIGN(auto placed, appender.place(*job, chunk));
        MILEPOST_TRY_ASSIGN(auto checksum, encoder.write(*job, chunk, placed.output.parts));
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

/// Drains the queue on this thread and as many others as its output needs.
void write_on_threads(OutputQueue& queue) {
    std::vector<std::thread> others;
    try {
        while (others.size() + 1 < queue.max_writers())
            others.emplace_back([&] { queue.drain(); });
    } catch (const std::exception&) {
        // The machine has no more threads, or memory for them: those that there are suffice.
    }
    queue.drain();
    for (std::thread& other : others)
        other.join();
}

}  // namespace

Result<void> write_storages(const std::vector<StorageJob>& jobs, const PipelineOptions& options,
                            OutputQueue& queue, StorageColumns& columns) {
    const std::uint64_t chunks = total_chunks(jobs);
    ChunkSequence sequence(jobs);
    ChunkAppender appender(options.alignment, chunks, queue, columns, options.progress);
    std::vector<ChunkEncoder> encoders;
    const std::uint64_t wanted = std::min<std::uint64_t>(options.threads, chunks / kLeastChunksPerThread);
    encoders.reserve(static_cast<std::size_t>(wanted) + 1);
    do {
        encoders.emplace_back(options.encoder, options.describe);
    } while (encoders.size() < wanted);
    if (chunks < kLeastChunksForThreads) return run_alone(sequence, encoders.front(), appender);
    EncoderPool pool(sequence, appender, queue, encoders.size());
    queue.open_drain();
    bool started = false;
    for (ChunkEncoder& encoder : encoders)
        started = pool.start(encoder) || started;
    if (!started) {
        queue.close_drain();
        return run_alone(sequence, encoders.front(), appender);
    }
    write_on_threads(queue);
    pool.join();
    return queue.first_error();
}

}  // namespace milepost::saving
