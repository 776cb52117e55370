#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "saving/chunk_appender.hpp"
#include "saving/chunk_encoder.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"

namespace milepost::saving {

/// The encoding threads of a save. Each one takes the next chunk, encodes it, waits for its turn, and appends
/// it. The last one to end closes the drain of the queue.
class EncoderPool {
public:
    /// All arguments must outlive this. Throws std::bad_alloc.
    EncoderPool(ChunkSequence& sequence, ChunkAppender& appender, OutputQueue& queue, std::size_t size);

    /// Starts a thread. Returns false if the machine has no thread, or no memory, for it.
    [[nodiscard]] bool start(ChunkEncoder& encoder);
    /// Waits for all threads. Errors: the first one. Throws what a thread has thrown.
    [[nodiscard]] Result<void> finish();

private:
    void work(ChunkEncoder& encoder) noexcept;
    bool step(ChunkEncoder& encoder);
    bool fail(const Error& error);
    [[nodiscard]] bool failed() const noexcept { return error_.has_value() || thrown_ != nullptr; }

    ChunkSequence& sequence_;
    ChunkAppender& appender_;
    OutputQueue& queue_;
    std::mutex mutex_;
    std::condition_variable turn_changed_;
    std::uint64_t next_ticket_ = 0;
    std::uint64_t turn_ = 0;
    unsigned working_ = 0;
    std::optional<Error> error_;
    std::exception_ptr thrown_;
    std::vector<std::thread> threads_;
};

}  // namespace milepost::saving
