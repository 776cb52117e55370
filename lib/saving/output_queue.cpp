#include "saving/output_queue.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

namespace milepost::saving {

Result<OutputQueue::Place> OutputQueue::reserve(std::size_t nbytes) {
    std::unique_lock lock(mutex_);
    if (error_) return *error_;
    if (current_ == nullptr || kBufferNbytes - current_->used < nbytes) {
        MILEPOST_TRY(take_buffer(lock));
    }
    const Place place{current_->memory.bytes().subspan(current_->used, nbytes), current_};
    current_->used += nbytes;
    ++current_->unfilled;
    position_ += nbytes;
    return place;
}

void OutputQueue::complete(const Place& place) noexcept {
    const std::lock_guard lock(mutex_);
    if (--place.buffer->unfilled == 0 && place.buffer != current_) changed_.notify_all();
}

Result<void> OutputQueue::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const bool is_full = current_ == nullptr || current_->used == kBufferNbytes;
        const std::size_t room = is_full ? kBufferNbytes : kBufferNbytes - current_->used;
        MILEPOST_TRY_ASSIGN(auto place, reserve(std::min(room, bytes.size())));
        std::memcpy(place.bytes.data(), bytes.data(), place.bytes.size());
        complete(place);
        bytes = bytes.subspan(place.bytes.size());
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
    const std::lock_guard lock(mutex_);
    if (error_) return *error_;
    return write_current();
}

void OutputQueue::fail(Error error) noexcept {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    changed_.notify_all();
}

Result<void> OutputQueue::first_error() const {
    const std::lock_guard lock(mutex_);
    if (error_) return *error_;
    return {};
}

void OutputQueue::open_drain() {
    const std::lock_guard lock(mutex_);
    full_.reserve(kBuffers);
    free_.reserve(kBuffers);  // drain must not throw
    draining_ = true;
}

void OutputQueue::close_drain() noexcept {
    const std::lock_guard lock(mutex_);
    draining_ = false;
    changed_.notify_all();
}

bool OutputQueue::has_filled() const noexcept {
    return !full_.empty() && full_.front()->unfilled == 0;
}

void OutputQueue::drain() noexcept {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [&] { return has_filled() || !draining_; });
        if (!has_filled()) return;
        Buffer* buffer = full_.front();
        full_.erase(full_.begin());
        const bool failed = error_.has_value();
        lock.unlock();
        Result<void> written = failed ? Result<void>() : sink_.write(buffer->bytes());
        lock.lock();
        if (!written && !error_) error_ = std::move(written).error();
        buffer->used = 0;
        free_.push_back(buffer);
        changed_.notify_all();
    }
}

/// Hands over the current buffer and takes an empty one.
Result<void> OutputQueue::take_buffer(std::unique_lock<std::mutex>& lock) {
    if (current_ != nullptr && !draining_) return write_current();
    if (current_ != nullptr) {
        full_.push_back(current_);
        current_ = nullptr;
        changed_.notify_all();
    }
    changed_.wait(lock, [&] { return !free_.empty() || made_ < kBuffers || error_; });
    if (error_) return *error_;
    if (free_.empty()) {
        buffers_[made_] = std::make_unique<Buffer>();
        current_ = buffers_[made_++].get();
    } else {
        current_ = free_.back();
        free_.pop_back();
    }
    return {};
}

Result<void> OutputQueue::write_current() {
    if (current_ == nullptr || current_->used == 0) return {};
    auto written = sink_.write(current_->bytes());
    if (!written) error_ = written.error();
    current_->used = 0;
    return written;
}

}  // namespace milepost::saving
