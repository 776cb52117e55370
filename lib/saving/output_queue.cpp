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

std::span<std::byte> OutputQueue::Buffer::take(std::size_t nbytes) noexcept {
    const auto taken = memory.bytes().subspan(used, nbytes);
    used += nbytes;
    ++unfilled;
    return taken;
}

Result<OutputQueue::Place> OutputQueue::reserve(std::size_t nbytes) {
    std::unique_lock lock(mutex_);
    if (error_) return *error_;
    MILEPOST_TRY(write_filled(lock));
    Place place;
    for (std::size_t part = 0; nbytes > 0; ++part) {
        if (current_ == nullptr || current_->room() == 0) {
            MILEPOST_TRY(take_buffer(lock));
        }
        place.buffers[part] = current_;
        place.parts[part] = current_->take(std::min(nbytes, current_->room()));
        nbytes -= place.parts[part].size();
        position_ += place.parts[part].size();
    }
    return place;
}

void OutputQueue::complete(const Place& place) noexcept {
    const std::lock_guard lock(mutex_);
    for (Buffer* const buffer : place.buffers) {
        if (buffer != nullptr && --buffer->unfilled == 0 && buffer != current_) changed_.notify_all();
    }
}

Result<void> OutputQueue::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        MILEPOST_TRY_ASSIGN(auto place, reserve(std::min(bytes.size(), kBufferNbytes)));
        for (const std::span<std::byte> part : place.parts) {
            if (!part.empty()) std::memcpy(part.data(), bytes.data(), part.size());
            bytes = bytes.subspan(part.size());
        }
        complete(place);
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
    std::unique_lock lock(mutex_);
    if (current_ != nullptr) full_.push_back(std::exchange(current_, nullptr));
    return write_filled(lock);
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

void OutputQueue::open_drain() noexcept {
    const std::lock_guard lock(mutex_);
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

std::size_t OutputQueue::most_buffers() const noexcept {
    return max_writers() == 1 ? kBuffersOfOneWriter : kBuffers;
}

void OutputQueue::drain() noexcept {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [&] { return has_filled() || !draining_; });
        if (!has_filled()) return;
        write_front(lock);
    }
}

/// Without writing threads: writes the buffers that are full and filled.
Result<void> OutputQueue::write_filled(std::unique_lock<std::mutex>& lock) {
    while (!draining_ && has_filled())
        write_front(lock);
    if (error_) return *error_;
    return {};
}

/// Requires: has_filled(). After an error nothing is written any more.
void OutputQueue::write_front(std::unique_lock<std::mutex>& lock) noexcept {
    Buffer* const buffer = full_.front();
    full_.erase(full_.begin());
    const bool failed = error_.has_value();
    lock.unlock();
    Result<void> written = failed ? Result<void>() : output_.write(buffer->offset, buffer->bytes());
    lock.lock();
    if (!written && !error_) error_ = std::move(written).error();
    buffer->used = 0;
    free_.push_back(buffer);
    changed_.notify_all();
}

/// Hands over the current buffer, if there is one, and takes an empty one.
Result<void> OutputQueue::take_buffer(std::unique_lock<std::mutex>& lock) {
    full_.reserve(kBuffers);
    free_.reserve(kBuffers);  // what writes must not throw
    if (current_ != nullptr) full_.push_back(std::exchange(current_, nullptr));
    changed_.notify_all();
    MILEPOST_TRY(write_filled(lock));
    changed_.wait(lock, [&] { return !free_.empty() || made_ < most_buffers() || error_; });
    if (error_) return *error_;
    if (free_.empty()) {
        buffers_[made_] = std::make_unique<Buffer>();
        current_ = buffers_[made_++].get();
    } else {
        current_ = free_.back();
        free_.pop_back();
    }
    current_->offset = position_;
    return {};
}

}  // namespace milepost::saving
