#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

namespace milepost::platform {

/// How the bytes of a new file reach the disk. Chosen by measurement: docs/design.md, "Writing".
enum class WriteMode : std::uint8_t {
    cached,  ///< into the page cache, from which the system writes them when it likes, or at fsync
    early,   ///< into the page cache, and the system is asked to begin at once
    direct,  ///< past the page cache (O_DIRECT); the rest as with `early`
};

/// Writes to one file in a mode, which is given up for a lesser one where the file system refuses it, or the
/// memory or the place of a write does not suit it. Any thread.
class ModalWriter {
public:
    /// Writes all bytes, and moves `offset` and `bytes` past those that were written. Direct are writes of
    /// kDirectUnit bytes and more whose address, offset and size are multiples of kDirectAlignment. The first
    /// write that is not ends the mode: it is the last one of a file. Returns an errno, or 0.
    [[nodiscard]] int write(int file, std::uint64_t& offset, std::span<const std::byte>& bytes) noexcept;

    /// The mode of the next write, if it suits that.
    [[nodiscard]] WriteMode mode() const noexcept { return mode_; }
    /// Before the first write.
    void set_mode(WriteMode mode) noexcept { mode_ = mode; }

    static constexpr std::size_t kDirectAlignment = 4096;
    static constexpr std::size_t kDirectUnit = std::size_t{1} << 20U;

private:
    bool enter_direct(int file) noexcept;
    void leave_direct(int file) noexcept;

    std::mutex mutex_;
    std::atomic<WriteMode> mode_ = WriteMode::cached;
    bool flag_set_ = false;
};

}  // namespace milepost::platform
