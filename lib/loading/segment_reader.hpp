#pragma once

#include <cstddef>
#include <span>

#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "loading/file_access.hpp"
#include "loading/segment_walk.hpp"
#include "platform/cold_file.hpp"

namespace milepost::loading {

/// Reads segments of a file into memory of its own: that of one thread.
class SegmentReader {
public:
    /// Both must outlive this. `cold` is null for a caller's Source.
    SegmentReader(const FileAccess& file, platform::ColdFile* cold) noexcept : file_(file), cold_(cold) {}

    /// The bytes of the segment, unverified, valid until the next call. Empty if it is better to read its
    /// chunks one by one: from the mapping; because they are large; or because a file could not be read, so
    /// that the chunk that cannot be read is found. Errors: those of a caller's Source. Throws
    /// std::bad_alloc.
    [[nodiscard]] Result<std::span<const std::byte>> read(const Segment& segment);

private:
    [[nodiscard]] Result<std::span<const std::byte>> read_cached(const Segment& segment);
    [[nodiscard]] std::span<const std::byte> read_direct(const Segment& segment);
    [[nodiscard]] std::span<std::byte> memory(std::size_t nbytes);

    const FileAccess& file_;
    platform::ColdFile* cold_;
    base::AlignedBuffer buffer_;
};

}  // namespace milepost::loading
