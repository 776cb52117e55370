#include "saving/encoder_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include <milepost/result.hpp>

#include "saving/chunk_appender.hpp"
#include "saving/chunk_encoder.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/output_queue.hpp"

namespace milepost::saving {

EncoderPool::EncoderPool(ChunkSequence& sequence, ChunkAppender& appender, OutputQueue& queue,
                         std::size_t size)
    : sequence_(sequence), appender_(appender), queue_(queue) {
    threads_.reserve(size);
}

bool EncoderPool::start(ChunkEncoder& encoder) {
    const std::lock_guard lock(mutex_);
    try {
        threads_.emplace_back([this, &encoder] { work(encoder); });
    } catch (const std::exception&) {
        return false;
    }
    ++working_;
    return true;
}

Result<void> EncoderPool::finish() {
    for (std::thread& thread : threads_)
        thread.join();
    if (thrown_) std::rethrow_exception(thrown_);
    if (error_) return *error_;
    return {};
}

void EncoderPool::work(ChunkEncoder& encoder) noexcept {
    try {
        while (step(encoder)) {
        }
    } catch (...) {
        const std::lock_guard lock(mutex_);
        thrown_ = std::current_exception();
        turn_changed_.notify_all();
    }
    const std::lock_guard lock(mutex_);
    if (--working_ == 0) queue_.close_drain();
}

/// One chunk. Returns false when there is none left or something failed.
bool EncoderPool::step(ChunkEncoder& encoder) {
    std::unique_lock lock(mutex_);
    if (failed()) return false;
    const std::uint64_t ticket = next_ticket_;
    const auto job = sequence_.next();
    if (!job) return false;
    ++next_ticket_;
    lock.unlock();
    std::optional<Result<EncodedChunk>> chunk;
    if (!job->is_empty()) chunk = encoder.encode(*job);
    lock.lock();
    if (chunk && !*chunk) return fail(chunk->error());
    turn_changed_.wait(lock, [&] { return turn_ == ticket || failed(); });
    if (failed()) return false;
    lock.unlock();  // it is the turn of this thread: no other one appends
    Result<void> appended;
    if (chunk) {
        appended = appender_.append(*job, **chunk);
    } else {
        appender_.append_empty(*job->storage);
    }
    lock.lock();
    if (!appended) return fail(appended.error());
    ++turn_;
    turn_changed_.notify_all();
    return true;
}

bool EncoderPool::fail(const Error& error) {
    if (!error_) error_ = error;
    turn_changed_.notify_all();
    return false;
}

}  // namespace milepost::saving
