#include "saving/output_queue.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>

#include <milepost/result.hpp>

namespace milepost::saving {

Result<void> OutputQueue::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        // Grows as needed: a small checkpoint needs a small buffer.
        const std::size_t room = kBufferNbytes - current_.size();
        const std::size_t taken = std::min(room, bytes.size());
        current_.insert(current_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
        position_ += taken;
        bytes = bytes.subspan(taken);
        if (current_.size() == kBufferNbytes) {
            if (auto handed = hand_over(); !handed) return handed;
        }
    }
    return {};
}

Result<void> OutputQueue::pad_to(std::uint64_t offset) {
    static constexpr std::array<std::byte, 4096> kZeros{};
    while (position_ < offset) {
        const auto count = std::min<std::uint64_t>(offset - position_, kZeros.size());
        if (auto padded = append(std::span(kZeros).first(static_cast<std::size_t>(count))); !padded)
            return padded;
    }
    return {};
}

Result<void> OutputQueue::flush() {
    if (auto failed = first_error(); !failed) return failed;
    if (current_.empty()) return {};
    auto written = sink_.write(current_);
    if (!written) error_ = written.error();
    current_.clear();
    return written;
}

void OutputQueue::open_drain() {
    const std::lock_guard lock(mutex_);
    free_.reserve(kBuffers);  // drain must not throw while other threads run
    draining_ = true;
}

void OutputQueue::close_drain() {
    const std::lock_guard lock(mutex_);
    draining_ = false;
    changed_.notify_all();
}

void OutputQueue::drain() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [&] { return !full_.empty() || !draining_; });
        if (full_.empty()) return;
        Buffer buffer = std::move(full_.front());
        full_.pop_front();
        const bool failed = error_.has_value();
        lock.unlock();
        Result<void> written = failed ? Result<void>() : sink_.write(buffer);
        buffer.clear();
        lock.lock();
        if (!written) error_ = std::move(written).error();
        free_.push_back(std::move(buffer));
        changed_.notify_all();
    }
}

/// Hands over the full current buffer and takes an empty one.
Result<void> OutputQueue::hand_over() {
    std::unique_lock lock(mutex_);
    if (!draining_) {
        lock.unlock();
        return flush();
    }
    if (error_) return *error_;
    full_.push_back(std::move(current_));
    current_ = Buffer();
    changed_.notify_all();
    if (free_.empty() && made_ + 1 < kBuffers) {
        ++made_;
        lock.unlock();
        current_.reserve(kBufferNbytes);
        return {};
    }
    changed_.wait(lock, [&] { return !free_.empty() || error_; });
    if (error_) return *error_;
    current_ = std::move(free_.back());
    free_.pop_back();
    return {};
}

Result<void> OutputQueue::first_error() const {
    const std::lock_guard lock(mutex_);
    if (error_) return *error_;
    return {};
}

}  // namespace milepost::saving
