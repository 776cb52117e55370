#pragma once

#include <cstddef>
#include <span>

#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "loading/file_access.hpp"
#include "loading/segment_walk.hpp"

namespace milepost::loading {

/// Reads segments of a file into memory of its own: that of one thread.
class SegmentReader {
public:
    /// `file` must outlive this.
    explicit SegmentReader(const FileAccess& file) noexcept : file_(file) {}

    /// The bytes of the segment, unverified, valid until the next call. Empty if it is better to read its
    /// chunks one by one: from the mapping; because they are large; or because a file could not be read, so
    /// that the chunk that cannot be read is found. Errors: those of a caller's Source. Throws
    /// std::bad_alloc.
    [[nodiscard]] Result<std::span<const std::byte>> read(const Segment& segment);

private:
    const FileAccess& file_;
    base::AlignedBuffer buffer_;
};

}  // namespace milepost::loading
