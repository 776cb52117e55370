#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <zlib.h>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "convert/zip/archive.hpp"

namespace milepost::convert {

/// Inflates one entry from front to back, and keeps the last 16 MiB of what it made: threads that read one
/// entry together ask for its bytes nearly in order. Not for use by several threads at once.
class Inflater {
public:
    /// Borrows both. Throws std::bad_alloc.
    Inflater(const Source& file, const ZipEntry& entry);
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    ~Inflater();

    /// Whether the bytes from `offset` on can still be read.
    [[nodiscard]] bool reaches(std::uint64_t offset) const noexcept { return offset >= window_begin_; }
    /// Fills `to`. The last byte of the entry is handed out only if size and CRC are right. Requires:
    /// reaches(offset), and the entry has these bytes. Errors: as Archive::source. Throws std::bad_alloc.
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to);
    /// Whether as many bytes were read as the entry has: nobody is likely to come back.
    [[nodiscard]] bool is_done() const noexcept { return read_nbytes_ >= entry_.nbytes; }

private:
    /// Makes the next block of the window.
    Result<void> make_block();
    Result<void> fill(std::span<std::byte> block);
    Result<void> take_input();
    Result<void> check_end();

    const Source& file_;
    const ZipEntry& entry_;
    z_stream stream_ = {};
    bool stream_ended_ = false;
    std::uint64_t input_taken_ = 0;
    std::vector<std::byte> input_;
    std::uint64_t made_ = 0;
    std::uint32_t crc_ = 0;
    std::uint64_t window_begin_ = 0;
    std::deque<std::vector<std::byte>> window_;
    std::uint64_t read_nbytes_ = 0;
};

/// The inflaters of an archive that wait to be used again: the latest few, so that entries that were read in
/// part do not keep memory. Threads: any.
class InflaterPool {
public:
    /// The inflater that was kept for the entry, or null.
    [[nodiscard]] std::unique_ptr<Inflater> take(const void* entry) noexcept;
    /// Keeps it, in place of the oldest one.
    void keep(const void* entry, std::unique_ptr<Inflater> inflater) noexcept;
    /// Destroys what was kept for the entry, which an inflater borrows.
    void forget(const void* entry) noexcept { const auto forgotten = take(entry); }

private:
    static constexpr std::size_t kMax = 4;

    std::mutex mutex_;
    std::array<std::pair<const void*, std::unique_ptr<Inflater>>, kMax> kept_;  // the oldest one first
};

}  // namespace milepost::convert
