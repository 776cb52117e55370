#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"

namespace milepost::saving {

/// A few fixed buffers between the threads that encode and the one that writes. A place for bytes is reserved
/// in the current buffer, in the order of the file; it is filled later, in any order and by any thread. A
/// buffer without room is handed to the writing thread, which waits until it is filled, and an empty one is
/// taken. The writing thread waits for nothing but threads that fill, and these do not wait for it: there is
/// no deadlock. docs/design.md, "The pipeline".
///
/// Threads: reserve, append, pad and position by one thread at a time (whose turn it is); complete and fail
/// by any; drain by the writing thread. Without a writing thread (between two calls of `drain`), a full
/// buffer is written at once.
class OutputQueue {
    struct Buffer;

public:
    /// Four chunks, and the header of the file.
    static constexpr std::size_t kBufferNbytes = (std::size_t{4} << 20U) + 4096;
    static constexpr std::size_t kBuffers = 6;

    /// Memory for bytes of the output. Uninitialised.
    struct Place {
        std::span<std::byte> bytes;
        Buffer* buffer = nullptr;
    };

    /// `sink` must outlive this, and not throw.
    explicit OutputQueue(Sink& sink) noexcept : sink_(sink) {}
    OutputQueue(const OutputQueue&) = delete;  // places refer to it
    OutputQueue& operator=(const OutputQueue&) = delete;

    /// Bytes reserved so far: the offset in the file of the next one.
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    /// The place of the next bytes, in one piece; complete() must follow when they are there. Requires:
    /// nbytes <= kBufferNbytes. Errors: those of the Sink; what fail() was given. The first one is final.
    /// Throws std::bad_alloc.
    [[nodiscard]] Result<Place> reserve(std::size_t nbytes);
    void complete(const Place& place) noexcept;
    /// Reserves, copies and completes. Errors and exceptions: as reserve().
    [[nodiscard]] Result<void> append(std::span<const std::byte> bytes);
    /// Appends zeros up to `offset`. Requires: offset >= position().
    [[nodiscard]] Result<void> pad_to(std::uint64_t offset);
    /// Writes what is in the current buffer. Requires: all places are complete.
    [[nodiscard]] Result<void> flush();

    /// Ends the output because of an error from elsewhere; nobody waits for a place any more.
    void fail(Error error) noexcept;
    /// Errors: the first one.
    [[nodiscard]] Result<void> first_error() const;

    /// From here on until close_drain, full buffers wait for `drain`. Throws std::bad_alloc.
    void open_drain();
    /// Writes full buffers until close_drain was called and none is left, or none that will be filled.
    void drain() noexcept;
    void close_drain() noexcept;

private:
    struct Buffer {
        base::AlignedBuffer memory{kBufferNbytes};
        std::size_t used = 0;
        unsigned unfilled = 0;  ///< places that are not complete

        [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return memory.bytes().first(used); }
    };

    Result<void> take_buffer(std::unique_lock<std::mutex>& lock);
    Result<void> write_current();
    [[nodiscard]] bool has_filled() const noexcept;

    Sink& sink_;
    std::uint64_t position_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::array<std::unique_ptr<Buffer>, kBuffers> buffers_;
    std::size_t made_ = 0;
    Buffer* current_ = nullptr;
    std::vector<Buffer*> full_;  ///< in the order of the file
    std::vector<Buffer*> free_;
    bool draining_ = false;
    std::optional<Error> error_;
};

}  // namespace milepost::saving
