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
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "base/memory.hpp"
#include "saving/output.hpp"

namespace milepost::saving {

/// A few fixed buffers between the threads that encode and those that write. All but the last one are written
/// full, at multiples of their size, as direct I/O needs. A place for bytes is reserved in the order of the
/// file; it is filled later, in any order and by any thread. A full buffer is handed to the writing threads,
/// which wait until it is filled, and an empty one is taken. The writing threads wait for nothing but threads
/// that fill, and these do not wait for them: there is no deadlock. docs/design.md, "The pipeline".
///
/// Threads: reserve, append, pad_to and position by one thread at a time (whose turn it is); complete and
/// fail by any; drain by Output::max_writers() threads. Without writing threads (before open_drain, after the
/// last drain has ended), the next reserve or flush writes full buffers.
class OutputQueue {
    struct Buffer;

public:
    static constexpr std::size_t kBufferNbytes = std::size_t{4} << 20U;
    static constexpr std::size_t kBuffers = 6;
    /// That many suffice for one writing thread, and stay in the cache sooner than more do.
    static constexpr std::size_t kBuffersOfOneWriter = 3;
    static_assert(kBufferNbytes >= base::kLargeNbytes, "direct I/O needs memory at a multiple of a page");

    /// Memory for bytes of the output: the second part is empty unless they are in two buffers.
    using Parts = std::array<std::span<std::byte>, 2>;
    /// Reserved memory. Uninitialised.
    struct Place {
        Parts parts;
        std::array<Buffer*, 2> buffers = {};
    };

    /// `output` must outlive this.
    explicit OutputQueue(Output& output) noexcept : output_(output) {}
    OutputQueue(const OutputQueue&) = delete;  // places refer to it
    OutputQueue& operator=(const OutputQueue&) = delete;

    /// How many threads should drain.
    [[nodiscard]] unsigned max_writers() const noexcept { return output_.max_writers(); }
    /// Bytes reserved so far: the offset in the file of the next one.
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
    /// The place of the next bytes; complete() must follow when they are there. Requires: nbytes <=
    /// kBufferNbytes. Errors: those of the Output; what fail() was given. The first one is final. Throws
    /// std::bad_alloc.
    [[nodiscard]] Result<Place> reserve(std::size_t nbytes);
    void complete(const Place& place) noexcept;
    /// Reserves, copies and completes. Errors and exceptions: as reserve().
    [[nodiscard]] Result<void> append(std::span<const std::byte> bytes);
    /// Appends zeros up to `offset`. Requires: offset >= position().
    [[nodiscard]] Result<void> pad_to(std::uint64_t offset);
    /// Writes what is in the buffers, and ends the output. Requires: all places are complete; there are no
    /// writing threads.
    [[nodiscard]] Result<void> flush();

    /// Ends the output because of an error from elsewhere; nobody waits for a place any more.
    void fail(Error error) noexcept;
    /// Errors: the first one.
    [[nodiscard]] Result<void> first_error() const;

    /// From here on until close_drain, full buffers wait for `drain`.
    void open_drain() noexcept;
    /// Writes full buffers until close_drain was called and none is left, or none that will be filled.
    void drain() noexcept;
    void close_drain() noexcept;

private:
    struct Buffer {
        base::AlignedBuffer memory{kBufferNbytes};
        std::uint64_t offset = 0;  ///< in the file
        std::size_t used = 0;
        unsigned unfilled = 0;  ///< places that are not complete

        [[nodiscard]] std::size_t room() const noexcept { return kBufferNbytes - used; }
        [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return memory.bytes().first(used); }
        std::span<std::byte> take(std::size_t nbytes) noexcept;
    };

    Result<void> take_buffer(std::unique_lock<std::mutex>& lock);
    Result<void> write_filled(std::unique_lock<std::mutex>& lock);
    void write_front(std::unique_lock<std::mutex>& lock) noexcept;
    [[nodiscard]] bool has_filled() const noexcept;
    [[nodiscard]] std::size_t most_buffers() const noexcept;

    Output& output_;
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
