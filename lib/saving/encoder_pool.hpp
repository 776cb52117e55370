#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include <milepost/error.hpp>

#include "saving/chunk_appender.hpp"
#include "saving/chunk_encoder.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"

namespace milepost::saving {

/// The encoding threads of a save. Each one takes the next chunk, encodes it, waits for its turn, reserves
/// the place of the chunk in the output, lets the next one have its turn, and writes the chunk to its place.
/// The last one to end closes the drain of the queue. Whatever ends one thread early, an error or an
/// exception, is an error of the queue and ends them all.
class EncoderPool {
public:
    /// All arguments must outlive this. Throws std::bad_alloc.
    EncoderPool(ChunkSequence& sequence, ChunkAppender& appender, OutputQueue& queue, std::size_t size);
    EncoderPool(const EncoderPool&) = delete;
    EncoderPool& operator=(const EncoderPool&) = delete;
    /// Waits for all threads.
    ~EncoderPool();

    /// Starts a thread. Returns false if the machine has no thread, or no memory, for it.
    [[nodiscard]] bool start(ChunkEncoder& encoder);
    /// Waits for all threads.
    void join() noexcept;

private:
    void work(ChunkEncoder& encoder) noexcept;
    bool step(ChunkEncoder& encoder);
    bool wait_for_turn(std::uint64_t ticket);
    void pass_turn();
    bool fail(Error error) noexcept;

    ChunkSequence& sequence_;
    ChunkAppender& appender_;
    OutputQueue& queue_;
    std::mutex mutex_;
    std::condition_variable turn_changed_;
    std::uint64_t next_ticket_ = 0;
    std::uint64_t turn_ = 0;
    unsigned working_ = 0;
    bool failed_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace milepost::saving
