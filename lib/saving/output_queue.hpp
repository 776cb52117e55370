#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

namespace milepost::saving {

/// A few fixed buffers between the threads that encode and the one that writes. Appended bytes go into the
/// current buffer; a full buffer is handed to the writing thread, and an empty one is taken. The writing
/// thread waits for nothing but full buffers, so there is no deadlock. docs/design.md, "The pipeline".
///
/// Threads: append, pad and position by one thread at a time (whose turn it is); drain by the writing thread.
/// Without a writing thread (between two calls of `drain`), a full buffer is written at once.
class OutputQueue {
public:
    static constexpr std::size_t kBufferNbytes = std::size_t{4} << 20U;
    static constexpr std::size_t kBuffers = 6;

    /// `sink` must outlive this.
    explicit OutputQueue(Sink& sink) : sink_(sink) {}

    /// Bytes appended so far: the offset in the file of the next one.
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    /// Errors: those of the Sink; the first one is final. Throws std::bad_alloc.
    [[nodiscard]] Result<void> append(std::span<const std::byte> bytes);
    /// Appends zeros up to `offset`. Requires: offset >= position().
    [[nodiscard]] Result<void> pad_to(std::uint64_t offset);
    /// Writes what is in the current buffer.
    [[nodiscard]] Result<void> flush();

    /// From here on until close_drain, full buffers wait for `drain`.
    void open_drain();
    /// Writes full buffers until close_drain was called and none is left.
    void drain();
    void close_drain();

private:
    using Buffer = std::vector<std::byte>;

    Result<void> hand_over();
    Result<void> first_error() const;

    Sink& sink_;
    std::uint64_t position_ = 0;
    Buffer current_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Buffer> full_;
    std::vector<Buffer> free_;
    std::size_t made_ = 0;
    bool draining_ = false;
    std::optional<Error> error_;
};

}  // namespace milepost::saving
