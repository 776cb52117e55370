#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "platform/file.hpp"

namespace milepost::platform {

/// Reads of a file that is perhaps not in the page cache. Nothing here reports an error: what is not possible
/// is not done, and the caller reads the file as usual, which names what is wrong. Any thread.
class ColdFile {
public:
    /// Of the memory, the offset and the size of direct reads.
    static constexpr std::size_t kAlignment = 4096;

    /// `file` must outlive this. `direct`: whether read() may go past the page cache.
    ColdFile(const InputFile& file, bool direct) noexcept;
    ColdFile(const ColdFile&) = delete;
    ColdFile& operator=(const ColdFile&) = delete;
    ~ColdFile();

    /// Whether some of the range is not in the page cache, by a sample of its pages. False also where the
    /// system does not tell: it does so for the owner of a file, and for those that may write to it.
    [[nodiscard]] bool is_absent(std::uint64_t offset, std::uint64_t nbytes) const noexcept;
    /// Asks the system to read the range into the page cache. Returns at once.
    void will_need(std::uint64_t offset, std::uint64_t nbytes) const noexcept;
    /// Whether read() may succeed.
    [[nodiscard]] bool is_direct() const noexcept { return direct_.load(std::memory_order_relaxed); }
    /// Reads past the page cache (O_DIRECT). Fills at least the first `needed` bytes of `to`, or returns
    /// false. A file system that refuses it is not asked again. Requires: all numbers are multiples of
    /// kAlignment, but for `needed`; the file has as many bytes.
    [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> to, std::size_t needed) noexcept;

private:
    const InputFile& file_;
    int descriptor_ = -1;  ///< with O_DIRECT
    std::atomic<bool> direct_ = false;
};

}  // namespace milepost::platform
