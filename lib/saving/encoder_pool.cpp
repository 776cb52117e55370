#include "saving/encoder_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include <milepost/error.hpp>

#include "core/callback.hpp"
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

EncoderPool::~EncoderPool() {
    join();
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

void EncoderPool::join() noexcept {
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void EncoderPool::work(ChunkEncoder& encoder) noexcept {
    try {
        while (step(encoder)) {
        }
    } catch (...) {
        (void)fail(core::error_of_thrown(Condition::write, "an encoding thread"));
    }
    const std::lock_guard lock(mutex_);
    if (--working_ == 0) queue_.close_drain();
}

/// One chunk. Returns false when there is none left or something failed.
bool EncoderPool::step(ChunkEncoder& encoder) {
    std::unique_lock lock(mutex_);
    if (failed_) return false;
    const auto job = sequence_.next();
    if (!job) return false;
    const std::uint64_t ticket = next_ticket_++;
    lock.unlock();
    if (job->is_empty()) {
        if (!wait_for_turn(ticket)) return false;
        appender_.append_empty(*job->storage);
        pass_turn();
        return true;
    }
    auto chunk = encoder.encode(*job);
    if (!chunk) return fail(std::move(chunk).error());
    if (!wait_for_turn(ticket)) return false;
    auto placed = appender_.place(*job, *chunk);
    if (!placed) return fail(std::move(placed).error());
    pass_turn();
    auto checksum = encoder.write(*job, *chunk, placed->output.parts);
    if (!checksum) return fail(std::move(checksum).error());
    appender_.finish(*placed, *checksum);
    return true;
}

/// Returns false if something failed.
bool EncoderPool::wait_for_turn(std::uint64_t ticket) {
    std::unique_lock lock(mutex_);
    turn_changed_.wait(lock, [&] { return turn_ == ticket || failed_; });
    return !failed_;
}

void EncoderPool::pass_turn() {
    const std::lock_guard lock(mutex_);
    ++turn_;
    turn_changed_.notify_all();
}

bool EncoderPool::fail(Error error) noexcept {
    queue_.fail(std::move(error));
    const std::lock_guard lock(mutex_);
    failed_ = true;
    turn_changed_.notify_all();
    return false;
}

}  // namespace milepost::saving
